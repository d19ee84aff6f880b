"""The methods: autoencoder, variational, Wasserstein and sliced Wasserstein autoencoder, and their losses.

Every method here has the same loss: reconstruction + reg_wt * regulariser, both summed over the values of a sample and
averaged over the batch where the formulas below do not say otherwise. The weight may follow a schedule. Noise and
priors come from torch's global generator, so `torch.manual_seed` before a loss makes it repeatable.
"""

import logging
import math
from collections.abc import Mapping
from typing import Literal

import numpy as np
import torch
from torch import Tensor, nn
from torch.distributions import Normal

from omnilearn.config.registry import Builder, component
from omnilearn.data.own.one_array import without_mask
from omnilearn.errors import UserError
from omnilearn.layers import Layer, Size, as_size, flat_size
from omnilearn.layers.criteria import Criterion
from omnilearn.model import Model
from omnilearn.optim.weight_schedules import Weight, WeightSchedule
from sae_src.divergences import kl_divergence, maximum_mean_discrepancy, random_directions, sliced_wasserstein
from sae_src.priors import GaussianPrior, Prior

Latent = Tensor | Normal


def mean_of(latent: Latent) -> Tensor:
    """The latents themselves (B, D), or the mean of their distribution."""
    return latent.loc if isinstance(latent, Normal) else latent


@component("ae")
class Autoencoder(Model):
    """An encoder and a decoder trained to reconstruct.

    Args:
        encoder: builder of the encoder, from `din` to the latents.
        decoder: builder of the decoder, from the latents to `dout`.
        criterion: reconstruction criterion with reduction `sum`; the loss divides it by the batch size.
        din: size of the observations.
        dout: size of the reconstructions (default `din`).
        latent_dim: number of latents D.
        reg_wt: weight of the regulariser, or a schedule of it; 0 leaves it out.
        reg: the regulariser of the latents: the sum over the batch of each sample's 1-norm (`L1`), 2-norm (`L2`) or
            squared 2-norm (`pow2`), divided by the batch size.

    Attributes:
        reg_wt: weight of the regulariser; that at the end of a schedule.
        reg_schedule: the schedule of the weight, if any.

    Raises:
        ValueError: where the encoder's and decoder's numbers of latents do not fit, or a number is out of its range.
    """

    evaluates_singly = True
    prior: Prior | None = None
    _scheduled_weight: Tensor

    def __init__(
        self,
        encoder: Builder[Layer],
        decoder: Builder[Layer],
        criterion: Criterion,
        *,
        din: Size,
        dout: Size | None = None,
        latent_dim: int,
        reg_wt: Weight = 0.0,
        reg: Literal["L1", "L2", "pow2"] = "L2",
    ) -> None:
        super().__init__()
        if latent_dim < 1:
            raise ValueError(f"latent_dim must be at least 1, got {latent_dim}")
        self.reg_schedule = reg_wt if isinstance(reg_wt, WeightSchedule) else None
        self.reg_wt = reg_wt.end if isinstance(reg_wt, WeightSchedule) else reg_wt
        if not 0 <= self.reg_wt < math.inf:
            raise ValueError(f"reg_wt must be a number from 0 up, got {self.reg_wt}")
        self.din = as_size(din)
        self.dout = self.din if dout is None else as_size(dout)
        self.encoder = encoder(din=self.din, dout=latent_dim)
        self.decoder = decoder(din=self.encoder.dout, dout=self.dout)
        self.criterion = criterion
        self.latent_dim = flat_size(self.decoder.din)
        self.reg = reg
        if self.reg_schedule is not None:
            self.register_buffer("_scheduled_weight", torch.tensor(self.reg_schedule.value_after(0)), persistent=False)

    def encode(self, observations: Tensor | np.ndarray) -> Latent:
        """Observations (B, *din) to latents (B, D), or to a normal distribution over them."""
        return self.encoder(self.as_input(observations, self.din, "encode"))

    def decode(self, latent: Latent | np.ndarray) -> Tensor:
        """Latents (B, D) to reconstructions (B, *dout); a distribution is sampled in training, else its mean taken."""
        if isinstance(latent, Normal):
            latent = latent.rsample() if self.training else latent.loc
        return self.decoder(self.as_input(latent, self.decoder.din, "decode"))

    def as_input(self, values: Tensor | np.ndarray, size: Size, taker: str) -> Tensor:
        """A tensor as it is; an array of numpy as float32 where the model is, uint8 scaled to [0, 1].

        Raises `UserError`, about what takes them, where values are not (B, *size), and for masked ones.
        """
        shape = (size,) if isinstance(size, int) else tuple(size)
        if values.ndim == 0 or tuple(values.shape[1:]) != shape:
            wanted = ", ".join(["B", *map(str, shape)])
            raise UserError(f"{taker}: expected a batch of the shape ({wanted}), got {tuple(values.shape)}")
        if isinstance(values, Tensor):
            return values
        found = torch.from_numpy(np.ascontiguousarray(without_mask(values, taker)))
        found = found.to(next(self.parameters()).device)
        return found.float() / 255 if found.dtype == torch.uint8 else found.float()

    def losses(self, observations: Tensor) -> dict[str, Tensor | Latent]:
        """One forward pass over observations (B, *din).

        Returns `loss` = `rec_loss` + weight * `reg_loss`, the latter only where there is a weight, and the `original`,
        the `latent` and the `reconstruction` that they came from.
        """
        latent = self.encode(observations)
        reconstruction = self.decode(latent)
        rec_loss = self.criterion(reconstruction, observations) / len(observations)
        result = {"original": observations, "latent": latent, "reconstruction": reconstruction, "rec_loss": rec_loss}
        if self.is_regularised:
            result["reg_loss"] = self.regulariser(latent)
            return {"loss": rec_loss + self.weight * result["reg_loss"], **result}
        return {"loss": rec_loss, **result}

    @property
    def is_regularised(self) -> bool:
        """Whether there is a regulariser at all."""
        return self.reg_wt > 0 or self.reg_schedule is not None

    @property
    def weight(self) -> float | Tensor:
        """The weight of the regulariser in force: `reg_wt`, or what its schedule says, as a scalar on the device."""
        return self.reg_wt if self.reg_schedule is None else self._scheduled_weight

    def set_step(self, step: int) -> None:
        """Be told how many training steps are done: the weight follows its schedule."""
        super().set_step(step)
        if self.reg_schedule is not None:
            self._scheduled_weight.fill_(self.reg_schedule.value_after(step))

    def scheduled(self) -> Mapping[str, float]:
        """The weight, as `reg_wt`, where it follows a schedule."""
        return {} if self.reg_schedule is None else {"reg_wt": self.reg_schedule.value_after(self.step)}

    def regulariser(self, latent: Latent) -> Tensor:
        """The unweighted regulariser of latents (B, D), one number."""
        latent = mean_of(latent)
        if self.reg == "pow2":
            return latent.square().sum() / len(latent)
        return latent.norm(p=int(self.reg[1]), dim=1).sum() / len(latent)

    def sample_prior(self, count: int) -> Tensor:
        """Latents (count, D) drawn from the prior; `ValueError` for a method without one."""
        if self.prior is None:
            raise ValueError(f"{type(self).__name__} has no prior to sample from")
        return self.prior.sample(count, self.latent_dim, next(self.parameters()).device)

    def generate(self, count: int) -> Tensor:
        """New samples (count, *dout), decoded from the prior."""
        return self.decode(self.sample_prior(count))


class GaussianAutoencoder(Autoencoder):
    """An autoencoder of which the encoder gives normal distributions, and the prior is N(0, I)."""

    evaluates_singly = True
    prior = GaussianPrior()

    def encode(self, observations: Tensor | np.ndarray) -> Normal:
        """Observations (B, *din) to a normal distribution over latents (B, D)."""
        latent = self.encoder(self.as_input(observations, self.din, "encode"))
        if not isinstance(latent, Normal):
            raise ValueError("a VAE needs an encoder with the modifier `normal`")
        return latent


def as_autoencoder(model: nn.Module) -> Autoencoder:
    """The model as the autoencoder that it is; `UserError` for any other kind of model."""
    if not isinstance(model, Autoencoder):
        raise UserError(f"{type(model).__name__} is not an autoencoder: it cannot be looked at this way")
    return model


@component("vae")
class VariationalAutoencoder(GaussianAutoencoder):
    """The VAE (Kingma & Welling 2014), beta-VAE for reg_wt other than 1; the encoder gives normal distributions.

    The regulariser is the KL divergence from N(0, I), summed over latents, averaged over the batch.

    Args:
        encoder, decoder, criterion, din, dout, latent_dim, reg_wt: as in `Autoencoder`.
        kl: its formula: `published`, which takes the standard deviation for the variance, or `exact`.
    """

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
        kl: Literal["published", "exact"] = "published",
    ) -> None:
        super().__init__(encoder, decoder, criterion, din=din, dout=dout, latent_dim=latent_dim, reg_wt=reg_wt)
        if not self.is_regularised:
            logging.getLogger(__name__).warning("a VAE needs a reg_wt above 0: using 1 instead of %g", self.reg_wt)
            self.reg_wt = 1.0
        self.kl = kl

    def regulariser(self, latent: Latent) -> Tensor:
        """The KL divergence from N(0, I) of distributions (B, D), summed over latents, averaged over the batch."""
        assert isinstance(latent, Normal)
        return kl_divergence(latent, self.kl) / len(latent.loc)


@component("wae")
class WassersteinAutoencoder(Autoencoder):
    """The WAE with MMD (Tolstikhin et al. 2018).

    The regulariser is the squared MMD between the latents and as many draws of the prior.

    Args:
        encoder, decoder, criterion, din, dout, latent_dim, reg_wt: as in `Autoencoder`.
        prior: the distribution that latents are to have (default: N(0, I)).
        divide_by_batch: divide the MMD by the batch size, as published: a reg_wt of 10 acts like 10 / 128.
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
        prior: Prior | None = None,
        divide_by_batch: bool = True,
    ) -> None:
        super().__init__(encoder, decoder, criterion, din=din, dout=dout, latent_dim=latent_dim, reg_wt=reg_wt)
        self.prior = prior or GaussianPrior()
        self.divide_by_batch = divide_by_batch

    def regulariser(self, latent: Latent) -> Tensor:
        """The squared MMD between latents (B, D) and draws of the prior."""
        latent = mean_of(latent)
        divergence = maximum_mean_discrepancy(self.sample_prior(len(latent)), latent)
        return divergence / len(latent) if self.divide_by_batch else divergence


@component("swae")
class SlicedWassersteinAutoencoder(Autoencoder):
    """The sliced WAE (Kolouri et al. 2018).

    The regulariser is the mean absolute difference of the sorted projections of the latents and of as many draws of
    the prior, over random directions and the batch.

    Args:
        encoder, decoder, criterion, din, dout, latent_dim, reg_wt: as in `Autoencoder`.
        prior: the distribution that latents are to have (default: N(0, I)).
        slices: directions to project on (default: as many as latents).
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
        prior: Prior | None = None,
        slices: int | None = None,
    ) -> None:
        super().__init__(encoder, decoder, criterion, din=din, dout=dout, latent_dim=latent_dim, reg_wt=reg_wt)
        self.prior = prior or GaussianPrior()
        self.slices = slices or self.latent_dim

    def regulariser(self, latent: Latent) -> Tensor:
        """The sliced Wasserstein distance between latents (B, D) and draws of the prior."""
        latent = mean_of(latent)
        # The directions are drawn before the prior: the order of the published system.
        directions = random_directions(self.latent_dim, self.slices, latent)
        return sliced_wasserstein(self.sample_prior(len(latent)), latent, directions)
