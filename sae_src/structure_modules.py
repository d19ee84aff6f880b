"""Structural layers: where a segment of the latent vector enters a decoder, or is read out of an encoder.

A structural transform is a small network that turns a segment into one scale and one shift for each channel of the
features that pass by (Leeb et al., Structural Autoencoders, section 3). In the names of keys a segment is a `style`.
"""

import inspect
from collections.abc import Callable, Iterable, Sequence
from typing import Literal

import torch
from torch import Tensor, nn

from omnilearn.config.registry import Builder, component
from omnilearn.layers import Layer, Size, as_size


class StructuralLayer(Layer):
    """A layer with two inputs: features (B, *din) and a segment of the latent vector (B, style_dim).

    Its constructor takes the length of the segment as `style_dim`.
    """

    style_dim: int


class Rung(Layer):
    """A layer that reads a segment (B, style_dim) of the latent vector off the features (B, *din).

    Its constructor takes the length of the segment as `style_dim`.
    """

    style_dim: int


def takes_segment(builder: Builder[Layer]) -> bool:
    """Whether a builder makes a layer for a segment of the latent vector: it takes a `style_dim`."""
    return "style_dim" in inspect.signature(builder).parameters


def check_segments(made: Iterable[nn.Module], builders: Sequence[Builder[Layer]], kind: type[Layer]) -> None:
    """Raise `ValueError` where a builder that takes a segment did not make a `kind`, or another one did.

    Args:
        made: the layers, in the order of their builders; more may follow.
        builders: what made them.
        kind: `StructuralLayer` in a decoder, `Rung` in an encoder.
    """
    for layer, builder in zip(made, builders, strict=False):
        if takes_segment(builder) != isinstance(layer, kind):
            name = type(layer).__name__
            if isinstance(layer, kind):
                raise ValueError(f"{name} is a {kind.__name__} but takes no style_dim: it would get no segment")
            raise ValueError(f"{name} takes a style_dim but is no {kind.__name__}: derive it from that class")


@component("adain")
class AdaIN(StructuralLayer):
    """Adds one value per channel, computed from the segment: features + net(segment).

    Args:
        din, dout: size of the features; one of them is enough, they are equal.
        style_dim: length of the segment.
        style_net: builder of the network from the segment to the channels.
        normalize_features: instance normalisation of the features first (images only).
    """

    values_per_channel = 1

    def __init__(
        self,
        din: Size | None = None,
        dout: Size | None = None,
        *,
        style_dim: int,
        style_net: Builder[Layer],
        normalize_features: bool = True,
    ) -> None:
        super().__init__()
        self.din = self.dout = _one_size(din, dout)
        self.style_dim = style_dim
        channels = _channels(self.din)
        if normalize_features and isinstance(self.din, int):
            raise ValueError("normalize_features needs images: features of one value per channel have no spread")
        self.norm = nn.InstanceNorm2d(channels) if normalize_features else None
        self.net = style_net(din=style_dim, dout=self.values_per_channel * channels)

    def forward(self, features: Tensor, segment: Tensor) -> Tensor:
        """Map features (B, C, ...) and a segment (B, style_dim) to features of the same shape."""
        if self.norm is not None:
            features = self.norm(features)
        return self.modulate(features, _over_space(self.net(segment), features))

    def modulate(self, features: Tensor, values: Tensor) -> Tensor:
        """Combine features (B, C, ...) with the network's output, broadcast over space."""
        return features + values


@component("affine-adain")
class AffineAdaIN(AdaIN):
    """Scales and shifts each channel by values computed from the segment.

    The structural transform of the paper: exp(s) * features + m with (m, s) = net(segment).
    """

    values_per_channel = 2

    def modulate(self, features: Tensor, values: Tensor) -> Tensor:
        """Combine features (B, C, ...) with shifts and log scales (B, 2C, ...)."""
        shift, log_scale = values.chunk(2, dim=1)
        return torch.addcmul(shift, self.scale(log_scale), features)

    def scale(self, log_scale: Tensor) -> Tensor:
        """The scales of what the network gives for them, of the same shape."""
        return log_scale.exp()


@component("bounded-adain")
class BoundedAffineAdaIN(AffineAdaIN):
    """The affine transform with scales that can neither vanish nor overflow: exp(b tanh(s / b)) * features + m.

    Near zero it is the transform of the paper. A norm after the layer hides its scales from the loss, so that at large
    learning rates they drift, in the paper's form until they overflow.

    Args:
        din, dout, style_dim, style_net, normalize_features: as for `AdaIN`.
        largest_log_scale: b; scales are between exp(-b) and exp(b).
    """

    def __init__(
        self,
        din: Size | None = None,
        dout: Size | None = None,
        *,
        style_dim: int,
        style_net: Builder[Layer],
        normalize_features: bool = True,
        largest_log_scale: float = 3.0,
    ) -> None:
        super().__init__(din, dout, style_dim=style_dim, style_net=style_net, normalize_features=normalize_features)
        if largest_log_scale <= 0:
            raise ValueError(f"largest_log_scale must be above 0, got {largest_log_scale}")
        self.largest_log_scale = largest_log_scale

    def scale(self, log_scale: Tensor) -> Tensor:
        """The scales, within their bounds."""
        return super().scale(self.largest_log_scale * torch.tanh(log_scale / self.largest_log_scale))


@component("rung-gen")
class RungGenerate(StructuralLayer):
    """The rung of a ladder decoder: appends `feature_dim` channels computed from the segment, constant over space.

    Maps (B, C, ...) to (B, C + feature_dim, ...).

    Args:
        din, dout: size of the features before and after.
        style_dim: length of the segment.
        style_net: builder of the network from the segment to the channels.
        feature_dim: channels that it appends.
    """

    def __init__(
        self,
        din: Size | None = None,
        dout: Size | None = None,
        *,
        style_dim: int,
        style_net: Builder[Layer],
        feature_dim: int,
    ) -> None:
        super().__init__()
        if din is not None:
            self.din = as_size(din)
            self.dout = as_size(dout) if dout is not None else _with_channels(din, feature_dim)
        elif dout is not None:
            self.din, self.dout = _with_channels(dout, -feature_dim), as_size(dout)
        else:
            raise ValueError("a rung needs the size of its input or of its output")
        if _channels(self.din) < 1:
            raise ValueError(f"{_channels(self.dout)} channels leave none beside the {feature_dim} of a rung")
        self.style_dim = style_dim
        self.net = style_net(din=style_dim, dout=feature_dim)

    def forward(self, features: Tensor, segment: Tensor) -> Tensor:
        """Map features (B, C, ...) and a segment (B, style_dim) to features (B, C + feature_dim, ...)."""
        extra = _over_space(self.net(segment), features).expand(-1, -1, *features.shape[2:])
        return torch.cat([features, extra], dim=1)


@component("rung-infer")
class RungInfer(Rung):
    """The rung of a ladder encoder: reads a segment of the latent vector off the features, which pass by unchanged.

    Args:
        din, dout: size of the features.
        style_dim: length of the segment.
        rung_net: builder of the network from the pooled channels to the segment.
        pool_rung: how images are reduced to one value per channel (vectors are not).
    """

    def __init__(
        self,
        din: Size | None = None,
        dout: Size | None = None,
        *,
        style_dim: int,
        rung_net: Builder[Layer],
        pool_rung: Literal["max", "avg", "sum"] = "max",
    ) -> None:
        super().__init__()
        self.din = self.dout = _one_size(din, dout)
        self.style_dim, self.pool_rung = style_dim, pool_rung
        self.net = rung_net(din=_channels(self.din), dout=style_dim)

    def forward(self, features: Tensor) -> Tensor:
        """Map features (B, C, ...) to a segment (B, style_dim)."""
        if features.dim() > 2:
            pools: dict[str, Callable[..., Tensor]] = {"max": _largest, "avg": torch.mean, "sum": torch.sum}
            features = pools[self.pool_rung](features, dim=tuple(range(2, features.dim())))
        return self.net(features)


def _largest(features: Tensor, dim: tuple[int, ...]) -> Tensor:
    """The largest values over all dimensions but the first two; their gradients are shared where several are largest.

    Compiled, one of those gets it all: the gradient of `amax` goes to values that equal the largest one, and where
    torch's compiler computes the values anew, rounded less than in 16 bits, none may, and the gradient is 0 / 0.
    """
    if torch.compiler.is_compiling():
        return features.flatten(2).max(dim=2).values
    return torch.amax(features, dim=dim)


def _one_size(din: Size | None, dout: Size | None) -> Size:
    size = din if din is not None else dout
    if size is None:
        raise ValueError("a structural layer needs the size of the features")
    return as_size(size)


def _channels(size: Size) -> int:
    return size if isinstance(size, int) else size[0]


def _with_channels(size: Size, more: int) -> Size:
    size = as_size(size)
    channels = _channels(size) + more
    return channels if isinstance(size, int) else (channels, *size[1:])


def _over_space(values: Tensor, features: Tensor) -> Tensor:
    """(B, C) as (B, C, 1, 1) where the features are images."""
    return values.view(*values.shape, *(1,) * (features.dim() - values.dim()))
