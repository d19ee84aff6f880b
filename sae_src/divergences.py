"""How far the latents are from their prior: the regularisers of the VAE, the WAE and the sliced WAE."""

from typing import Literal

import torch
from torch import Tensor
from torch.distributions import Normal


def kl_divergence(posterior: Normal, formula: Literal["published", "exact"] = "published") -> Tensor:
    """KL divergence from N(0, I), summed over batch and latents.

    `exact` is 0.5 * (mu^2 + sigma^2 - 2 log sigma - 1). `published` is 0.5 * (mu^2 + sigma - log sigma - 1): the
    published system took the standard deviation for the variance, and its models were trained that way.
    """
    mean, std = posterior.loc, posterior.scale
    if formula == "exact":
        return 0.5 * (mean.square() + std.square() - 2 * std.log() - 1).sum()
    return 0.5 * (mean.square() - std.clamp(min=1e-20).log() + std - 1).sum()


def maximum_mean_discrepancy(p: Tensor, q: Tensor) -> Tensor:
    """Squared MMD between samples (B, D) of the same size; inverse multiquadric kernel D / (D + |a - b|^2).

    The means within a sample run over pairs of distinct rows, the mean across the samples over all B * B pairs; the
    latter is kept from the published system, and makes the value slightly negative for equal distributions.
    """
    within = (_mean_of_distinct(kernel) for kernel in (_kernel(p, p), _kernel(q, q)))
    return sum(within) - 2 * _kernel(p, q).mean()


def sliced_wasserstein(p: Tensor, q: Tensor, directions: Tensor) -> Tensor:
    """Mean distance of two samples (B, D), each projected on directions (D, S) and sorted along the batch.

    Mean over the B * S absolute differences.
    """
    return (torch.sort(p @ directions, dim=0).values - torch.sort(q @ directions, dim=0).values).abs().mean()


def random_directions(dimensions: int, count: int, like: Tensor) -> Tensor:
    """Random unit vectors as columns (D, count), from torch's global generator."""
    directions = torch.randn(dimensions, count, device=like.device, dtype=like.dtype)
    return directions / directions.norm(dim=0, keepdim=True)


def _kernel(a: Tensor, b: Tensor) -> Tensor:
    dimensions = a.shape[1]
    # Differences, not a Gram matrix: that one loses the small distances in float32.
    squared = (a.unsqueeze(1) - b.unsqueeze(0)).square().sum(dim=2)
    return dimensions / (dimensions + squared)


def _mean_of_distinct(kernel: Tensor) -> Tensor:
    count = len(kernel)
    return (kernel.sum() - kernel.diagonal().sum()) / (count * (count - 1))
