"""The scores of runs as a pandas DataFrame."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from omnilearn.errors import printable
from omnilearn.runs.folder import save_root
from sae_src.comparison.scores import of_other_steps
from sae_src.comparison.selection import runs_to_compare

if TYPE_CHECKING:
    from pandas import DataFrame


def results(
    runs: str | Sequence[str] = "all",
    *,
    where: str = "",
    unfinished: bool = False,
    saveroot: Path | None = None,
) -> "DataFrame":
    """The scores of runs, one row for each, with what distinguishes them.

    Args:
        runs: names, a pattern such as `shapes_*`, or `all`; a list of these.
        where: conditions such as `method=vae seed=0`.
        unfinished: whether runs count that have not come to their budget.
        saveroot: the folder of all runs (default: OMNILEARN_SAVE_DIR, else ./trained_nets).

    Returns:
        A frame whose index is the name of the run, with the columns `model`, `data`, `method`, `sweep`, `seed`, `step`
        and one for each score, such as `eval.rec_loss` or `dci.disentanglement`; NaN where a run lacks one. `step` is
        how far the run has come; `eval.step`, `metrics.step` and so on are the steps of the models that results are of.

    Raises:
        UserError: where a pattern fits no run, or no run has results.
    """
    import pandas as pd

    found, notes = runs_to_compare(runs, save_root(saveroot), where=where, unfinished=unfinished)
    for note in [*notes, *(told for run in found for told in of_other_steps(run, run.scores))]:
        print(f"note: {printable(note)}")
    rows = [
        {
            "run": run.summary.name,
            "model": run.model,
            "data": run.summary.data,
            "method": run.summary.method,
            "sweep": run.summary.sweep,
            "seed": run.summary.seed,
            "step": run.summary.step,
            **{f"{run.files[name]}.step": how.get("step") for name, how in run.made_with.items()},
            **run.scores,
        }
        for run in found
    ]
    return pd.DataFrame(rows).set_index("run")
