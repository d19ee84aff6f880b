"""The runs that a script for many of them is about."""

import sys
import traceback
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from omnilearn.config import Node, find
from omnilearn.errors import UserError, first_line, printable
from omnilearn.runs.folder import select_runs
from omnilearn.runs.summary import summarise
from omnilearn.text_table import render

T = TypeVar("T")


@dataclass(frozen=True)
class Selections:
    """Which runs, and whether those count too that have not come to their budget."""

    runs: str | tuple[str, ...] | None = None
    unfinished: bool = False

    def __post_init__(self) -> None:
        if not self.runs:
            raise UserError("which runs? --runs all, a pattern such as 'vec_*', or a list: '[NAME, NAME]'")

    def names(self, root: Path) -> list[str]:
        """The runs, each once, by name or, where they are elsewhere, by path; says which unfinished ones are left out.

        Raises `UserError` where a pattern fits no run, one is not there, or none is left.
        """
        assert self.runs is not None
        names = []
        for path in select_runs(self.runs, root):
            found = summarise(path)
            if found.state in ("running", "interrupted", "failed") and not self.unfinished:
                steps = f"{found.step} of {found.budget} steps"
                print(f"{printable(path.name)}: left out, {found.state} at {steps} (--unfinished yes takes it too)")
            else:
                names.append(path.name if path.parent == root else str(path))
        if not names:
            raise UserError("runs: none of them is finished (--unfinished yes takes them too)")
        return names


def asks_for_many(config: Node) -> bool:
    """Whether the key `runs` asks for many runs; `UserError` where a key for one run stands beside it."""
    if find(config, "runs") is None:
        return False
    for key in ("load", "path", "resume"):
        if find(config, key) is not None:
            raise UserError(f"--{key} and --runs: one run or many? leave one of them out")
    return True


def for_each(names: Sequence[str], work: Callable[[str], T]) -> dict[str, T]:
    """What `work` returns for each run; one that fails is told and does not keep the others from their turn.

    Raises `UserError` at the end where any failed.
    """
    outcomes, failed = {}, []
    for count, name in enumerate(names, 1):
        print(f"[{count}/{len(names)}] ", end="", flush=True)
        try:
            outcomes[name] = work(name)
        except Exception as error:  # whatever is wrong with one of hundreds of runs, the others go on
            failed.append(name)
            print(f"{printable(name)}: failed", flush=True)
            print(printable(f"error: {name}: {first_line(error)}"), file=sys.stderr)
            if not isinstance(error, UserError):
                traceback.print_exception(error)
    if failed:
        raise UserError(f"{len(failed)} of {len(names)} runs failed: {', '.join(failed)}")
    return outcomes


def print_scores(scores: Mapping[str, Mapping[str, Any]]) -> None:
    """The scores of runs by name as a table, a row for each run."""
    rows = [
        {"run": run, **{name: f"{value:.4g}" if isinstance(value, float) else value for name, value in found.items()}}
        for run, found in scores.items()
    ]
    columns = list(dict.fromkeys(name for row in rows for name in row))
    print("\n" + render(rows, columns, "table"), end="")
