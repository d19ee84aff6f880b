"""What the public program of the structural autoencoders computes as the TCVAE, for fidelity."""

import torch
from torch import Tensor
from torch.distributions import Normal

from omnilearn.config.registry import Builder, component
from omnilearn.layers import Layer, Size
from omnilearn.layers.criteria import Criterion
from omnilearn.optim.weight_schedules import LinearWeight, Weight
from sae_src.further_methods.penalised_vae import Penalties
from sae_src.further_methods.tcvae import TotalCorrelationVAE
from sae_src.kl_decomposition import KLParts, decompose_kl_as_published_tcvae


@component("published-tcvae")
class PublishedTCVAE(TotalCorrelationVAE):
    """A VAE by the name of TCVAE, of which the total correlation and the dimension-wise KL divergence are constants.

    See `decompose_kl_as_published_tcvae`. So beta has no effect on any gradient, and what trains the encoder beside the
    reconstruction is a one-sample estimate of the KL divergence with the weight alpha. Whether published results came
    from this program is not known; for the method of the paper take `tcvae`.

    Args:
        encoder, decoder, criterion, din, dout, latent_dim, reg_wt, alpha, gamma, dataset_size: as in
            `TotalCorrelationVAE`.
        warm_up: training steps during which the weight gamma grows from 0 along a line; it has no effect either.
    """

    _gamma: Tensor

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
        warm_up: int = 200,
        dataset_size: int | None = None,
    ) -> None:
        super().__init__(
            encoder,
            decoder,
            criterion,
            din=din,
            dout=dout,
            latent_dim=latent_dim,
            reg_wt=reg_wt,
            alpha=alpha,
            gamma=gamma,
            estimator="published",
            dataset_size=dataset_size,
        )
        self._growth = LinearWeight(gamma, warm_up)
        self.register_buffer("_gamma", torch.tensor(self._growth.value_after(0)), persistent=False)

    def set_step(self, step: int) -> None:
        """Be told how many training steps are done: gamma grows."""
        super().set_step(step)
        self._gamma.fill_(self._growth.value_after(step))

    def penalties(self, posterior: Normal, samples: Tensor) -> Penalties:
        """The three parts, the last with the weight that grows."""
        penalties = super().penalties(posterior, samples)
        return {**penalties, "dimension_wise_kl": (self._gamma, penalties["dimension_wise_kl"][1])}

    def decompose(self, posterior: Normal, samples: Tensor, dataset_size: int) -> KLParts:
        """The parts as that program has them."""
        return decompose_kl_as_published_tcvae(samples, posterior.loc, posterior.scale, dataset_size)
