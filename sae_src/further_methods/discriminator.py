"""The network that tells samples from permuted ones (Kim and Mnih, "Disentangling by factorising", ICML 2018)."""

from collections.abc import Sequence
from itertools import pairwise

from torch import Tensor, nn

from omnilearn.config.registry import component
from omnilearn.layers import Layer

_SLOPE = 0.2  # of the leaky ReLU, as in the paper


@component("discriminator")
class Discriminator(Layer):
    """Linear maps, each but the last followed by a leaky ReLU of slope 0.2; (B, din) to logits (B, dout).

    Args:
        din: number of latents.
        dout: number of logits.
        hidden: widths of the hidden layers.
        batch_norm: normalise over the batch after each hidden layer's linear map.
    """

    def __init__(
        self, din: int, dout: int = 2, *, hidden: Sequence[int] = (1000,) * 6, batch_norm: bool = False
    ) -> None:
        super().__init__()
        if any(width < 1 for width in hidden):
            raise ValueError(f"hidden: widths must be at least 1, got {list(hidden)}")
        stages: list[nn.Module] = []
        sizes = [din, *hidden]
        for before, after in pairwise(sizes):
            stages.append(nn.Linear(before, after))
            if batch_norm:
                stages.append(nn.BatchNorm1d(after))
            stages.append(nn.LeakyReLU(_SLOPE))
        self.net = nn.Sequential(*stages, nn.Linear(sizes[-1], dout))
        self.din, self.dout = din, dout

    def forward(self, latents: Tensor) -> Tensor:
        """Latents (B, din) to logits (B, dout)."""
        return self.net(latents)
