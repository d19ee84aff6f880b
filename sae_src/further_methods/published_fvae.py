"""What the public program of the structural autoencoders computes as the FactorVAE, for fidelity."""

import torch
from torch import Tensor
from torch.distributions import Normal

from omnilearn.config.registry import Builder, component
from omnilearn.layers import Layer, Size
from omnilearn.layers.criteria import Criterion
from omnilearn.optim.weight_schedules import Weight
from sae_src.density_ratio import discriminator_loss, estimated_total_correlation
from sae_src.divergences import kl_divergence
from sae_src.further_methods.penalised_vae import PenalisedVAE, Penalties


@component("published-fvae")
class PublishedFactorVAE(PenalisedVAE):
    """A VAE by the name of FactorVAE, of which the discriminator stays as it was drawn.

    loss = reconstruction + `kl_loss` + reg_wt * `reg_loss` + `discriminator_loss`, for one optimiser. That program
    switches the gradients of the discriminator off, so that the total correlation is the difference of the two logits
    of a random network; and it permutes the latents of each point among each other instead of each latent over the
    batch. The discriminator's loss changes nothing. The KL divergence is by the formula `published`. Whether published
    results came from this program is not known; for the method of the paper take `fvae`.

    Args:
        encoder, decoder, criterion, din, dout, latent_dim: as in `Autoencoder`; the encoder gives normal distributions.
        discriminator: builder of the discriminator, from latents to two logits.
        reg_wt: weight of the total correlation, gamma in the paper.
    """

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
    ) -> None:
        super().__init__(encoder, decoder, criterion, din=din, dout=dout, latent_dim=latent_dim, reg_wt=reg_wt)
        self.discriminator = discriminator(din=self.latent_dim, dout=2).requires_grad_(False)

    def penalties(self, posterior: Normal, samples: Tensor) -> Penalties:
        """The KL divergence, the difference of the logits, and the loss of the discriminator."""
        logits = self.discriminator(samples)
        logits_permuted = self.discriminator(permute_within_points(samples.detach()))
        return {
            "kl_loss": (1.0, kl_divergence(posterior, "published") / len(samples)),
            "reg_loss": (self.weight, estimated_total_correlation(logits)),
            "discriminator_loss": (1.0, discriminator_loss(logits.detach(), logits_permuted)),
        }


def permute_within_points(samples: Tensor) -> Tensor:
    """Samples (B, D) with the D values of each row in an order of its own, from torch's global generator."""
    return samples.gather(1, torch.rand_like(samples).argsort(dim=1))
