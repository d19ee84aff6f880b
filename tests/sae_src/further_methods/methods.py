"""Small models of each method, and what they are built with."""

from functools import partial

import torch
from torch.distributions import Normal

from omnilearn.layers import MLP, GaussianOutput
from omnilearn.layers.criteria import Criterion
from sae_src.further_methods.adagvae import AdaGVAE
from sae_src.further_methods.annealed import AnnealedVAE
from sae_src.further_methods.dipvae import DIPVAE
from sae_src.further_methods.discriminator import Discriminator
from sae_src.further_methods.fvae import FactorVAE
from sae_src.further_methods.infovae import InfoVAE
from sae_src.further_methods.published_fvae import PublishedFactorVAE
from sae_src.further_methods.published_tcvae import PublishedTCVAE
from sae_src.further_methods.qlae import QuantisedAutoencoder
from sae_src.further_methods.tcvae import TotalCorrelationVAE

METHODS = {
    "adagvae": AdaGVAE,
    "annealed": AnnealedVAE,
    "dipvae": DIPVAE,
    "fvae": FactorVAE,
    "infovae": InfoVAE,
    "published/fvae": PublishedFactorVAE,
    "published/tcvae": PublishedTCVAE,
    "qlae": QuantisedAutoencoder,
    "tcvae": TotalCorrelationVAE,
}
# Weights of the terms beside rec_loss and reg_loss.
OTHER_TERMS = {
    "annealed": {"kl_loss": 0.0},
    "dipvae": {"kl_loss": 1.0},
    "fvae": {"kl_loss": 1.0},
    "infovae": {"kl_loss": 1.5, "reg_loss": -1.5},
    "published/fvae": {"kl_loss": 1.0, "discriminator_loss": 1.0},
    "published/tcvae": {"mutual_information": 1.0},
    "tcvae": {"mutual_information": 1.0, "dimension_wise_kl": 1.0},
}


class GaussianMLP(GaussianOutput, MLP):
    """An encoder with normal outputs."""


def make(name, *, din=5, latent_dim=4, **settings):
    """A model of vectors, its networks of one hidden layer."""
    kind = METHODS[name]
    encoder = MLP if kind is QuantisedAutoencoder else GaussianMLP
    if name.endswith("fvae"):
        settings.setdefault("discriminator", partial(Discriminator, hidden=[16, 16]))
    decoder = partial(MLP, hidden=[8])
    return kind(partial(encoder, hidden=[8]), decoder, Criterion("mse"), din=din, latent_dim=latent_dim, **settings)


def posterior_of(values: torch.Tensor, log_variances: torch.Tensor) -> Normal:
    """The normal distributions of means and log variances."""
    return Normal(values, (log_variances / 2).exp())
