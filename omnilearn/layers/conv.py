"""Convolutional layers that know their sizes: plain, and with coordinates as two more input channels."""

from typing import Any, Literal

import torch
from torch import Tensor, nn
from torch.nn.functional import linear

from omnilearn.config.registry import component
from omnilearn.layers.activations import Nonlinearity, nonlinearity
from omnilearn.layers.base import Layer, Size
from omnilearn.layers.norms import Norm, norm_layer
from omnilearn.layers.resampling import BilinearUpsample, MaxPool

Pool = Literal["max", "avg"]
Unpool = Literal["bilinear", "nearest", "bicubic", "conv"]


@component("conv-layer")
class ConvLayer(Layer):
    """Unpool, convolve, add the input (`residual`), pool, normalise, nonlinearity; in that order.

    Sizes are (channels, height, width), or just the channels where height and width do not matter. One of `din` and
    `dout` may be left out: the missing side has `channels` channels (else as many as the other side), and its height
    and width follow from `down` and `up`. With both sizes given, `down` and `up` follow from them.

    Args:
        din: size of the input.
        dout: size of the output.
        channels: channels of the side that is not given.
        kernel: side of the square kernel (default 3).
        down: factor by which height and width shrink; by `pool`, or by a strided convolution where `pool` is None.
        up: factor by which height and width grow; by `unpool`, or by a transposed convolution where `unpool` is None.
        padding: zeros around the input (default (kernel - 1) // 2).
        pool: how to shrink: `max` or `avg`.
        unpool: how to grow: an interpolation mode, or `conv` for a transposed convolution of its own.
        norm: normalisation of the output channels; `group` has 8 groups.
        nonlin: nonlinearity at the end.
        residual: add the (upsampled) input to the convolution's output where the channels match.

    Raises:
        ValueError: where the sizes do not divide by `down` or `up`, or no size is given.
    """

    extra_channels = 0

    def __init__(
        self,
        din: Size | None = None,
        dout: Size | None = None,
        *,
        channels: int | None = None,
        kernel: int = 3,
        down: int = 1,
        up: int = 1,
        padding: int | None = None,
        pool: Pool | None = "max",
        unpool: Unpool | None = "bilinear",
        norm: Norm | None = "group",
        nonlin: Nonlinearity | None = "elu",
        residual: bool = False,
    ) -> None:
        super().__init__()
        channels_in, channels_out = _channels(din, dout, channels)
        down, up = _factors(din, dout, down, up)
        padding = (kernel - 1) // 2 if padding is None else padding
        all_channels_in = channels_in + self.extra_channels
        self.unpool: nn.Module | None = None
        self.conv: nn.Conv2d | nn.ConvTranspose2d
        if up > 1 and unpool is None:
            kernel += up - 1
            self.conv = nn.ConvTranspose2d(all_channels_in, channels_out, kernel, stride=up, padding=(kernel - 1) // 2)
        else:
            if up > 1 and unpool is not None:
                self.unpool = _unpool(unpool, up, all_channels_in)
            stride = down if pool is None else 1
            self.conv = nn.Conv2d(all_channels_in, channels_out, kernel, stride=stride, padding=padding)
        self.pool = _pool(pool, down) if down > 1 and pool is not None else None
        self.norm = None if norm is None else norm_layer(norm, channels_out)
        self.nonlin = None if nonlin is None else nonlinearity(nonlin)
        convolved = isinstance(self.conv, nn.Conv2d)
        self.residual = residual and convolved and self.conv.stride[0] == 1 and channels_in == channels_out
        growth = 2 * padding - (kernel - 1) if convolved else 0  # 0 for an odd kernel with the default padding
        if pool is None and down > 1:
            growth += down - 1  # a strided convolution rounds up, pooling rounds down
        if din is None:
            assert dout is not None  # else there are no channels
            din = _input_size(dout, channels_in, down, up, growth)
        elif dout is None:
            dout = _output_size(din, channels_out, down, up, growth)
        self.din, self.dout = din, dout

    @property
    def is_constant(self) -> bool:
        """Whether the output is the same for every input, since each group of the norm has a single value."""
        return isinstance(self.norm, nn.GroupNorm) and self.dout == (self.norm.num_groups, 1, 1)

    def forward(self, features: Tensor) -> Tensor:
        """Map (B, C, H, W) to (B, C', H', W')."""
        if self.unpool is not None:
            features = self.unpool(features)
        output = self._convolved(features)
        if self.residual:
            output = output + features[:, : output.shape[1]]  # without the coordinates, if any
        for stage in (self.pool, self.norm, self.nonlin):
            if stage is not None:
                output = stage(output)
        return output

    def _convolved(self, features: Tensor) -> Tensor:
        """The convolution; on a GPU that of a single pixel is the matrix product that it comes to.

        That is faster there, and spares torch's compiler a case that it takes wrongly: the gradient of such a kernel is
        laid out in memory other than it expects (seen in torch 2.11).
        """
        if features.device.type == "cuda" and features.shape[2:] == (1, 1) and self.keeps_single_pixels:
            return of_single_pixels(self.conv, features)
        return self.conv(features)

    @property
    def keeps_single_pixels(self) -> bool:
        """Whether the convolution makes one pixel of one pixel, with only the middle of its kernel on it."""
        side = self.conv.kernel_size[0]
        plain = isinstance(self.conv, nn.Conv2d) and self.conv.stride == (1, 1)
        return plain and self.conv.padding == (side // 2, side // 2) and side % 2 == 1


@component("coord-conv-layer")
class CoordConvLayer(ConvLayer):
    """A convolution that also sees where it is: two more input channels, the row and the column from 0 to 1."""

    extra_channels = 2

    def __init__(self, din: Size | None = None, dout: Size | None = None, **kwargs: Any) -> None:
        if not isinstance(din if din is not None else dout, tuple):
            raise ValueError(f"coordinates need images of (channels, height, width), got {din}")
        super().__init__(din, dout, **kwargs)

    def forward(self, features: Tensor) -> Tensor:
        """Map (B, C, H, W) to (B, C', H', W')."""
        batch, _, height, width = features.shape
        rows = torch.linspace(0, 1, height, device=features.device, dtype=features.dtype)
        columns = torch.linspace(0, 1, width, device=features.device, dtype=features.dtype)
        rows = rows.view(1, 1, height, 1).expand(batch, 1, height, width)
        columns = columns.view(1, 1, 1, width).expand(batch, 1, height, width)
        return super().forward(torch.cat([features, rows, columns], dim=1))


def of_single_pixels(conv: nn.Conv2d | nn.ConvTranspose2d, features: Tensor) -> Tensor:
    """Features (B, C, 1, 1) convolved with a kernel of which only the middle is on the pixel: (B, C', 1, 1)."""
    middle = conv.kernel_size[0] // 2
    return linear(features.flatten(1), conv.weight[:, :, middle, middle], conv.bias).unflatten(1, (-1, 1, 1))


def _channels(din: Size | None, dout: Size | None, channels: int | None) -> tuple[int, int]:
    if any(isinstance(size, tuple) and len(size) != 3 for size in (din, dout)):
        raise ValueError(f"a convolution needs sizes of (channels, height, width), got {din} and {dout}")
    channels_in, channels_out = (
        None if size is None else size if isinstance(size, int) else size[0] for size in (din, dout)
    )
    if channels_in is None:
        if channels_out is None:
            raise ValueError("a convolution needs the size of its input or of its output")
        return channels or channels_out, channels_out
    return channels_in, (channels or channels_in) if channels_out is None else channels_out


def _factors(din: Size | None, dout: Size | None, down: int, up: int) -> tuple[int, int]:
    if down < 1 or up < 1:
        raise ValueError(f"down and up are at least 1, got {down} and {up}")
    if isinstance(din, tuple) and isinstance(dout, tuple):
        small, large = sorted((din[1], dout[1]))
        if small == 0 or large % small:
            raise ValueError(f"cannot get from {din} to {dout}: the heights do not divide")
        return (large // small, 1) if din[1] > dout[1] else (1, large // small)
    return down, up


def _output_size(din: Size, channels: int, down: int, up: int, growth: int) -> Size:
    if isinstance(din, int):
        return channels
    spatial = [(n * up + growth) // down for n in din[1:]]
    if min(spatial) < 1:
        raise ValueError(
            f"an image of {din[1]} x {din[2]} is too small to shrink by {down}: larger images are needed here"
        )
    return (channels, *spatial)


def _input_size(dout: Size, channels: int, down: int, up: int, growth: int) -> Size:
    if isinstance(dout, int):
        return channels
    if any(n % up for n in dout[1:]):
        raise ValueError(
            f"height {dout[1]} and width {dout[2]} do not divide by {up}: choose an image_size that can be halved as "
            "often as layers double it, such as 64"
        )
    return (channels, *((n * down - growth) // up for n in dout[1:]))


def _pool(name: Pool, factor: int) -> nn.Module:
    return MaxPool(factor) if name == "max" else nn.AvgPool2d(factor)


def _unpool(name: Unpool, factor: int, channels: int) -> nn.Module:
    if name == "conv":
        return nn.ConvTranspose2d(channels, channels, factor, stride=factor)
    return BilinearUpsample(factor) if name == "bilinear" else nn.Upsample(scale_factor=factor, mode=name)
