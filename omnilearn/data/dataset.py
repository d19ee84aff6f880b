"""What a dataset is: observations by index, in whole batches."""

import shlex
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Any, TypeVar

import torch
from torch import Tensor

from omnilearn.data.factors import FactorGrid
from omnilearn.errors import UserError
from omnilearn.layers import Size

Self = TypeVar("Self", bound="Dataset")


class Dataset(ABC):
    """Observations that are read by index, a batch at a time, onto the device that they will be used on.

    Attributes:
        config: the words that name these data on a command line.
        command_keys: the keys that a command line needs beside them to find the same data; None for one that is not.
        din: size of an observation, without the batch dimension.
        device: where `batch` puts the observations.
        grid: the factors of variation, where every combination of their values is one observation of the mode `full`
            (at the index that `indices_of` gives); else None.
        factor_names: name of each factor or variable behind the observations; empty where they are not known.
        factor_sizes: the number of values of each factor; 0 for one of real numbers.
        factor_values: the values of each factor, in the order of their class indices.
    """

    config: str = "CONFIG"
    command_keys: Mapping[str, object] = MappingProxyType({})
    din: Size
    device: torch.device = torch.device("cpu")
    grid: FactorGrid | None = None
    factor_names: Sequence[str] = ()
    factor_sizes: Sequence[int] = ()
    factor_values: Sequence[Sequence[float | str]] = ()

    @abstractmethod
    def __len__(self) -> int:
        """The number of observations."""

    @abstractmethod
    def batch(self, indices: Tensor) -> Tensor:
        """The observations (B, *din) at `indices` (B,), as float32 on the dataset's device."""

    @property
    def command_words(self) -> str:
        """All that a command line needs to find these data, as a shell takes it."""
        given = {key: value for key, value in self.command_keys.items() if value is not None}
        return " ".join([self.config, *(f"--{key} {shlex.quote(str(value))}" for key, value in given.items())])

    @property
    def has_classes(self) -> bool:
        """Whether `factors` knows the class index of each factor."""
        return self.grid is not None

    def factors(self, indices: Tensor) -> Tensor:
        """The class index (B, K) of each factor of the observations at `indices` (B,), as int64 on the CPU.

        Raises `UserError` where the factors are not known as classes.
        """
        raise UserError(f"{type(self).__name__}: this dataset has no grid of factors")

    def indices_of(self, classes: Tensor) -> Tensor:
        """Where (B,) in the mode `full` the observations with these class indices (B, K) are; only on a grid."""
        assert self.grid is not None
        return self.grid.indices(classes)

    def labels(self, indices: Tensor) -> Tensor:
        """What is known about the observations at `indices` (B,): (B,) or (B, L) on the CPU, as the dataset says.

        Raises `UserError` where nothing is known.
        """
        raise UserError(f"{type(self).__name__}: this dataset has no labels")

    def to(self: Self, device: torch.device | str) -> Self:
        """Put the observations on `device` from now on."""
        self.device = torch.device(device)
        return self

    def in_mode(self: Self, mode: str) -> Self:
        """The observations of another set: `test`, or `full` for everything in the published order.

        By default a dataset has one set of observations, which is all there is.
        """
        return self

    def file_beside(self, name: str) -> Path | None:
        """Where a file about these observations belongs, beside those that they are read from; None without any."""
        return None

    def describe(self) -> dict[str, Any]:
        """The number of observations and their size."""
        return {"observations": len(self), "size": self.din}
