"""The structural decoder: the latent vector enters piece by piece, one segment at each structural layer."""

from collections.abc import Sequence
from functools import partial

import torch
from torch import Tensor, nn

from omnilearn.config.registry import Builder, component
from omnilearn.layers import Layer, MultiLayer, Size
from sae_src.structure_modules import StructuralLayer, check_segments, takes_segment


@component("style-dec")
class StyleDecoder(MultiLayer):
    """A stack of layers on top of a learned constant (the root), with latents entering at its structural layers.

    With `split_style` (SAE) the latent vector (B, D) is cut along dim 1 into K consecutive segments of D / K or of
    given lengths, one for each of the K structural layers, the first for the one next to the root. Without (AdaAE)
    every structural layer sees all of it. Built from the output backwards; the root is drawn from N(0, 1) last.

    Args:
        din: number of latents D.
        dout: size of the output.
        layers: builders of the layers; those that take a `style_dim` make the `StructuralLayer`s.
        last: builder of the last layer, if any.
        split_style: one segment for each structural layer, or the whole vector for all.
        segment_lengths: of the segments, from the root to the output; all D / K by default, as published.

    Attributes:
        root: the constant that decoding starts from, of the first layer's input size.
        group_dims: the lengths of the segments, None where the vector is not split.
        segments: the number K of structural layers.

    Raises:
        ValueError: where D does not divide into K segments, or is not the sum of the K given lengths, and for a layer
            that takes a `style_dim` but is no `StructuralLayer`, or the other way round.
    """

    def __init__(
        self,
        din: int,
        dout: Size,
        *,
        layers: Sequence[Builder[Layer]],
        last: Builder[Layer] | None = None,
        split_style: bool = True,
        segment_lengths: Sequence[int] | None = None,
    ) -> None:
        segments = sum(map(takes_segment, layers))
        if segments == 0:
            raise ValueError("a structural decoder needs at least one structural layer")
        if not split_style and segment_lengths is not None:
            raise ValueError("segment_lengths: without split_style there are no segments")
        group_dims = lengths_of_segments(din, segments, segment_lengths) if split_style else None
        lengths = iter(group_dims or [din] * segments)
        layers = [partial(layer, style_dim=next(lengths)) if takes_segment(layer) else layer for layer in layers]
        super().__init__(None, dout, layers=layers, last=last, in_order=False)
        check_segments(self.layers, layers, StructuralLayer)
        start = self.din if isinstance(self.din, tuple) else (self.din,)
        self.root = nn.Parameter(torch.randn(start))
        self.din, self.segments, self.group_dims = din, segments, group_dims

    def forward(self, latent: Tensor) -> Tensor:
        """Decode latents (B, D) to (B, *dout)."""
        segments = iter(self.split(latent))
        features = self.root.expand(latent.shape[0], *self.root.shape)
        for layer in self.layers:
            features = layer(features, next(segments)) if isinstance(layer, StructuralLayer) else layer(features)
        return features

    def split(self, latent: Tensor) -> Sequence[Tensor]:
        """The segment (B, style_dim) of each structural layer, the one next to the root first."""
        if self.group_dims is None:
            return [latent] * sum(isinstance(layer, StructuralLayer) for layer in self.layers)
        return latent.split(self.group_dims, dim=1)


def lengths_of_segments(latents: int, segments: int, given: Sequence[int] | None) -> list[int]:
    """How many of `latents` values each of `segments` gets: as `given`, or all as many.

    Raises `ValueError` where that does not come out even.
    """
    if given is None:
        if latents < segments or latents % segments:
            raise ValueError(
                f"{latents} latents do not divide into {segments} segments: "
                f"choose a latent_dim that is a multiple of {segments}"
            )
        return [latents // segments] * segments
    if len(given) != segments or min(given) < 1 or sum(given) != latents:
        raise ValueError(
            f"segment_lengths: {list(given)} must be {segments} lengths of at least 1, one for each structural layer, "
            f"that add up to latent_dim, {latents}"
        )
    return list(given)
