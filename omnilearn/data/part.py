"""Some of a data set's observations as a data set."""

from collections.abc import Sequence

import torch
from torch import Tensor

from omnilearn.data.dataset import Dataset
from omnilearn.data.factor_table import FactorTable, with_grid


class PartOfDataset(Dataset):
    """Observations of a data set with classes, as if there were no others: values that do not occur do not count.

    Where they are all combinations of the values that occur, each once, they are on a grid of those.

    Args:
        dataset: the data set.
        indices: which of its observations (N,).
        names: the names of its factors.
        values: their values.

    Attributes:
        whole: the data set.
    """

    def __init__(
        self, dataset: Dataset, indices: Tensor, names: Sequence[str], values: Sequence[Sequence[float | str]]
    ) -> None:
        self.config, self.command_keys = dataset.config, dataset.command_keys
        self.din, self.device = dataset.din, dataset.device
        self.whole, self._indices = dataset, indices
        columns, kept = [], []
        for column, of_factor in zip(dataset.factors(indices).T, values, strict=True):
            occurring, classes = column.unique(return_inverse=True)
            columns.append(classes)
            kept.append(tuple(of_factor[k] for k in occurring.tolist()))
        classes = torch.stack(columns, 1)
        self._table = with_grid(FactorTable(tuple(names), tuple(kept), classes.float(), classes), classes)
        self.grid, self.factor_names, self.factor_values = self._table.grid, tuple(names), kept
        self.factor_sizes = tuple(map(len, kept))

    def __len__(self) -> int:
        return len(self._indices)

    def batch(self, indices: Tensor) -> Tensor:
        """The observations (B, *din) at `indices` (B,) of this part."""
        return self.whole.batch(self._indices.index_select(0, indices.cpu()))

    @property
    def has_classes(self) -> bool:
        """Whether `factors` knows the class index of each factor."""
        return True

    def factors(self, indices: Tensor) -> Tensor:
        """The class index (B, K) of each factor of the observations at `indices` (B,), among the values that occur."""
        assert self._table.classes is not None
        return self._table.classes.index_select(0, indices.cpu())

    def indices_of(self, classes: Tensor) -> Tensor:
        """Where (B,) the observations with these class indices (B, K) are; only on a grid."""
        assert self._table.order is not None
        return self._table.order[super().indices_of(classes)]

    def labels(self, indices: Tensor) -> Tensor:
        """What is known about the observations at `indices` (B,): as for the whole."""
        return self.whole.labels(self._indices.index_select(0, indices.cpu()))
