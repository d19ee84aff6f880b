"""A dataset of vectors in memory."""

from collections.abc import Sequence
from pathlib import Path

from torch import Tensor

from omnilearn.data.factor_table import FactorTable
from omnilearn.data.rows import RowDataset


class VectorDataset(RowDataset):
    """Vectors, cut into a training and a test set.

    Args:
        values: all vectors (N, D), float32.
        train: rows of the training vectors, ascending.
        test: rows of the test vectors, ascending.
        factors: the factors of each row.
        folders: where files about these vectors may be; a new one belongs into the last.
        prefix: what their names begin with.
    """

    din: int

    def __init__(
        self,
        values: Tensor,
        train: Tensor,
        test: Tensor,
        *,
        factors: FactorTable | None = None,
        folders: Sequence[Path] = (),
        prefix: str = "",
    ) -> None:
        super().__init__(len(values), train, test, factors=factors, folders=folders, prefix=prefix)
        self.din, self._values = values.shape[1], values

    def batch(self, indices: Tensor) -> Tensor:
        """The vectors (B, D) at `indices` (B,)."""
        if self._values.device != self.device:
            self._values = self._values.to(self.device)
        return self._values.index_select(0, self.rows(indices).to(self.device))
