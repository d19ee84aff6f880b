"""The FactorVAE (Kim and Mnih, "Disentangling by factorising", ICML 2018)."""

from typing import Any, Literal

import torch
from torch import Tensor
from torch.distributions import Normal
from torch.func import functional_call

from omnilearn.config.registry import Builder, component
from omnilearn.errors import UserError
from omnilearn.layers import Layer, Size
from omnilearn.layers.criteria import Criterion
from omnilearn.optim.weight_schedules import Weight
from sae_src.density_ratio import (
    discriminator_loss,
    estimated_total_correlation,
    permute_codes,
    random_permutations,
)
from sae_src.divergences import KLFormula, kl_divergence
from sae_src.further_methods.penalised_vae import PenalisedVAE, Penalties


@component("fvae")
class FactorVAE(PenalisedVAE):
    """The FactorVAE: a discriminator estimates the total correlation of the latents.

    loss = reconstruction + `kl_loss` + reg_wt * `reg_loss`, where the last is the estimate, a mean over the batch. The
    discriminator has an optimiser of its own (`model.discriminator.optim`) and learns from `discriminator_loss`; the
    autoencoder does not learn from that one, nor the discriminator from `loss`.

    Args:
        encoder, decoder, criterion, din, dout, latent_dim: as in `Autoencoder`; the encoder gives normal distributions.
        discriminator: builder of the discriminator, from latents to two logits.
        reg_wt: weight of the total correlation, gamma in the paper.
        kl: formula of the KL divergence; see `kl_divergence`.
        permuted: which samples are permuted for the discriminator: all of the batch, as in the library
            disentanglement_lib, or its second half, where then the first half are the real ones: independent samples as
            in the paper, half as many.
    """

    trained_apart = ("discriminator",)

    def __init__(
        self,
        encoder: Builder[Layer],
        decoder: Builder[Layer],
        criterion: Criterion,
        discriminator: Builder[Layer],
        *,
        din: Size,
        dout: Size | None = None,
        latent_dim: int,
        reg_wt: Weight = 40.0,
        kl: KLFormula = "exact",
        permuted: Literal["all", "half"] = "all",
    ) -> None:
        super().__init__(encoder, decoder, criterion, din=din, dout=dout, latent_dim=latent_dim, reg_wt=reg_wt)
        self.discriminator = discriminator(din=self.latent_dim, dout=2)
        self.kl, self.permuted = kl, permuted

    def losses(self, observations: Tensor) -> dict[str, Any]:
        """As `PenalisedVAE`, with the `discriminator_loss`."""
        result = super().losses(observations)
        with torch.autocast(observations.device.type, enabled=False):
            result["discriminator_loss"] = self.discriminator_loss(result["samples"].detach())
        return result

    def penalties(self, posterior: Normal, samples: Tensor) -> Penalties:
        """The KL divergence, and the total correlation as the discriminator sees it, which does not learn from it."""
        frozen = {name: parameter.detach() for name, parameter in self.discriminator.named_parameters()}
        logits = functional_call(self.discriminator, frozen, (samples,))
        return {
            "kl_loss": (1.0, kl_divergence(posterior, self.kl) / len(samples)),
            "reg_loss": (self.weight, estimated_total_correlation(logits)),
        }

    def discriminator_loss(self, samples: Tensor) -> Tensor:
        """How well the discriminator tells samples (B, D) from permuted ones: a scalar, log 2 by guessing."""
        real, others = samples, samples
        if self.permuted == "half":
            if len(samples) < 2:
                raise UserError("model.permuted: half a batch needs a batch of at least two")
            real, others = samples.chunk(2)
        permuted = permute_codes(others, random_permutations(others))
        logits = self.discriminator(torch.cat([real, permuted]))
        return discriminator_loss(logits[: len(real)], logits[len(real) :])
