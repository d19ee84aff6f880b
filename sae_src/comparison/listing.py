"""`fig runs`: every run under the save folder, a line each."""

import sys
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Literal

from omnilearn.config import Node, call, reject_unused
from omnilearn.errors import UserError, did_you_mean
from omnilearn.progress import duration
from omnilearn.runs.folder import save_root, select_runs
from omnilearn.runs.summary import RunSummary, summarise
from omnilearn.text_table import render
from sae_src.comparison.conditions import condition

# What a list shows of a run.
COLUMNS: dict[str, Callable[[RunSummary], Any]] = {
    "name": lambda run: run.name,
    "data": lambda run: run.data,
    "method": lambda run: run.method,
    "model": lambda run: run.model,
    "sweep": lambda run: run.sweep,
    "seed": lambda run: run.seed,
    "step": lambda run: run.step,
    "budget": lambda run: run.budget,
    "state": lambda run: run.state,
    "loss": lambda run: run.loss,
    "begun": lambda run: None if run.begun is None else run.begun.isoformat(timespec="seconds"),
    "size": lambda run: run.size,
    "problem": lambda run: run.problem,
}

_WIDEST = 80  # signs of a text in the table


@dataclass(frozen=True)
class ListSettings:
    """What `fig runs` can be told; `fig runs -h` says what each key means."""

    runs: str | tuple[str, ...] | None = None
    where: str = ""
    sort: str = "name"
    format: Literal["table", "csv", "json"] = "table"
    saveroot: Path | None = None

    def __post_init__(self) -> None:
        if self.runs is not None and not self.runs:
            raise UserError("runs: names no run; leave it out to list all")
        column = self.sort.removeprefix("-")
        if column not in COLUMNS:
            hint = did_you_mean(column, COLUMNS) or f"; there are {', '.join(COLUMNS)}"
            raise UserError(f"sort: there is no column '{column}'{hint}")


def list_runs(config: Node) -> list[dict[str, Any]]:
    """Print the runs under the save folder as the keys of `fig runs` say; returns them."""
    settings = call(ListSettings, config)
    reject_unused(config)
    fits = condition(settings.where, tuple(COLUMNS))
    root = save_root(settings.saveroot)
    if not root.is_dir():
        raise UserError(f"there is no folder of runs {root}")
    folders = select_runs("all" if settings.runs is None else settings.runs, root)
    rows = [{name: value(run) for name, value in COLUMNS.items()} for run in map(summarise, folders)]
    rows = sorted(filter(fits, rows), key=lambda row: _rank(row[settings.sort.removeprefix("-")]))
    if settings.sort.startswith("-"):
        rows.reverse()
    shown = [_readable(row) for row in rows] if settings.format == "table" else rows
    columns = list(COLUMNS)
    if settings.format == "table":
        columns = [name for name in COLUMNS if name == "name" or any(row[name] not in ("", None) for row in shown)]
    sys.stdout.write(render(shown, columns, settings.format))
    return rows


def _rank(value: Any) -> tuple[int, Any]:
    """A key to sort by: numbers by size, text by the alphabet, what is missing last."""
    return (2, "") if value is None else (0, value) if isinstance(value, int | float) else (1, str(value))


def _readable(row: dict[str, Any]) -> dict[str, Any]:
    loss, begun = row["loss"], row["begun"]
    seconds = None if begun is None else (datetime.now() - datetime.fromisoformat(begun)).total_seconds()
    age = None if seconds is None else _age(seconds)
    texts = {name: _shortened(value) for name, value in row.items() if isinstance(value, str) and name != "name"}
    loss = None if loss is None else f"{loss:.5g}"
    return {**row, **texts, "loss": loss, "begun": age, "size": readable_size(row["size"])}


def _shortened(text: str) -> str:
    return text if len(text) < _WIDEST else f"{text[: _WIDEST - 3]}..."


def _age(seconds: float) -> str:
    return f"{seconds / 86400:.0f} days ago" if seconds > 2 * 86400 else f"{duration(max(0, seconds))} ago"


def readable_size(size: float) -> str:
    """A number of bytes such as `12.3 MB`."""
    for unit in ("B", "kB", "MB"):
        if size < 1000:
            return f"{size:.3g} {unit}"
        size /= 1000
    return f"{size:.3g} GB"
