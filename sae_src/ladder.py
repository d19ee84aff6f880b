"""The ladder encoder of the VLAE (Zhao et al. 2017): segments of the latent vector are read off at several depths."""

from collections.abc import Sequence
from functools import partial
from typing import Any

import torch
from torch import Tensor

from omnilearn.config.registry import Builder, component
from omnilearn.layers import Layer, MultiLayer, Size
from sae_src.structure_modules import Rung, check_segments, takes_segment


@component("ladder-enc")
class LadderEncoder(MultiLayer):
    """A stack of layers with K rungs; (B, *din) to (B, K * (dout // K)).

    Each rung gives dout // K values. They are concatenated deepest rung first, so that the deepest feeds the structural
    layer next to the root of a ladder decoder.

    Args:
        din: size of the input.
        dout: number of values wanted; what K does not divide is left out.
        layers: builders of the layers; those that take a `style_dim` make the `Rung`s.
        first: builder of a first layer, if any.

    Raises:
        ValueError: where there are fewer values than rungs, and for a layer that takes a `style_dim` but is no `Rung`,
            or the other way round.
    """

    def __init__(
        self,
        din: Size,
        dout: int,
        *,
        layers: Sequence[Builder[Layer]],
        first: Builder[Layer] | None = None,
    ) -> None:
        rungs = sum(map(takes_segment, layers))
        if rungs == 0:
            raise ValueError("a ladder encoder needs at least one rung")
        if dout < rungs:
            raise ValueError(f"{dout} latents are too few for {rungs} rungs: raise latent_dim")
        layers = [partial(layer, style_dim=dout // rungs) if takes_segment(layer) else layer for layer in layers]
        super().__init__(din, None, first=first, layers=layers)
        check_segments(self.layers if first is None else self.layers[1:], layers, Rung)
        self.dout = rungs * (dout // rungs)

    def forward(self, inputs: Tensor) -> Tensor:
        """Encode (B, *din) to (B, dout)."""
        segments: list[Tensor] = []
        for layer in self.layers:
            if isinstance(layer, Rung):
                segments.insert(0, layer(inputs))
            else:
                inputs = layer(inputs)
        return torch.cat(segments, dim=1)

    def split_parameters(self, output: Tensor) -> tuple[Tensor, Tensor]:
        """Every rung gives its parameters in pairs (mean, log std), one pair for each latent."""
        return output[:, 0::2], output[:, 1::2]

    def _load_from_state_dict(self, state_dict: dict[str, Any], prefix: str, *args: Any) -> None:
        # The published system kept the last features in a buffer (docs/fidelity.md); they are no state of the model.
        state_dict.pop(f"{prefix}_content", None)
        super()._load_from_state_dict(state_dict, prefix, *args)
