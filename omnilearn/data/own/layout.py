"""What an array of any shape is: images, channels first or last, or vectors."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from omnilearn.config.placeholders import key_value
from omnilearn.data.own.array_file import open_array
from omnilearn.data.own.fitting import nearest_side
from omnilearn.errors import UserError


@dataclass(frozen=True)
class Layout:
    """How an array holds its observations.

    Attributes:
        count: number of observations.
        din: channels, height and width of an image, or the length of a vector.
        channels_last: whether the channels of images are behind their pixels.
    """

    count: int
    din: tuple[int, int, int] | int
    channels_last: bool = False


def layout_of(shape: tuple[int, ...], dtype: np.dtype, source: object) -> Layout:
    """The layout of an array: images (N, H, W), (N, H, W, C) or (N, C, H, W) of 1 or 3 channels, or vectors (N, D).

    Raises `UserError`, about `source`, for any other shape, fewer than two observations, and values that are neither
    uint8 nor floats (vectors: any numbers).
    """
    kinds = "biuf" if len(shape) == 2 else "f"
    if dtype != np.uint8 and dtype.kind not in kinds:
        raise UserError(f"{source}: values of type {dtype}: expected uint8, or floats from 0 to 1")
    if len(shape) in (2, 3, 4) and shape[0] == 0:
        raise UserError(f"{source}: there are no observations: the shape is {shape}")
    if len(shape) not in (2, 3, 4) or min(shape) < 1:
        raise UserError(
            f"{source}: the shape {shape} is neither that of images, (N, H, W), (N, H, W, C) or (N, C, H, W), nor "
            "that of vectors, (N, D)"
        )
    count = shape[0]
    if count < 2:
        raise UserError(f"{source}: a single observation: there is nothing to split")
    if len(shape) == 2:
        return Layout(count, shape[1])
    if len(shape) == 3:
        return Layout(count, (1, shape[1], shape[2]))
    is_first, is_last = shape[1] in (1, 3), shape[3] in (1, 3)
    if is_first == is_last:
        problem = "both ends could be channels" if is_first else "no end is 1 or 3 channels"
        raise UserError(f"{source}: images of the shape {shape[1:]}: {problem}")
    return (
        Layout(count, (shape[1], shape[2], shape[3]))
        if is_first
        else Layout(count, (shape[3], shape[1], shape[2]), True)
    )


def channels_first(values: np.ndarray, layout: Layout) -> Tensor:
    """Some images of an array as a tensor (B, C, H, W) of the same values; halves and doubles as float32."""
    with np.errstate(over="ignore"):  # `check_range` tells of it
        images = torch.from_numpy(np.array(values, dtype=np.uint8 if values.dtype == np.uint8 else np.float32))
    if images.dim() == 3:
        return images.unsqueeze(1)
    return images.permute(0, 3, 1, 2) if layout.channels_last else images


def check_range(images: Tensor, source: object, first: int = 0) -> None:
    """Raise `UserError` where images of floats are not from 0 to 1, or missing; `first` is the row of the first."""
    if images.dtype == torch.uint8:
        return
    if not images.isfinite().all():
        row = int((~images.isfinite()).flatten(1).any(1).to(torch.uint8).argmax())
        raise UserError(f"{source}: values that are not finite (NaN), the first in the image {first + row}")
    least, most = images.aminmax()
    if least < 0 or most > 1:
        raise UserError(
            f"{source}: floats from {least:g} to {most:g}: expected 0 to 1; divide by the largest value, or store uint8"
        )


def check_finite(vectors: np.ndarray, source: object, first: int = 0) -> None:
    """Raise `UserError` where vectors (B, D) are missing or beyond float32; `first` is the row of the first."""
    with np.errstate(over="ignore"):  # which is told
        missing = ~np.isfinite(np.asarray(vectors, dtype=np.float32)).all(axis=1)
    if missing.any():
        row = first + int(missing.argmax())
        raise UserError(f"{source}: values that are not finite (NaN, or beyond 3.4e38), the first in row {row}")


def array_size(keys: dict[str, Any]) -> int | str:
    """Which widths a model of the array that `path` names takes: the side of its images, or `vec` for vectors."""
    path, side = key_value("path", keys), key_value("image_size", keys)
    if path is None:  # which is said when the data set is built
        return 64 if side is None else side
    with open_array(Path(str(path))) as file:
        layout = layout_of(file.observations.shape, file.observations.dtype, path)
    if isinstance(layout.din, int):
        return "vec"
    return nearest_side(min(layout.din[1:])) if side is None else side
