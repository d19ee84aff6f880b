"""Factorised support (Roth et al., "Disentanglement of correlated factors via Hausdorff factorized support", ICLR
2023), without factors: whether all combinations of the values of the codes occur, however often each.

For two codes and a batch of points, every value of the one is combined with every value of the other; the distance is
that of the combination which is farthest, squared and Euclidean, from the nearest point of the batch (a one-sided
Hausdorff distance). It is summed or averaged over the pairs of codes, and averaged over consecutive batches of 128.

Range 0 upwards, lower is better: 0 when every combination occurs. Correlation does not matter, only combinations that
are missing. The sum grows with the number of codes and with the square of their scale, and collapsed codes lower it;
the mean over pairs of codes divided by their standard deviations compares across scales and, active codes provided,
lengths. Larger batches fill gaps between bounded codes; for normal codes, whose range grows, they do not lower it:
independent normal codes score about 3.4. More points average more batches and change nothing else.
"""

from collections.abc import Iterator

import numpy as np
from numpy.typing import ArrayLike

from sae_src.metrics.arrays import check_codes, constant_columns
from sae_src.metrics.metric import Metric

_CANDIDATES = 512  # combinations that are measured at once


def score(
    codes_train: ArrayLike,
    factors_train: ArrayLike | None = None,
    codes_test: ArrayLike | None = None,
    factors_test: ArrayLike | None = None,
    *,
    seed: int = 0,
    batch_size: int = 128,
) -> dict[str, float]:
    """Distances of codes (N, D) from a factorised support; the factors, the test arrays and the seed are not used.

    Args:
        codes_train: codes (N, D).
        factors_train: not used.
        codes_test: not used.
        factors_test: not used.
        seed: not used.
        batch_size: number of points that are searched at once for combinations of values, at least 1: with more of them
            fewer combinations are missing by chance, and scores are lower. Those of normal codes, whose range grows,
            hardly change. Points are taken in the given order, and the last batch is shorter. A batch of B takes memory
            for D B^2 numbers.

    Returns `factorised_support`, the mean over pairs of standardised codes (constant ones are left as they are), and
    `factorised_support_sum`, the sum over pairs of the codes as given. With a single code there are no pairs: the
    mean is NaN and the sum 0.
    """
    codes = check_codes(codes_train, factors_train, codes_test, factors_test)
    if batch_size < 1:
        raise ValueError(f"batch_size must be at least 1, got {batch_size}")
    codes = codes.astype(np.float64)
    # By the largest value first: squares of very small or very large numbers leave the range of numbers.
    largest = np.abs(codes).max(axis=0)
    scaled = codes / np.where(largest > 0, largest, 1)
    deviations = scaled.std(axis=0)
    undefined = constant_columns(codes) | (deviations == 0)
    standardised = pair_distances(np.where(undefined, codes, scaled / np.where(undefined, 1, deviations)), batch_size)
    with np.errstate(over="ignore"):  # the sum of codes as given may be beyond all numbers: infinite
        summed = pair_distances(codes, batch_size).sum(axis=1).mean()
    return {
        "factorised_support": float(standardised.mean()) if standardised.size else np.nan,
        "factorised_support_sum": float(summed),
    }


def pair_distances(codes: np.ndarray, batch_size: int) -> np.ndarray:
    """Distance of every batch and every pair i < j of codes (N, D): (number of batches, D (D - 1) / 2)."""
    return np.array([list(_distances(codes[start : start + batch_size])) for start in range(0, len(codes), batch_size)])


def _distances(batch: np.ndarray) -> Iterator[float]:
    squares = np.square(batch.T[:, :, None] - batch.T[:, None, :])
    for i, first in enumerate(squares):
        for second in squares[i + 1 :]:
            yield _largest_of_nearest(first, second)


def _largest_of_nearest(first: np.ndarray, second: np.ndarray) -> float:
    """Max over a, b of min over c of `first[a, c] + second[b, c]`, for two symmetric matrices (B, B).

    Exactly that, but most combinations are never compared with all points: their distance from the first quarter of
    the points is an upper bound, and those whose bound is no larger than a distance already found are out.
    """
    count = len(first)
    table = first[0][:, None] + second[0]
    space = np.empty_like(table)
    for c in range(1, count // 4):
        np.add(first[c][:, None], second[c], out=space)
        np.minimum(table, space, out=table)
    bounds = table.ravel()
    largest = -1.0
    while True:
        open_ones = np.flatnonzero(bounds > largest)
        if len(open_ones) == 0:
            return largest
        if len(open_ones) > _CANDIDATES:
            open_ones = open_ones[np.argpartition(bounds[open_ones], -_CANDIDATES)[-_CANDIDATES:]]
        a, b = np.divmod(open_ones, count)
        bounds[open_ones] = (first[a] + second[b]).min(axis=1)
        largest = max(largest, float(bounds[open_ones].max()))


METRIC = Metric(
    name="factorised-support",
    title="FactorisedSupport",
    score=score,
    scores=("factorised_support", "factorised_support_sum"),
    meaning="every value of one latent occurs with every value of the others, whatever the factors",
    range="from 0, low",
    need="codes",
    ignores_test_points=True,
    at_least={"batch_size": 1},
)
