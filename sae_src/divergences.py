"""How far the latents are from their prior: the regularisers of the VAE and its kin, the WAE and the sliced WAE."""

from typing import Literal

import torch
from torch import Tensor
from torch.distributions import Normal

from sae_src.kl_decomposition import decompose_kl

__all__ = [
    "annealed_capacity",
    "capacity_penalty",
    "covariance_penalty",
    "decompose_kl",
    "kl_divergence",
    "kl_per_latent",
    "maximum_mean_discrepancy",
    "random_directions",
    "sliced_wasserstein",
]


KLFormula = Literal["published", "exact"]
Kernel = Literal["inverse_multiquadric", "multiscale", "gaussian"]
"""With d^2 the squared distance of two points: D / (D + d^2), the sum over scales s of C s / (C s + d^2), or
exp(-d^2 / C), where C = 2 D h^2 for the bandwidth h."""

KERNEL_SCALES = (0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0)


def kl_divergence(posterior: Normal, formula: KLFormula = "published") -> Tensor:
    """KL divergence from N(0, I), summed over batch and latents.

    `exact` is 0.5 * (mu^2 + sigma^2 - 2 log sigma - 1). `published` is 0.5 * (mu^2 + sigma - log sigma - 1): the
    published system took the standard deviation for the variance, and its models were trained that way. Raises
    `ValueError` for a formula of another name.
    """
    return kl_per_latent(posterior, formula).sum()


def kl_per_latent(posterior: Normal, formula: KLFormula = "exact") -> Tensor:
    """KL divergence (B, D) of each latent of each point from N(0, 1), by a formula of `kl_divergence`."""
    _expect("formula", formula, ("published", "exact"))
    mean, std = posterior.loc, posterior.scale
    if formula == "exact":
        return 0.5 * (mean.square() + std.square() - 2 * std.log() - 1)
    return 0.5 * (mean.square() - std.clamp(min=1e-20).log() + std - 1)


def annealed_capacity(step: int, maximum: float, steps: int) -> float:
    """The KL divergence that the annealed VAE aims for: from 0 along a line to `maximum` at `steps`, then constant."""
    return maximum * min(step / steps, 1.0) if steps > 0 else maximum


def capacity_penalty(
    kl: Tensor, capacity: float | Tensor, *, weight: float, absolute: Literal["mean", "point"] = "mean"
) -> Tensor:
    """How far the KL divergence is from a capacity (annealed VAE, Burgess et al. 2018): a scalar.

    Args:
        kl: KL divergence (B,) of each point, summed over latents.
        capacity: what it should be, such as from `annealed_capacity`.
        weight: of the penalty.
        absolute: weight * |mean over points - capacity|, or weight * mean over points of |kl - capacity|, which is
            larger where the points differ; both are in use.

    Raises `ValueError` for anything else as `absolute`.
    """
    _expect("absolute", absolute, ("mean", "point"))
    return weight * ((kl.mean() if absolute == "mean" else kl) - capacity).abs().mean()


def covariance_penalty(
    loc: Tensor, scale: Tensor, kind: Literal["i", "ii"] = "i", *, off_diagonal: float, diagonal: float
) -> Tensor:
    """How far the covariance of the latents is from the identity (DIP-VAE, Kumar et al. 2018): a scalar.

    With C the covariance of the means over the batch (divided by B), to which kind `ii` adds the mean variance of the
    posteriors on the diagonal: off_diagonal * sum over i != j of C_ij^2 + diagonal * sum over i of (C_ii - 1)^2.

    Args:
        loc: means (B, D) of the posteriors.
        scale: their standard deviations (B, D), used by kind `ii`.
        kind: DIP-VAE-I or -II.
        off_diagonal: weight of the covariances; each pair of latents counts twice.
        diagonal: weight of the variances. Locatello et al. (2019) use 10 times the other one for `i`, the same for
            `ii`.

    Raises `ValueError` for another kind.
    """
    _expect("kind", kind, ("i", "ii"))
    centred = loc - loc.mean(dim=0)
    covariance = centred.T @ centred / len(loc)
    variances = covariance.diagonal()
    covariances = covariance - variances.diag()
    if kind == "ii":
        variances = variances + scale.square().mean(dim=0)
    return off_diagonal * covariances.square().sum() + diagonal * (variances - 1).square().sum()


def maximum_mean_discrepancy(
    p: Tensor, q: Tensor, kernel: Kernel = "inverse_multiquadric", *, bandwidth: float = 1.0
) -> Tensor:
    """Squared MMD between samples (B, D) of the same size; by default the kernel of the published WAE.

    The means within a sample run over pairs of distinct rows, the mean across the samples over all B * B pairs; the
    latter is kept from the published system, and makes the value slightly negative for equal distributions. Samples of
    one point have no such pairs, and so no discrepancy: 0.

    Args:
        p: one sample.
        q: the other sample.
        kernel: see `Kernel`. InfoVAE (Zhao et al. 2019) has `multiscale` and `gaussian`.
        bandwidth: h of those two.

    Raises `ValueError` for a kernel of another name.
    """
    _expect("kernel", kernel, ("inverse_multiquadric", "multiscale", "gaussian"))
    if len(p) < 2:
        return q.sum() * 0  # with a gradient, of zeros
    within = (_mean_of_distinct(_kernel(each, each, kernel, bandwidth)) for each in (p, q))
    return sum(within) - 2 * _kernel(p, q, kernel, bandwidth).mean()


def sliced_wasserstein(p: Tensor, q: Tensor, directions: Tensor) -> Tensor:
    """Mean distance of two samples (B, D), each projected on directions (D, S) and sorted along the batch.

    Mean over the B * S absolute differences.
    """
    return (torch.sort(p @ directions, dim=0).values - torch.sort(q @ directions, dim=0).values).abs().mean()


def random_directions(dimensions: int, count: int, like: Tensor) -> Tensor:
    """Random unit vectors as columns (D, count), from torch's global generator."""
    directions = torch.randn(dimensions, count, device=like.device, dtype=like.dtype)
    return directions / directions.norm(dim=0, keepdim=True)


def _expect(name: str, value: str, allowed: tuple[str, ...]) -> None:
    if value not in allowed:
        raise ValueError(f"{name}: expected one of {', '.join(allowed)}, got {value!r}")


def _kernel(a: Tensor, b: Tensor, kernel: Kernel, bandwidth: float) -> Tensor:
    dimensions = a.shape[1]
    # Differences, not a Gram matrix: that one loses the small distances in float32.
    squared = (a.unsqueeze(1) - b.unsqueeze(0)).square().sum(dim=2)
    if kernel == "inverse_multiquadric":
        return dimensions / (dimensions + squared)
    width = 2 * dimensions * bandwidth**2
    if kernel == "gaussian":
        return (-squared / width).exp()
    widths = [width * scale for scale in KERNEL_SCALES]
    return torch.stack([each / (each + squared) for each in widths]).sum(dim=0)


def _mean_of_distinct(kernel: Tensor) -> Tensor:
    count = len(kernel)
    return (kernel.sum() - kernel.diagonal().sum()) / (count * (count - 1))
