"""The runs that a page is about."""

from collections.abc import Sequence
from pathlib import Path

from omnilearn.errors import UserError
from omnilearn.runs.folder import select_runs
from sae_src.comparison.conditions import condition
from sae_src.comparison.listing import COLUMNS
from sae_src.comparison.scores import ScoredRun, scored


def runs_to_report(
    wanted: str | Sequence[str], root: Path, *, where: str = "", unfinished: bool = False
) -> tuple[list[ScoredRun], list[str]]:
    """The runs that are asked for, those without results too, and notes on what is left out or missing.

    Args:
        wanted: names, patterns or `all`.
        root: the folder of all runs.
        where: conditions that they meet, see `condition`.
        unfinished: whether those count that have not come to their budget.

    Raises `UserError` where none is left.
    """
    fits = condition(where, tuple(COLUMNS))
    runs, notes = [], []
    for path in select_runs(wanted, root):
        try:
            run = scored(path)
        except UserError as error:
            notes.append(f"{path.name}: left out, damaged: {error}")
            continue
        summary = run.summary
        if not fits({name: value(summary) for name, value in COLUMNS.items()}):
            continue
        if summary.state == "damaged":
            notes.append(f"{summary.name}: left out, damaged: {summary.problem}")
            continue
        if summary.state != "finished" and not unfinished:
            steps = f"{summary.step} of {summary.budget} steps"
            notes.append(f"{summary.name}: left out, {summary.state} at {steps} (--unfinished yes)")
            continue
        if not run.scores:
            notes.append(f"{summary.name}: it has no results yet (fig eval --load NAME makes some)")
        runs.append(run)
    if not runs:
        raise UserError("; ".join(["no run is left to report", *notes[:3]]))
    return runs, notes
