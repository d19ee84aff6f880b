"""Datasets whose observations are the rows of one source, cut into a training and a test set that share it."""

import copy
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TypeVar

import torch
from torch import Tensor

from omnilearn.data.dataset import Dataset
from omnilearn.data.factor_table import FactorTable
from omnilearn.data.factors import FactorGrid
from omnilearn.errors import UserError

Self = TypeVar("Self", bound="RowDataset")


class RowDataset(Dataset):
    """Observations at the rows of a source, with what is known about each row.

    Args:
        count: number of rows.
        train: rows of the training set, ascending.
        test: rows of the test set, ascending.
        factors: the factors: a grid, where row i is the i-th combination of their values; or a table of the rows.
        targets: what `labels` gives for each row; by default the class indices of the factors or their numbers.
        folders: where files about these observations may be; a new one belongs into the last.
        prefix: what their names begin with, where the folder holds other observations too.
    """

    def __init__(
        self,
        count: int,
        train: Tensor,
        test: Tensor,
        *,
        factors: FactorGrid | FactorTable | None = None,
        targets: Tensor | None = None,
        folders: Sequence[Path] = (),
        prefix: str = "",
    ) -> None:
        self._targets, self._folders, self._prefix = targets, tuple(folders), prefix
        self._rows_of: Mapping[str, Tensor] = {"train": train, "test": test, "full": torch.arange(count)}
        self._rows = train
        self._table = factors if isinstance(factors, FactorTable) else None
        self.grid = factors.grid if isinstance(factors, FactorTable) else factors
        if factors is not None:
            self.factor_names, self.factor_values = factors.names, factors.values
            self.factor_sizes = tuple(map(len, factors.values))

    def __len__(self) -> int:
        return len(self._rows)

    def rows(self, indices: Tensor) -> Tensor:
        """Where (B,) in the published order the observations at `indices` (B,) of this mode are."""
        return self._rows.index_select(0, indices.to(self._rows.device))

    @property
    def has_classes(self) -> bool:
        """Whether `factors` knows the class index of each factor."""
        return self.grid is not None or (self._table is not None and self._table.classes is not None)

    def factors(self, indices: Tensor) -> Tensor:
        """The class index (B, K) of each factor of the observations at `indices` (B,)."""
        if self._table is not None and self._table.classes is not None:
            return self._table.classes.index_select(0, self.rows(indices))
        return super().factors(indices) if self.grid is None else self.grid.classes(self.rows(indices))

    def indices_of(self, classes: Tensor) -> Tensor:
        """Where (B,) in the mode `full` the observations with these class indices (B, K) are; only on a grid."""
        places = super().indices_of(classes)
        return places if self._table is None or self._table.order is None else self._table.order[places]

    def labels(self, indices: Tensor) -> Tensor:
        """The target (B, ...) of the observations at `indices` (B,); without targets, the factors."""
        if self._targets is not None:
            return self._targets.index_select(0, self.rows(indices))
        if self._table is not None and self._table.classes is None:
            return self._table.numbers.index_select(0, self.rows(indices))
        return self.factors(indices) if self.has_classes else super().labels(indices)

    def file_beside(self, name: str) -> Path | None:
        """Where a file about these observations is, or belongs."""
        places = [folder / f"{self._prefix}{name}" for folder in self._folders]
        return next((place for place in places if place.exists()), places[-1] if places else None)

    def in_mode(self: Self, mode: str) -> Self:
        """The observations of `train`, `test`, or `full` for all in the published order, from the same source."""
        if mode not in self._rows_of:
            raise UserError(f"mode: expected one of {', '.join(self._rows_of)}, got '{mode}'")
        other = copy.copy(self)
        other._rows = self._rows_of[mode]
        return other
