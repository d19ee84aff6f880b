"""Robust mutual information gap, RMIG, and its JEMMIG (Do and Tran, "Theory and evaluation metrics for learning
disentangled representations", ICLR 2020), from the posteriors of an encoder instead of single codes.

The code z_j of a point is distributed over 100 equal-width bins on [-4, 4] as its posterior N(loc, scale^2) is, made
to sum to 1 where the posterior reaches beyond; p(z_j, v_k) is the mean over the points of each value of the factor.
RMIG = mean over factors k of (I(z_(1); v_k) - I(z_(2); v_k)) / H(v_k), where z_(1) and z_(2) are the codes with the
largest and second largest mutual information; JEMMIG as in `jemmig`, with these quantities.

Range 0 to 1, as MIG, but a code that its posterior blurs counts for less, and an unused one (the prior) for nothing.
It takes codes of about unit scale, as a VAE's prior makes them. Codes of different length compare. Few points
overestimate mutual information, less so the wider the posteriors.
"""

import numpy as np
from numpy.typing import ArrayLike
from scipy.sparse import csr_array
from scipy.special import ndtr, softmax, xlogy

from sae_src.metrics.arrays import as_codes, check_data, class_labels
from sae_src.metrics.class_factors import check_classes
from sae_src.metrics.discretisation import entropy, gap_of_best_two
from sae_src.metrics.jemmig import normalised_scores, raw_scores
from sae_src.metrics.metric import Metric


def score(
    codes_train: ArrayLike,
    factors_train: ArrayLike,
    codes_test: ArrayLike | None = None,
    factors_test: ArrayLike | None = None,
    *,
    scales: ArrayLike,
    seed: int = 0,
    num_bins: int = 100,
    limit: float = 4.0,
) -> dict[str, float | np.ndarray]:
    """RMIG of Gaussian posteriors and factors (N, K); the test arrays and the seed are not used.

    Args:
        codes_train: means (N, D) of the posteriors.
        factors_train: factors (N, K).
        codes_test: not used.
        factors_test: not used.
        scales: standard deviations (N, D) of the posteriors of the training codes, above 0 (`ValueError` otherwise).
        seed: not used.
        num_bins: number of bins.
        limit: the bins reach from -`limit` to `limit`.

    Returns `rmig`, `rmig_jemmig`, per factor `rmig_raw` (K,) (the gap) and `rmig_jemmig_raw` (K,), in nats, and
    `mutual_information` (D, K) in nats. The scores are NaN with a single code and with a factor of one value.
    """
    data = check_data(codes_train, factors_train, codes_test, factors_test)
    check_classes(data.factors_train)
    locs, scales = data.codes_train.astype(np.float64), as_codes(scales, "scales").astype(np.float64)
    if scales.shape != locs.shape:
        raise ValueError(f"scales must have the shape of the codes, {locs.shape}, not {scales.shape}")
    if not (scales > 0).all():
        raise ValueError("scales must be above 0")
    if num_bins < 1 or not 0 < limit < np.inf:
        raise ValueError(f"num_bins must be at least 1 and limit above 0, got {num_bins} and {limit}")
    edges = np.linspace(-limit, limit, num_bins + 1)
    averages = [_mean_by_value(column) for column in data.factors_train.T]
    information, joint = (np.empty((locs.shape[1], len(averages))) for _ in range(2))
    for j, (loc, scale) in enumerate(zip(locs.T, scales.T, strict=True)):
        probabilities = bin_probabilities(loc, scale, edges)
        for k, average in enumerate(averages):
            table = average @ probabilities
            information[j, k], joint[j, k] = _mutual_information(table), _entropy(table)
    entropies = entropy(data.factors_train)
    gaps, raw = gap_of_best_two(information), raw_scores(information, joint)
    relative_gaps = np.divide(gaps, entropies, out=np.full_like(gaps, np.nan), where=entropies > 0)
    return {
        "rmig": float(relative_gaps.mean()),
        "rmig_jemmig": float(normalised_scores(raw, entropies, num_bins).mean()),
        "rmig_raw": gaps,
        "rmig_jemmig_raw": raw,
        "mutual_information": information,
    }


def bin_probabilities(locs: np.ndarray, scales: np.ndarray, edges: np.ndarray) -> np.ndarray:
    """Probabilities (N, n) of n bins between edges (n + 1,) under normal distributions (N,); rows sum to 1."""
    with np.errstate(over="ignore"):
        reach = np.clip((edges - locs[:, None]) / scales[:, None], -1e100, 1e100)
    lower, upper = reach[:, :-1], reach[:, 1:]
    # Above the mean by the other tail: differences of numbers near 1 lose their digits.
    mass = np.where(lower > 0, ndtr(-lower) - ndtr(-upper), ndtr(upper) - ndtr(lower))
    lost = mass.sum(axis=1) < np.finfo(np.float64).tiny
    # So far outside, or so flat, that no probability is left: by the density in the middle of the bins.
    mass[lost] = softmax(-np.square((lower[lost] + upper[lost]) / 2) / 2, axis=1)
    return mass / mass.sum(axis=1, keepdims=True)


def _mean_by_value(column: np.ndarray) -> csr_array:
    """A matrix (C, N) that turns the bin probabilities (N, n) of the points into p(v, bin), (C, n)."""
    labels, _, count = class_labels(column, column)
    points = np.arange(len(labels))
    return csr_array((np.full(len(labels), 1 / len(labels)), (labels, points)), shape=(count, len(labels)))


def _mutual_information(table: np.ndarray) -> float:
    independent = table.sum(axis=1, keepdims=True) * table.sum(axis=0)
    # Where a bin has no probability, 0 log 0 = 0 on both sides.
    information = (xlogy(table, table) - xlogy(table, independent)).sum()
    return max(0.0, float(information))


def _entropy(table: np.ndarray) -> float:
    return float(-xlogy(table, table).sum())


METRIC = Metric(
    name="rmig",
    title="RMIG",
    score=score,
    scores=("rmig", "rmig_jemmig"),
    meaning="as mig and jemmig, with the whole posteriors in place of their means",
    range="0 to 1, high",
    need="posteriors",
    ignores_test_points=True,
    at_least={"num_bins": 1, "limit": 1e-9},
)
