"""The Fréchet distance between two sets of features, each taken for a normal distribution.

d = |m1 - m2|^2 + tr S1 + tr S2 - 2 tr (S1 S2)^(1/2), with means m and covariances S (Heusel et al., "GANs trained by a
two time-scale update rule converge to a local Nash equilibrium", NeurIPS 2017, where it is a squared distance). From 0
for equal moments, without an upper limit, in the squared unit of the features.
"""

from typing import NamedTuple

import torch
from torch import Tensor


class Moments(NamedTuple):
    """Mean (D,) and covariance (D, D), with the divisor N - 1, of features; float64 on the CPU."""

    mean: Tensor
    covariance: Tensor


class RunningMoments:
    """The moments of features that come batch by batch, exact to float64, on the device of the features."""

    def __init__(self) -> None:
        self.count = 0
        self._so_far: tuple[Tensor, Tensor] | None = None  # mean (D,), and scatter (D, D) around it

    @torch.no_grad()
    def update(self, features: Tensor) -> None:
        """Take in features (B, D)."""
        features = features.double()
        batch, mean = len(features), features.mean(0)
        deviations = features - mean
        scatter = deviations.T @ deviations
        if self._so_far is not None:
            # Chan, Golub & LeVeque (1983): no difference of large sums, as the sum of squares would need.
            earlier_mean, earlier_scatter = self._so_far
            total = self.count + batch
            step = mean - earlier_mean
            scatter = earlier_scatter + (scatter + torch.outer(step, step) * (self.count * batch / total))
            mean = earlier_mean + step * (batch / total)
        self._so_far = mean, scatter
        self.count += batch

    def moments(self) -> Moments:
        """The moments of all features so far. Raises `ValueError` for fewer than two."""
        if self._so_far is None or self.count < 2:
            raise ValueError(f"a covariance needs at least 2 samples, got {self.count}")
        mean, scatter = self._so_far
        return Moments(mean.cpu(), (scatter / (self.count - 1)).cpu())


def frechet_distance(first: Moments, second: Moments) -> float:
    """The distance between two normal distributions; finite for singular covariances too.

    tr (S1 S2)^(1/2) is the sum of the singular values of S1^(1/2) S2^(1/2), for which no matrix has to be inverted and
    nothing becomes complex.

    Raises `ValueError` where the sizes differ or a moment is not finite.
    """
    if first.mean.shape != second.mean.shape or first.covariance.shape != second.covariance.shape:
        raise ValueError(f"{len(first.mean)} features cannot be compared with {len(second.mean)}")
    for moment in (*first, *second):
        if not moment.isfinite().all():
            raise ValueError("the features have a mean or covariance that is not finite")
    product = _root(first.covariance).T @ _root(second.covariance)
    overlap = torch.linalg.svdvals(product).sum()
    apart = (first.mean.double() - second.mean.double()).square().sum()
    spread = first.covariance.double().trace() + second.covariance.double().trace()
    return max((apart + spread - 2 * overlap).item(), 0.0)  # rounding can take it below


def _root(covariance: Tensor) -> Tensor:
    """A matrix R with R R^T = covariance; eigenvalues that rounding made negative count as 0."""
    values, vectors = torch.linalg.eigh(covariance.double())
    return vectors * values.clamp(min=0).sqrt()
