"""Doubling and halving of images, with gradients that torch's compiler makes fast code of.

As torch has them, these gradients are scattered over the images with atomic additions. Here each pixel of a gradient is
gathered from those that it depends on, which is plain arithmetic that the compiler joins with what is around it. The
first reads that it sees of an image have to be in even steps, or it turns the image in memory.
"""

from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn


class BilinearUpsample(nn.Upsample):
    """Bilinear interpolation, corners not aligned: (B, C, H, W) to (B, C, factor H, factor W)."""

    def __init__(self, factor: int) -> None:
        super().__init__(scale_factor=factor, mode="bilinear")
        self._doubles = factor == 2

    def forward(self, images: Tensor) -> Tensor:
        """Enlarge images."""
        if self._doubles and torch.compiler.is_dynamo_compiling():
            return Doubling.apply(images)
        return super().forward(images)


class MaxPool(nn.MaxPool2d):
    """The largest value of each square of pixels: (B, C, H, W) to (B, C, H / factor, W / factor), rounded down."""

    def __init__(self, factor: int) -> None:
        super().__init__(factor, factor)
        self._halves = factor == 2

    def forward(self, images: Tensor) -> Tensor:
        """Shrink images."""
        even = images.shape[2] % 2 == images.shape[3] % 2 == 0
        if self._halves and even and torch.compiler.is_dynamo_compiling():
            return Halving.apply(images)[0]
        return super().forward(images)


class Doubling(torch.autograd.Function):
    """Bilinear interpolation to twice the height and width; (B, C, H, W) to (B, C, 2H, 2W).

    Along each axis a pixel is 3/4 of the nearest one and 1/4 of the second nearest, or all of it at an edge.
    """

    @staticmethod
    def forward(context: Any, images: Tensor) -> Tensor:
        """Enlarge images; computed in float32 where they are of 16 bits."""
        context.memory_format = _memory_format_of(images)
        wide = _at_least_float32(images)
        (row, next_row), (column, next_column) = (_sources(size, images.device) for size in images.shape[2:])
        rows = 0.75 * wide[:, :, row] + 0.25 * wide[:, :, next_row]
        both = 0.75 * rows[..., column] + 0.25 * rows[..., next_column]
        # A tensor of its own: torch's compiler (2.11) has no gradients for a result that is another value here as well.
        return both.to(images.dtype, copy=True, memory_format=context.memory_format)

    @staticmethod
    def backward(context: Any, gradient: Tensor) -> Tensor:
        """The gradient (B, C, H, W) of the images, gathered from the (up to) four by four pixels that each went to."""
        wide = _at_least_float32(gradient)
        height, width = gradient.shape[2] // 2, gradient.shape[3] // 2
        padded = F.pad(wide, (1, 1, 1, 1))
        total = wide.new_zeros(())
        for row, of_row in enumerate(_shares(height, wide)):
            for column, of_column in enumerate(_shares(width, wide)):
                pixels = padded[:, :, row : row + 2 * height : 2, column : column + 2 * width : 2]
                total = total + of_row[:, None] * of_column * pixels
        return total.to(gradient.dtype).contiguous(memory_format=context.memory_format)


class Halving(torch.autograd.Function):
    """The largest of each two by two pixels, and which it is, from 0 to 3 row by row; both (B, C, H / 2, W / 2).

    The first of several that are as large, as in torch's max pooling; what is no number counts as the largest.
    """

    @staticmethod
    def forward(context: Any, images: Tensor) -> tuple[Tensor, Tensor]:
        """Shrink images of even height and width."""
        top, of_top = _larger(images[:, :, ::2, ::2], images[:, :, ::2, 1::2])
        bottom, of_bottom = _larger(images[:, :, 1::2, ::2], images[:, :, 1::2, 1::2])
        largest, is_bottom = _larger(top, bottom)
        which = torch.where(is_bottom, of_bottom + 2, of_top.to(torch.int64)).to(torch.int8)
        context.memory_format = _memory_format_of(images)
        context.save_for_backward(which)
        context.mark_non_differentiable(which)
        return largest, which

    @staticmethod
    def backward(context: Any, gradient: Tensor, _: Any) -> Tensor:
        """The gradient (B, C, H, W) of the images: that of the pooled pixel for the one that it was, and else 0."""
        (which,) = context.saved_tensors
        batch, channels, height, width = gradient.shape
        places = torch.arange(4, dtype=torch.int8, device=gradient.device).view(2, 1, 2)
        spread = torch.where(which[:, :, :, None, :, None] == places, gradient[:, :, :, None, :, None], 0.0)
        large = spread.reshape(batch, channels, 2 * height, 2 * width)
        return large.contiguous(memory_format=context.memory_format)


def _memory_format_of(images: Tensor) -> torch.memory_format:
    """Whether the channels of images are last in memory."""
    return torch.channels_last if images.is_contiguous(memory_format=torch.channels_last) else torch.contiguous_format


def _at_least_float32(images: Tensor) -> Tensor:
    return images if images.dtype == torch.float64 else images.float()


def _sources(size: int, device: torch.device) -> tuple[Tensor, Tensor]:
    """For each place of a doubled axis the nearest place and the second nearest of `size`."""
    places = torch.arange(2 * size, device=device)
    nearest = places // 2
    return nearest, (nearest + 2 * (places % 2) - 1).clamp(0, size - 1)


def _shares(size: int, like: Tensor) -> tuple[Tensor, ...]:
    """Of each place i, what part of it went to the places 2i - 1 to 2i + 2 of the doubled axis."""
    places = torch.arange(size, device=like.device)
    quarter, most = like.new_full((size,), 0.25), like.new_full((size,), 0.75)
    return quarter, torch.where(places == 0, 1.0, most), torch.where(places == size - 1, 1.0, most), quarter


def _larger(one: Tensor, other: Tensor) -> tuple[Tensor, Tensor]:
    """The larger of two, the first where they are equal; and whether it is the other."""
    is_other = (other > one) | other.isnan()
    return torch.where(is_other, other, one), is_other
