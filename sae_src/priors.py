"""Priors of the latents: where new latents are drawn from."""

from abc import ABC, abstractmethod

import torch
from torch import Tensor

from omnilearn.config.registry import component


class Prior(ABC):
    """A distribution over latents, drawn from torch's global generator of the device."""

    @abstractmethod
    def sample(self, count: int, latent_dim: int, device: torch.device | None = None) -> Tensor:
        """Latents of shape (count, latent_dim)."""


@component("gaussian-prior")
class GaussianPrior(Prior):
    """The standard normal distribution N(0, I)."""

    def sample(self, count: int, latent_dim: int, device: torch.device | None = None) -> Tensor:
        """Latents of shape (count, latent_dim)."""
        return torch.randn(count, latent_dim, device=device)


@component("uniform-prior")
class UniformPrior(Prior):
    """The uniform distribution on [0, 1) in each dimension."""

    def sample(self, count: int, latent_dim: int, device: torch.device | None = None) -> Tensor:
        """Latents of shape (count, latent_dim)."""
        return torch.rand(count, latent_dim, device=device)
