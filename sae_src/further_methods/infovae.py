"""The InfoVAE (Zhao et al., "InfoVAE: balancing learning and inference in variational autoencoders", AAAI 2019)."""

from torch import Tensor
from torch.distributions import Normal

from omnilearn.config.registry import Builder, component
from omnilearn.layers import Layer, Size
from omnilearn.layers.criteria import Criterion
from omnilearn.optim.weight_schedules import Weight
from sae_src.divergences import Kernel, KLFormula, kl_divergence, maximum_mean_discrepancy
from sae_src.further_methods.penalised_vae import PenalisedVAE, Penalties


@component("infovae")
class InfoVAE(PenalisedVAE):
    """The InfoVAE with MMD: less or more of the KL divergence, and a distance of all latents from the prior.

    loss = reconstruction + (1 - alpha) * `kl_loss` + (alpha + reg_wt - 1) * `reg_loss` (equation 6), where the last is
    the squared MMD between a sample of each posterior and as many draws of the prior; it may be negative.

    Args:
        encoder, decoder, criterion, din, dout, latent_dim: as in `Autoencoder`; the encoder gives normal distributions.
        reg_wt: lambda in the paper, at least 1 - alpha: else distance from the prior would be rewarded.
        alpha: how much mutual information of latents and observations is wanted, at most 1. With 1 the MMD is all there
            is; with alpha = 0 and reg_wt = 1 it is a VAE.
        kernel: kernel of the MMD; see `Kernel`.
        bandwidth: its bandwidth h.
        kl: formula of the KL divergence; see `kl_divergence`.
    """

    def __init__(
        self,
        encoder: Builder[Layer],
        decoder: Builder[Layer],
        criterion: Criterion,
        *,
        din: Size,
        dout: Size | None = None,
        latent_dim: int,
        reg_wt: Weight = 5.0,
        alpha: float = -0.5,
        kernel: Kernel = "multiscale",
        bandwidth: float = 1.0,
        kl: KLFormula = "exact",
    ) -> None:
        super().__init__(encoder, decoder, criterion, din=din, dout=dout, latent_dim=latent_dim, reg_wt=reg_wt)
        least = self.reg_wt if self.reg_schedule is None else min(self.reg_schedule.start, self.reg_schedule.end)
        if not alpha <= 1:
            raise ValueError(f"alpha must be at most 1, got {alpha}")
        if alpha + least < 1:
            raise ValueError(f"reg_wt must be at least 1 - alpha, {1 - alpha:g}, got {least:g}")
        if not bandwidth > 0:
            raise ValueError(f"bandwidth must be more than 0, got {bandwidth}")
        self.alpha, self.kernel, self.bandwidth, self.kl = alpha, kernel, bandwidth, kl

    def penalties(self, posterior: Normal, samples: Tensor) -> Penalties:
        """The KL divergence and the MMD."""
        count = len(samples)
        discrepancy = maximum_mean_discrepancy(samples, self.sample_prior(count), self.kernel, bandwidth=self.bandwidth)
        return {
            "kl_loss": (1 - self.alpha, kl_divergence(posterior, self.kl) / count),
            "reg_loss": (self.alpha + self.weight - 1, discrepancy),
        }
