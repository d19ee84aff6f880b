"""DIP-VAE-I and -II (Kumar et al., "Variational inference of disentangled latent concepts", ICLR 2018)."""

from typing import Literal

from torch import Tensor
from torch.distributions import Normal

from omnilearn.config.registry import Builder, component
from omnilearn.layers import Layer, Size
from omnilearn.layers.criteria import Criterion
from omnilearn.optim.weight_schedules import Weight
from sae_src.divergences import KLFormula, covariance_penalty, kl_divergence
from sae_src.further_methods.penalised_vae import PenalisedVAE, Penalties

# How much the variances weigh, relative to the covariances (Locatello et al. 2019).
_DIAGONAL = {"i": 10.0, "ii": 1.0}


@component("dipvae")
class DIPVAE(PenalisedVAE):
    """The DIP-VAE: the covariance of the latents over the batch shall be the identity.

    loss = reconstruction + `kl_loss` + reg_wt * `reg_loss`, where the last is `covariance_penalty` with the weights 1
    for covariances, each pair of latents counted twice, and `diagonal` for variances.

    Args:
        encoder, decoder, criterion, din, dout, latent_dim: as in `Autoencoder`; the encoder gives normal distributions.
        reg_wt: weight of the covariances, lambda_od in the paper.
        kind: `i` for the covariance of the means, `ii` for that of samples.
        diagonal: lambda_d / lambda_od, by default 10 for `i` and 1 for `ii`.
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
        reg_wt: Weight = 10.0,
        kind: Literal["i", "ii"] = "i",
        diagonal: float | None = None,
        kl: KLFormula = "exact",
    ) -> None:
        super().__init__(encoder, decoder, criterion, din=din, dout=dout, latent_dim=latent_dim, reg_wt=reg_wt)
        self.kind, self.kl = kind, kl
        self.diagonal = _DIAGONAL[kind] if diagonal is None else diagonal
        if not self.diagonal >= 0:
            raise ValueError(f"diagonal must be a number from 0 up, got {self.diagonal}")

    def penalties(self, posterior: Normal, samples: Tensor) -> Penalties:
        """The KL divergence and the penalty of the covariance."""
        mean, std = posterior.loc, posterior.scale
        penalty = covariance_penalty(mean, std, self.kind, off_diagonal=1.0, diagonal=self.diagonal)
        return {
            "kl_loss": (1.0, kl_divergence(posterior, self.kl) / len(mean)),
            "reg_loss": (self.weight, penalty),
        }
