"""What methods share whose loss has several terms beside the reconstruction, from samples of the posteriors."""

from abc import abstractmethod
from typing import Any

import torch
from torch import Tensor
from torch.distributions import Normal

from sae_src.methods import GaussianAutoencoder, Latent

# For the name of each term, its weight and its unweighted value, one number. `reg_loss` has the weight `reg_wt`.
Penalties = dict[str, tuple[float | Tensor, Tensor]]


class PenalisedVAE(GaussianAutoencoder):
    """A VAE whose loss is the reconstruction and the weighted sum of several penalties.

    Samples are decoded in training, means otherwise; penalties are estimated from samples at all times, in float32
    whatever the precision of the networks.
    """

    @abstractmethod
    def penalties(self, posterior: Normal, samples: Tensor) -> Penalties:
        """The terms for posteriors (B, D) and a sample (B, D) of each."""

    def losses(self, observations: Tensor) -> dict[str, Any]:
        """One forward pass over observations (B, *din).

        Returns `loss` = `rec_loss` + the weighted sum of the penalties, the unweighted penalties by their names, and
        the `original`, the `latent`, the `samples` (B, D) of it and the `reconstruction` that they came from.
        """
        posterior = self.encode(observations)
        samples = posterior.rsample()
        reconstruction = self.decode(samples if self.training else posterior.loc)
        rec_loss = self.criterion(reconstruction, observations) / len(observations)
        with torch.autocast(observations.device.type, enabled=False):
            penalties = self.penalties(posterior, samples)
        loss = rec_loss
        for weight, value in penalties.values():
            loss = loss + weight * value
        return {
            "loss": loss,
            "original": observations,
            "latent": posterior,
            "samples": samples,
            "reconstruction": reconstruction,
            "rec_loss": rec_loss,
            **{name: value for name, (_, value) in penalties.items()},
        }

    def regulariser(self, latent: Latent) -> Tensor:
        """The unweighted term `reg_loss` of posteriors (B, D), by a sample of each."""
        assert isinstance(latent, Normal)
        return self.penalties(latent, latent.rsample())["reg_loss"][1]
