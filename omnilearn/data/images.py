"""A dataset of images: where the pixels come from is one part, which of them are read is another."""

import copy
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Protocol, TypeVar

import torch
from torch import Tensor
from torch.nn.functional import interpolate

from omnilearn.data.dataset import Dataset
from omnilearn.data.factors import FactorGrid
from omnilearn.errors import UserError

Self = TypeVar("Self", bound="ImageDataset")


class PixelSource(Protocol):
    """Where images come from: an array, a memory-mapped file, a generator."""

    shape: tuple[int, int, int, int]  # images, channels, height, width

    def move_to(self, device: torch.device) -> None:
        """Get ready to be read often for use on `device`."""

    def read(self, rows: Tensor, device: torch.device) -> Tensor:
        """The images (B, C, H, W) at `rows` (B,) on `device`: whole numbers from 0 to 255, uint8 or float32."""


class ImageDataset(Dataset):
    """Images from a source, cut into a training and a test set that share it.

    Args:
        source: the pixels of all images, in the published order.
        train: rows of the training images, ascending.
        test: rows of the test images, ascending.
        grid: the factors, where row i of the source is the i-th combination of their values.
        targets: what `labels` gives for each row; by default the class indices of the factors.
        side: side of the square that images are resized to, bilinearly (torch's `interpolate`, corners not aligned);
            None for as they are.
        folders: where files about these images may be; a new one belongs into the last.
        prefix: what their names begin with, where the folder holds other images too.
    """

    din: tuple[int, int, int]

    def __init__(
        self,
        source: PixelSource,
        train: Tensor,
        test: Tensor,
        *,
        grid: FactorGrid | None = None,
        targets: Tensor | None = None,
        side: int | None = None,
        folders: Sequence[Path] = (),
        prefix: str = "",
    ) -> None:
        count, channels, height, width = source.shape
        self.din = (channels, height, width) if side is None else (channels, side, side)
        self._source, self._targets, self._side = source, targets, side
        self._folders, self._prefix = tuple(folders), prefix
        self._rows_of: Mapping[str, Tensor] = {"train": train, "test": test, "full": torch.arange(count)}
        self._rows = train
        if grid is not None:
            self.grid = grid
            self.factor_names, self.factor_sizes, self.factor_values = grid.names, grid.sizes, grid.values

    def __len__(self) -> int:
        return len(self._rows)

    def batch(self, indices: Tensor) -> Tensor:
        """The images (B, C, H, W) at `indices` (B,), in [0, 1]."""
        pixels = self._source.read(self.rows(indices), self.device)
        images = pixels.to(torch.float32).div_(255)
        if self._side is not None and images.shape[2:] != (self._side, self._side):
            images = interpolate(images, size=(self._side, self._side), mode="bilinear", align_corners=False)
        return images

    def rows(self, indices: Tensor) -> Tensor:
        """Where (B,) in the published order the images at `indices` (B,) of this mode are."""
        return self._rows.index_select(0, indices.to(self._rows.device))

    def factors(self, indices: Tensor) -> Tensor:
        """The class index (B, K) of each factor of the images at `indices` (B,)."""
        return super().factors(indices) if self.grid is None else self.grid.classes(self.rows(indices))

    def labels(self, indices: Tensor) -> Tensor:
        """The target (B, ...) of the images at `indices` (B,); without targets, the class indices of the factors."""
        if self._targets is None:
            return super().labels(indices) if self.grid is None else self.factors(indices)
        return self._targets.index_select(0, self.rows(indices))

    def file_beside(self, name: str) -> Path | None:
        """Where a file about these images is, or belongs."""
        places = [folder / f"{self._prefix}{name}" for folder in self._folders]
        return next((place for place in places if place.exists()), places[-1] if places else None)

    def to(self: Self, device: torch.device | str) -> Self:
        """Put the images on `device` from now on; every mode shares the pixels."""
        super().to(device)
        self._source.move_to(self.device)
        return self

    def in_mode(self: Self, mode: str) -> Self:
        """The images of `train`, `test`, or `full` for all in the published order, from the same pixels."""
        if mode not in self._rows_of:
            raise UserError(f"mode: expected one of {', '.join(self._rows_of)}, got '{mode}'")
        other = copy.copy(self)
        other._rows = self._rows_of[mode]
        return other
