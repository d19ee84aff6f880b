"""Which runs are looked at together, and what is left out."""

from collections.abc import Sequence
from pathlib import Path

from omnilearn.errors import UserError
from omnilearn.runs.folder import select_runs
from sae_src.comparison.conditions import condition
from sae_src.comparison.listing import COLUMNS
from sae_src.comparison.scores import ScoredRun, scored


def names_in(value: str | Sequence[str] | None) -> list[str]:
    """Names from a list, or from text with commas."""
    if value is None:
        return []
    return [part.strip() for part in value.split(",") if part.strip()] if isinstance(value, str) else list(value)


def chosen_runs(
    wanted: str | Sequence[str], root: Path, *, where: str = "", unfinished: bool = False
) -> tuple[list[ScoredRun], list[str]]:
    """The runs that are asked for, those without results too, and notes on those that are left out.

    Args:
        wanted: names, patterns or `all`.
        root: the folder of all runs.
        where: conditions that they meet, see `condition`.
        unfinished: whether those count that have not come to their budget.
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
        if summary.state == "finished" or unfinished:
            runs.append(run)
        elif summary.state == "damaged":
            notes.append(f"{summary.name}: left out, damaged: {summary.problem}")
        else:
            steps = f"{summary.step} of {summary.budget} steps"
            notes.append(f"{summary.name}: left out, {summary.state} at {steps} (--unfinished yes)")
    return runs, notes


def runs_to_compare(
    wanted: str | Sequence[str], root: Path, *, where: str = "", unfinished: bool = False
) -> tuple[list[ScoredRun], list[str]]:
    """Those of the `chosen_runs` that have results, and notes on the others; `UserError` where none is left."""
    chosen, notes = chosen_runs(wanted, root, where=where, unfinished=unfinished)
    notes += [f"{run.summary.name}: left out, it has no results yet" for run in chosen if not run.scores]
    runs = [run for run in chosen if run.scores]
    if not runs:
        reasons = notes[:3] or ([f"where: none fits '{where}'"] if where else [])
        raise UserError("; ".join(["no run is left to compare", *reasons]))
    return runs, notes
