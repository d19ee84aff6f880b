"""Joint entropy minus mutual information gap, JEMMIG (Do and Tran, "Theory and evaluation metrics for learning
disentangled representations", ICLR 2020).

For each factor k, with j* the code of the largest mutual information I_k(1) and I_k(2) the second largest, codes in
n = 20 equal-width bins: raw_k = H(z_j*, v_k) - I_k(1) + I_k(2). JEMMIG = mean over k of 1 - raw_k / (H(v_k) + ln n).

Range 0 to 1: 1 when every factor has a code that is the same variable as the factor and no other code knows of it.
Unlike MIG it is lower when that code knows something else too, or is finer than the factor. Codes of different length
compare, other numbers of bins do not. The score of noise is not 0 but about 0.11, however many points; few points
overestimate mutual information.

Where several codes share the largest mutual information (within 1e-9 nats), j* is the one of them with the smallest
joint entropy, so that rounding does not decide.
"""

import numpy as np
from numpy.typing import ArrayLike

from sae_src.metrics.arrays import check_data
from sae_src.metrics.class_factors import check_classes
from sae_src.metrics.discretisation import discretise, entropy, gap_of_best_two, mutual_information
from sae_src.metrics.metric import Metric

TIE = 1e-9
"""Codes whose mutual information with a factor differs by no more, in nats, know the same of it."""


def score(
    codes_train: ArrayLike,
    factors_train: ArrayLike,
    codes_test: ArrayLike | None = None,
    factors_test: ArrayLike | None = None,
    *,
    seed: int = 0,
    num_bins: int = 20,
) -> dict[str, float | np.ndarray]:
    """JEMMIG of codes (N, D) and factors (N, K); the test arrays and the seed are not used.

    Args:
        codes_train: codes (N, D).
        factors_train: factors (N, K).
        codes_test: not used.
        factors_test: not used.
        seed: not used.
        num_bins: number of intervals of equal width that the range of each code is cut into, to measure its mutual
            information with a factor, at least 1: scores of other numbers of bins do not compare.

    Returns `jemmig`, `jemmig_tied` (1 if some factor has several codes of the largest mutual information, else 0),
    and per factor `jemmig_per_factor` (K,) and `jemmig_raw` (K,) in nats. With a single code all but `jemmig_tied`
    are NaN; a factor of one value makes its entry of `jemmig_per_factor`, and so `jemmig`, NaN.
    """
    data = check_data(codes_train, factors_train, codes_test, factors_test)
    check_classes(data.factors_train)
    discrete = discretise(data.codes_train, num_bins)
    information = mutual_information(discrete, data.factors_train)
    entropies = entropy(data.factors_train)
    joint = entropy(discrete)[:, None] + entropies - information
    raw = raw_scores(information, joint)
    per_factor = normalised_scores(raw, entropies, num_bins)
    return {
        "jemmig": float(per_factor.mean()),
        "jemmig_tied": float(_shares_the_largest(information).any()),
        "jemmig_per_factor": per_factor,
        "jemmig_raw": raw,
    }


def raw_scores(information: np.ndarray, joint_entropy: np.ndarray) -> np.ndarray:
    """raw_k (K,) in nats, from mutual information (D, K) and joint entropy (D, K); NaN with a single code."""
    joint_of_best = np.where(_is_largest(information), joint_entropy, np.inf).min(axis=0)
    return joint_of_best - gap_of_best_two(information)


def normalised_scores(raw: np.ndarray, entropies: np.ndarray, num_bins: int) -> np.ndarray:
    """1 - raw / (H + ln n) of raw scores (K,) and entropies (K,); NaN for a factor of entropy 0."""
    return np.where(entropies > 0, 1 - raw / np.where(entropies > 0, entropies + np.log(num_bins), 1), np.nan)


def _is_largest(information: np.ndarray) -> np.ndarray:
    return information >= information.max(axis=0) - TIE


def _shares_the_largest(information: np.ndarray) -> np.ndarray:
    return _is_largest(information).sum(axis=0) > 1


METRIC = Metric(
    name="jemmig",
    title="JEMMIG",
    score=score,
    scores=("jemmig", "jemmig_tied"),
    meaning="one latent informs about a factor more than the next best, and about nothing else",
    range="0 to 1, high; about 0.11 by chance",
    ignores_test_points=True,
    at_least={"num_bins": 1},
)
