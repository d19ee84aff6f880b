"""A method."""

from torch import Tensor

from omnilearn.config import component
from sae_src.methods import Autoencoder, Latent, mean_of


@component("sparse-ae")
class SparseAutoencoder(Autoencoder):
    """An autoencoder whose regulariser is the mean absolute value of the latents; reg_wt is its weight."""

    def regulariser(self, latent: Latent) -> Tensor:
        """The absolute values of latents (B, D), mean over latents and batch."""
        return mean_of(latent).abs().mean()
