"""The beta-TCVAE (Chen et al., "Isolating sources of disentanglement in VAEs", NeurIPS 2018)."""

from torch import Tensor
from torch.distributions import Normal

from omnilearn.config.registry import Builder, component
from omnilearn.errors import UserError
from omnilearn.layers import Layer, Size
from omnilearn.layers.criteria import Criterion
from omnilearn.optim.weight_schedules import Weight
from sae_src.further_methods.penalised_vae import PenalisedVAE, Penalties
from sae_src.kl_decomposition import Estimator, KLParts, decompose_kl


@component("tcvae")
class TotalCorrelationVAE(PenalisedVAE):
    """The beta-TCVAE: the KL divergence in three parts, each with a weight of its own (equation 4).

    loss = reconstruction + alpha * `mutual_information` + reg_wt * `reg_loss` (the total correlation) + gamma *
    `dimension_wise_kl`, means over the batch.

    Args:
        encoder, decoder, criterion, din, dout, latent_dim: as in `Autoencoder`; the encoder gives normal distributions.
        reg_wt: weight of the total correlation, beta in the paper.
        alpha: weight of the mutual information of latents and observations.
        gamma: weight of the KL divergence of each latent from its prior, summed over latents.
        estimator: how q(z) is estimated from a batch; see `sae_src.kl_decomposition`.
        dataset_size: number of training points; the training fills it in. By default the size of the batch, which
            changes constants alone for `mws`.
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
        reg_wt: Weight = 4.0,
        alpha: float = 1.0,
        gamma: float = 1.0,
        estimator: Estimator = "mws",
        dataset_size: int | None = None,
    ) -> None:
        super().__init__(encoder, decoder, criterion, din=din, dout=dout, latent_dim=latent_dim, reg_wt=reg_wt)
        if dataset_size is not None and dataset_size < 1:
            raise ValueError(f"dataset_size must be at least 1, got {dataset_size}")
        self.alpha, self.gamma, self.estimator, self.dataset_size = alpha, gamma, estimator, dataset_size

    def penalties(self, posterior: Normal, samples: Tensor) -> Penalties:
        """The three parts of the KL divergence; `UserError` where the estimator cannot take the batch."""
        try:
            parts = self.decompose(posterior, samples, self.dataset_size or len(samples))
        except ValueError as error:  # too few points in a batch, or too many
            raise UserError(f"model.estimator: {error}") from error
        return {
            "mutual_information": (self.alpha, parts.mutual_information),
            "reg_loss": (self.weight, parts.total_correlation),
            "dimension_wise_kl": (self.gamma, parts.dimension_wise_kl),
        }

    def decompose(self, posterior: Normal, samples: Tensor, dataset_size: int) -> KLParts:
        """The parts, by the estimator."""
        return decompose_kl(samples, posterior.loc, posterior.scale, dataset_size, self.estimator)
