"""The tables of a page: a row for each model with what its seeds say, and a row for each run."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

from sae_src.comparison.chance import ChanceLevel
from sae_src.comparison.groups import Group
from sae_src.comparison.marks import Mark, marks_of
from sae_src.comparison.scores import direction
from sae_src.comparison.statistics import estimate


@dataclass(frozen=True)
class Cell:
    """A score of a model.

    Attributes:
        mean, sd, low, high: mean over seeds, standard deviation, and 95% interval; None for one seed.
        values: the value of each seed.
        mark: whether it is the best, or not told from it.
        places: where the mean, the interval's ends and the values lie on the axis of the column, from 0 to 1.
    """

    mean: float
    sd: float | None
    low: float | None
    high: float | None
    values: list[float]
    mark: Mark
    places: dict[str, list[float]] = field(default_factory=dict)


@dataclass(frozen=True)
class Column:
    """A score that is compared.

    Attributes:
        name: the name of the score.
        good: which end is good: `high`, `low` or `none`.
        chance: the score of random codes, by the number of codes.
    """

    name: str
    good: str
    chance: dict[int, float]


@dataclass(frozen=True)
class Row:
    """A model: what it is told apart by, its number of runs, and its scores by name."""

    key: dict[str, str]
    count: int
    cells: dict[str, Cell]


@dataclass(frozen=True)
class Table:
    """The models of a data set."""

    columns: list[Column]
    keys: list[str]
    rows: list[Row]


def table_of(groups: Sequence[Group], names: Sequence[str], levels: Sequence[ChanceLevel]) -> Table:
    """The table of the groups of one data set; scores that none has are left out.

    Args:
        groups: the groups.
        names: the scores.
        levels: chance levels of these data.
    """
    there = [name for name in names if any(name in group.values for group in groups)]
    columns = []
    for name in there:
        chance = {level.codes: level.scores[name] for level in levels if name in level.scores}
        columns.append(Column(name, direction(name), chance))
    cells = {name: _cells(groups, name) for name in there}
    rows = []
    for place, group in enumerate(groups):
        own = {name: found for name in there if (found := cells[name][place]) is not None}
        apart = {key: str(value) for key, value in group.apart.items()}
        rows.append(Row({**group.key, **apart}, len(group.runs), own))
    keys = [key for key in dict.fromkeys(key for row in rows for key in row.key) if key != "data"] or ["data"]
    return Table(columns, keys, rows)


def _cells(groups: Sequence[Group], name: str) -> list[Cell | None]:
    """The cells of a column, None for a group without the score."""
    found = [list(group.values.get(name, {}).values()) for group in groups]
    every = [value for values in found for value in values if math.isfinite(value)]
    low, high = (min(every), max(every)) if every else (0.0, 0.0)
    margin = 0.1 * (high - low) or 1.0

    def place(value: float) -> float:
        return round(min(max((value - low + margin) / (high - low + 2 * margin), 0.0), 1.0), 4)

    cells: list[Cell | None] = []
    for values, mark in zip(found, marks_of(groups, name), strict=True):
        if not values:
            cells.append(None)
            continue
        made = estimate(values)
        ends = [made.mean - made.half_width, made.mean + made.half_width]
        sd, low_end, high_end = (None if math.isnan(value) else value for value in (made.sd, *ends))
        places = {
            "mean": [place(made.mean)],
            "interval": [] if math.isnan(ends[0]) else [place(end) for end in ends],
            "values": [place(value) for value in values if math.isfinite(value)],
        }
        cells.append(Cell(made.mean, sd, low_end, high_end, values, mark, places))
    return cells
