"""From a layer with plain outputs to one with normal distributions as outputs."""

from typing import Any

import torch
from torch import Tensor
from torch.distributions import Normal

from omnilearn.config.registry import modifier
from omnilearn.layers.base import Layer


@modifier("normal")
class GaussianOutput(Layer):
    """Mixin in front of a `Layer`: doubles its output and reads it as the parameters of a normal distribution.

    `class Encoder(GaussianOutput, MultiLayer)` maps (B, *din) to a `torch.distributions.Normal` over (B, dout) with the
    first half as mean and exp(second half) as standard deviation, neither clamped.

    Raises `ValueError` where the layer cannot give twice `dout` outputs.
    """

    def __init__(self, *args: Any, dout: int, **kwargs: Any) -> None:
        super().__init__(*args, dout=2 * dout, **kwargs)
        if self.dout != 2 * dout:
            raise ValueError(
                f"{dout} latents do not divide evenly: the encoder gives {self.dout} values instead of {2 * dout}; "
                "choose a latent_dim that divides into its segments"
            )
        self.dout = dout

    def forward(self, inputs: Tensor) -> Normal:
        """Map (B, *din) to a normal distribution over (B, dout)."""
        output = super().forward(inputs)
        # At least float32, whatever the precision of the layer: a loss sums over these.
        mean, log_std = self.split_parameters(output.to(torch.promote_types(output.dtype, torch.float32)))
        # The check of the parameters would make the host wait for the device at every step.
        return Normal(mean, log_std.exp(), validate_args=False)
