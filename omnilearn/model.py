"""What the infrastructure trains and evaluates."""

from abc import ABC, abstractmethod
from typing import Any

from torch import Tensor, nn


class Model(nn.Module, ABC):
    """A module that knows its own losses."""

    @abstractmethod
    def losses(self, observations: Tensor) -> dict[str, Any]:
        """One forward pass over observations (B, *din).

        Returns the `loss` to minimise, further losses as single numbers, and tensors or distributions that they came
        from, among them the `original` observations.
        """
