"""Factors of variation on a grid: every combination of their values is one observation."""

from dataclasses import dataclass
from math import prod

import torch
from torch import Tensor


@dataclass(frozen=True)
class FactorGrid:
    """Factors whose combinations are the observations of a set, in order: the last factor varies fastest.

    Attributes:
        names: name of each factor.
        values: the values of each factor, in the order of their class indices.
    """

    names: tuple[str, ...]
    values: tuple[tuple[float | str, ...], ...]

    @property
    def sizes(self) -> tuple[int, ...]:
        """The number of values of each factor."""
        return tuple(map(len, self.values))

    def __len__(self) -> int:
        return prod(self.sizes)

    def classes(self, indices: Tensor) -> Tensor:
        """The class index (B, K) of each of the K factors, as int64, of the observations at `indices` (B,)."""
        sizes = torch.tensor(self.sizes, device=indices.device)
        return indices.unsqueeze(1).div(self._strides(indices.device), rounding_mode="floor") % sizes

    def indices(self, classes: Tensor) -> Tensor:
        """Where (B,) the observations with these class indices (B, K) are."""
        return (classes * self._strides(classes.device)).sum(1)

    def _strides(self, device: torch.device) -> Tensor:
        return torch.tensor([prod(self.sizes[k + 1 :]) for k in range(len(self.sizes))], device=device)
