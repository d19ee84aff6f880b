"""The runs that a page is about."""

from collections.abc import Sequence
from pathlib import Path

from omnilearn.errors import UserError
from sae_src.comparison.scores import ScoredRun
from sae_src.comparison.selection import chosen_runs


def runs_to_report(
    wanted: str | Sequence[str], root: Path, *, where: str = "", unfinished: bool = False
) -> tuple[list[ScoredRun], list[str]]:
    """Those of the `chosen_runs` that are not damaged, and notes on what is left out or missing.

    Raises `UserError` where none is left.
    """
    chosen, notes = chosen_runs(wanted, root, where=where, unfinished=unfinished)
    runs = []
    for run in chosen:
        if run.summary.state == "damaged":
            notes.append(f"{run.summary.name}: left out, damaged: {run.summary.problem}")
            continue
        if not run.scores:
            notes.append(f"{run.summary.name}: it has no results yet (fig eval --load NAME makes some)")
        runs.append(run)
    if not runs:
        raise UserError("; ".join(["no run is left to report", *notes[:3]]))
    return runs, notes
