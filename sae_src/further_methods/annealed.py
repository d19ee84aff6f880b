"""The annealed VAE (Burgess et al., "Understanding disentangling in beta-VAE", 2018)."""

import math
from collections.abc import Mapping
from typing import Literal

import torch
from torch import Tensor
from torch.distributions import Normal

from omnilearn.config.registry import Builder, component
from omnilearn.layers import Layer, Size
from omnilearn.layers.criteria import Criterion
from omnilearn.optim.weight_schedules import Weight
from sae_src.divergences import KLFormula, annealed_capacity, capacity_penalty, kl_per_latent
from sae_src.further_methods.penalised_vae import PenalisedVAE, Penalties


@component("annealed")
class AnnealedVAE(PenalisedVAE):
    """The annealed VAE: the KL divergence shall be a capacity that grows with the training steps.

    loss = reconstruction + reg_wt * `reg_loss`, where the last is |KL divergence - capacity|; the KL divergence is the
    term `kl_loss`, of weight 0.

    Args:
        encoder, decoder, criterion, din, dout, latent_dim: as in `Autoencoder`; the encoder gives normal distributions.
        reg_wt: weight of the distance, gamma in the paper.
        capacity: the capacity at the end, in nats; it grows from 0 along a line, and stays there.
        capacity_steps: training steps until then; 0 for from the start.
        absolute: the distance of the mean over the batch, or the mean of the distance of each point.
        kl: formula of the KL divergence; see `kl_divergence`.
    """

    _capacity: Tensor

    def __init__(
        self,
        encoder: Builder[Layer],
        decoder: Builder[Layer],
        criterion: Criterion,
        *,
        din: Size,
        dout: Size | None = None,
        latent_dim: int,
        reg_wt: Weight = 1000.0,
        capacity: float = 25.0,
        capacity_steps: int = 100_000,
        absolute: Literal["mean", "point"] = "mean",
        kl: KLFormula = "exact",
    ) -> None:
        super().__init__(encoder, decoder, criterion, din=din, dout=dout, latent_dim=latent_dim, reg_wt=reg_wt)
        if not 0 <= capacity < math.inf:
            raise ValueError(f"capacity must be a number from 0 up, got {capacity}")
        if capacity_steps < 0:
            raise ValueError(f"capacity_steps must be 0 or more, got {capacity_steps}")
        self.capacity, self.capacity_steps, self.absolute, self.kl = capacity, capacity_steps, absolute, kl
        self.register_buffer("_capacity", torch.tensor(self.capacity_after(0)), persistent=False)

    def capacity_after(self, step: int) -> float:
        """The capacity in force once `step` training steps are done."""
        return annealed_capacity(step, self.capacity, self.capacity_steps)

    def set_step(self, step: int) -> None:
        """Be told how many training steps are done: the capacity follows."""
        super().set_step(step)
        self._capacity.fill_(self.capacity_after(step))

    def scheduled(self) -> Mapping[str, float]:
        """The capacity, and the weight where it follows a schedule."""
        return {**super().scheduled(), "capacity": self.capacity_after(self.step)}

    def penalties(self, posterior: Normal, samples: Tensor) -> Penalties:
        """The KL divergence, which is only shown, and its distance from the capacity."""
        kl = kl_per_latent(posterior, self.kl).sum(dim=1)
        distance = capacity_penalty(kl, self._capacity, weight=1.0, absolute=self.absolute)
        return {"kl_loss": (0.0, kl.mean()), "reg_loss": (self.weight, distance)}
