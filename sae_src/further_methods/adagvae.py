"""The Ada-GVAE and its sibling Ada-ML-VAE (Locatello et al., "Weakly-supervised disentanglement without compromises",
ICML 2020).
"""

from typing import Any

import torch
from torch import Tensor
from torch.distributions import Normal

from omnilearn.config.registry import Builder, component
from omnilearn.layers import Layer, Size
from omnilearn.layers.criteria import Criterion
from omnilearn.optim.weight_schedules import Weight
from sae_src.divergences import KLFormula, kl_divergence
from sae_src.methods import GaussianAutoencoder, Latent
from sae_src.shared_latents import Average, average_shared


@component("adagvae")
class AdaGVAE(GaussianAutoencoder):
    """A VAE that trains on pairs of observations and gives both the same posterior of the latents that they share.

    A training batch holds B observations, then a partner of each (`dataset.pairs`). loss = reconstruction + reg_wt *
    `reg_loss`, the KL divergence from the prior, both means over all 2 B observations. Outside training observations
    are single, and it is a VAE.

    Args:
        encoder, decoder, criterion, din, dout, latent_dim: as in `Autoencoder`; the encoder gives normal distributions.
        reg_wt: weight of the KL divergence, beta in the paper.
        average: how the posteriors of a shared latent become one; see `Average`.
        symmetric: find shared latents by the mean of the KL divergences in both directions.
        kl: formula of the KL divergence from the prior; see `kl_divergence`.
    """

    takes_pairs = True
    evaluates_singly = True

    def __init__(
        self,
        encoder: Builder[Layer],
        decoder: Builder[Layer],
        criterion: Criterion,
        *,
        din: Size,
        dout: Size | None = None,
        latent_dim: int,
        reg_wt: Weight = 1.0,
        average: Average = "gvae",
        symmetric: bool = False,
        kl: KLFormula = "exact",
    ) -> None:
        super().__init__(encoder, decoder, criterion, din=din, dout=dout, latent_dim=latent_dim, reg_wt=reg_wt)
        self.average, self.symmetric, self.kl = average, symmetric, kl

    def losses(self, observations: Tensor) -> dict[str, Any]:
        """As `Autoencoder`; in training of pairs (2B, *din), the second half partners of the first.

        The `latent` is what the encoder gave, before averages. Raises `ValueError` for an odd number in training.
        """
        posterior = self.encode(observations)
        averaged = self.averaged(posterior) if self.training else posterior
        reconstruction = self.decode(averaged)
        rec_loss = self.criterion(reconstruction, observations) / len(observations)
        reg_loss = self.regulariser(averaged)
        return {
            "loss": rec_loss + self.weight * reg_loss,
            "original": observations,
            "latent": posterior,
            "reconstruction": reconstruction,
            "rec_loss": rec_loss,
            "reg_loss": reg_loss,
        }

    def averaged(self, posterior: Normal) -> Normal:
        """Posteriors (2B, D) with those of the latents averaged that the halves share."""
        if len(posterior.loc) % 2:
            raise ValueError(f"pairs need an even number of observations, got {len(posterior.loc)}")
        halves = zip(posterior.loc.chunk(2), posterior.scale.chunk(2), strict=True)
        first, second = (Normal(mean, std, validate_args=False) for mean, std in halves)
        pair = average_shared(first, second, self.average, symmetric=self.symmetric)
        means, stds = (torch.cat([getattr(each, name) for each in pair]) for name in ("loc", "scale"))
        return Normal(means, stds, validate_args=False)

    def regulariser(self, latent: Latent) -> Tensor:
        """The KL divergence from N(0, I), summed over latents, averaged over the batch."""
        assert isinstance(latent, Normal)
        return kl_divergence(latent, self.kl) / len(latent.loc)
