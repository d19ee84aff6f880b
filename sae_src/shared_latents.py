"""Latents that the two members of a pair share (Ada-GVAE, Locatello et al., "Weakly-supervised disentanglement without
compromises", ICML 2020).

A latent counts as shared where its posteriors differ little: where their divergence is less than halfway between
the least and the largest of the pair. With one latent, or all divergences equal, none is shared.
"""

from typing import Literal

import torch
from torch import Tensor
from torch.distributions import Normal
from torch.distributions import kl_divergence as kl_between

Average = Literal["gvae", "ml_vae"]
"""Mean and variance are those of the two averaged, or those of the product of the two densities with twice its
variance."""


def divergences(first: Normal, second: Normal, *, symmetric: bool = False) -> Tensor:
    """KL(first || second) of each latent of each pair, (B, D), or the mean of both directions.

    The paper has the one direction; some programs the symmetric form, which shares other latents.
    """
    forward = kl_between(first, second)
    return (forward + kl_between(second, first)) / 2 if symmetric else forward


def shared_latents(divergences: Tensor) -> Tensor:
    """Which latents are shared, a mask (B, D), by their divergences (B, D)."""
    return divergences < (divergences.amin(dim=1, keepdim=True) + divergences.amax(dim=1, keepdim=True)) / 2


def average_shared(
    first: Normal, second: Normal, average: Average = "gvae", *, symmetric: bool = False
) -> tuple[Normal, Normal]:
    """The posteriors (B, D) of both members with those of shared latents averaged.

    Gradients go through the averages, none through the choice of what is shared.
    """
    shared = shared_latents(divergences(first, second, symmetric=symmetric))
    variances = first.variance, second.variance
    if average == "gvae":
        loc, variance = (first.loc + second.loc) / 2, (variances[0] + variances[1]) / 2
    else:
        total = variances[0] + variances[1]
        loc = (first.loc * variances[1] + second.loc * variances[0]) / total
        variance = 2 * variances[0] * variances[1] / total
    scale = variance.sqrt()
    one, other = (
        Normal(torch.where(shared, loc, each.loc), torch.where(shared, scale, each.scale), validate_args=False)
        for each in (first, second)
    )
    return one, other
