"""A dataset of images: where the pixels come from is one part, which of them are read is another."""

from collections.abc import Sequence
from pathlib import Path
from typing import Protocol, TypeVar

import torch
from torch import Tensor
from torch.nn.functional import interpolate

from omnilearn.data.factor_table import FactorTable
from omnilearn.data.factors import FactorGrid
from omnilearn.data.rows import RowDataset

Self = TypeVar("Self", bound="ImageDataset")


class PixelSource(Protocol):
    """Where images come from: an array, a memory-mapped file, a generator."""

    shape: tuple[int, int, int, int]  # images, channels, height, width

    def move_to(self, device: torch.device) -> None:
        """Get ready to be read often for use on `device`."""

    def read(self, rows: Tensor, device: torch.device) -> Tensor:
        """The images (B, C, H, W) at `rows` (B,) on `device`: whole numbers from 0 to 255, uint8 or float32."""


class ImageDataset(RowDataset):
    """Images from a source, cut into a training and a test set that share it.

    Args:
        source: the pixels of all images, in the published order.
        train: rows of the training images, ascending.
        test: rows of the test images, ascending.
        grid: the factors: a grid, where row i of the source is the i-th combination of their values; or a table.
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
        grid: FactorGrid | FactorTable | None = None,
        targets: Tensor | None = None,
        side: int | None = None,
        folders: Sequence[Path] = (),
        prefix: str = "",
    ) -> None:
        count, channels, height, width = source.shape
        super().__init__(count, train, test, factors=grid, targets=targets, folders=folders, prefix=prefix)
        self.din = (channels, height, width) if side is None else (channels, side, side)
        self._source, self._side = source, side

    def batch(self, indices: Tensor) -> Tensor:
        """The images (B, C, H, W) at `indices` (B,), in [0, 1]."""
        pixels = self._source.read(self.rows(indices), self.device)
        images = pixels.to(torch.float32).div_(255)
        if self._side is not None and images.shape[2:] != (self._side, self._side):
            images = interpolate(images, size=(self._side, self._side), mode="bilinear", align_corners=False)
        return images

    def to(self: Self, device: torch.device | str) -> Self:
        """Put the images on `device` from now on; every mode shares the pixels."""
        super().to(device)
        self._source.move_to(self.device)
        return self
