"""What a dataset is: observations by index, in whole batches."""

from abc import ABC, abstractmethod
from typing import Any

import torch
from torch import Tensor

from omnilearn.layers import Size


class Dataset(ABC):
    """Observations that are read by index, a batch at a time, onto the device that they will be used on.

    Attributes:
        din: size of an observation, without the batch dimension.
        device: where `batch` puts the observations.
    """

    din: Size
    device: torch.device = torch.device("cpu")

    @abstractmethod
    def __len__(self) -> int:
        """The number of observations."""

    @abstractmethod
    def batch(self, indices: Tensor) -> Tensor:
        """The observations (B, *din) at `indices` (B,), as float32 on the dataset's device."""

    def to(self, device: torch.device | str) -> "Dataset":
        """Put the observations on `device` from now on."""
        self.device = torch.device(device)
        return self

    def in_mode(self, mode: str) -> "Dataset":
        """The observations of another set: `test`, or `full` for everything in the published order.

        By default a dataset has one set of observations, which is all there is.
        """
        return self

    def describe(self) -> dict[str, Any]:
        """What a person wants to know about this dataset in one line."""
        return {"observations": len(self), "size": self.din}
