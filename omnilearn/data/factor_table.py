"""Factors of variation in columns, as a file beside observations gives them: any values, in any order."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from omnilearn.data.factors import FactorGrid
from omnilearn.errors import UserError


@dataclass(frozen=True)
class FactorTable:
    """What is known about each of N observations, in K columns.

    Attributes:
        names: name of each column.
        values: the values of each column, in ascending order; empty for one of real numbers.
        numbers: the columns (N, K) as float32: the numbers that they hold, and class indices for text.
        classes: the class indices (N, K) as int64; None where a column holds real numbers.
        grid: the factors as a grid, where every combination of their values is one observation; else None.
        order: where (len(grid),) the observation of each combination is; None without a grid.
    """

    names: tuple[str, ...]
    values: tuple[tuple[float | str, ...], ...]
    numbers: Tensor
    classes: Tensor | None
    grid: FactorGrid | None = None
    order: Tensor | None = None

    def __len__(self) -> int:
        return len(self.numbers)

    def describe(self) -> str:
        """The columns, each with its number of values, and whether they form a grid."""
        sizes = (str(len(values)) if values else "real" for values in self.values)
        columns = ", ".join(f"{name} {size}" for name, size in zip(self.names, sizes, strict=True))
        return f"{columns} ({'a grid' if self.grid is not None else 'no grid'})"


def factor_table(columns: Mapping[str, np.ndarray], source: str = "factors") -> FactorTable:
    """The factors in columns (N,) of numbers, booleans or text, by their names.

    Text, booleans and numbers that occur twice or more on average are classes; other numbers are real. `source` is
    what errors call the table.

    Raises `UserError` for a column with missing values, for one of text that differs nearly everywhere, for whole
    numbers beyond 2^24 that float32 does not tell apart, and where no column has more than one value.
    """
    names, values, numbers, classes = [], [], [], []
    for name, column in columns.items():
        check_complete(name, column, source)
        found, of_row = np.unique(column, return_inverse=True)
        is_text = column.dtype.kind in "US"
        has_classes = is_text or column.dtype.kind == "b" or 2 * len(found) <= len(column)
        if is_text and len(column) > 2 and 2 * len(found) > len(column):
            raise UserError(
                f"{source}: the column '{name}' has {len(found)} texts for {len(column)} observations: that is no "
                f"factor; name those that are: --dataset.factors '[NAME, NAME]'"
            )
        of_column = np.asarray(of_row if is_text else column, dtype=np.float32)
        if column.dtype.kind in "iu" and len(np.unique(of_column)) < len(found):
            raise UserError(
                f"{source}: the column '{name}' has whole numbers that are too large to be told apart in float32: "
                f"subtract {found[0]}, the least of them"
            )
        names.append(name)
        values.append(tuple(found.tolist()) if has_classes else ())
        numbers.append(of_column)
        classes.append(of_row if has_classes else None)
    if not names:
        raise UserError(f"{source}: there is no column of factors")
    if all(len(some) == 1 for some in values):
        raise UserError(f"{source}: one class: {', '.join(names)} never changes, so there is nothing to tell apart")
    known = [some for some in classes if some is not None]
    indices = torch.from_numpy(np.stack(known, 1).astype(np.int64)) if len(known) == len(names) else None
    table = FactorTable(tuple(names), tuple(values), torch.from_numpy(np.stack(numbers, 1)), indices)
    return table if indices is None else with_grid(table, indices)


def check_complete(name: str, column: np.ndarray, source: str) -> None:
    """Raise `UserError` where a column has missing values, or holds neither numbers nor text."""
    if column.ndim != 1 or column.dtype.kind not in "biufUS":
        raise UserError(f"{source}: the column '{name}' holds neither numbers nor text but {column.dtype}")
    if column.dtype.kind == "f":
        missing = ~np.isfinite(column)
        if not missing.any() and np.abs(column).max(initial=0) > np.finfo(np.float32).max:
            raise UserError(f"{source}: the column '{name}' has values beyond 3.4e38: divide it by a number")
    elif column.dtype.kind in "US":
        missing = column == column.dtype.type()
    else:
        return
    if missing.any():
        raise UserError(
            f"{source}: the column '{name}' has {int(missing.sum())} missing values, the first in row "
            f"{int(missing.argmax()) + 1}: fill them in, leave these rows out, or name other columns with "
            "--dataset.factors"
        )


def with_grid(table: FactorTable, classes: Tensor) -> FactorTable:
    """A table of these class indices (N, K), with its grid where its rows are all combinations of the values."""
    grid = FactorGrid(table.names, table.values)
    if len(grid) != len(table):
        return table
    order = torch.full((len(grid),), -1)
    order[grid.indices(classes)] = torch.arange(len(table))
    if (order < 0).any():
        return table
    return FactorTable(table.names, table.values, table.numbers, classes, grid, order)
