"""Mutual information gap, MIG (Chen et al., "Isolating sources of disentanglement in VAEs", NeurIPS 2018), and its
counterpart over factors, MIG-sup (Li et al., "Progressive learning and disentanglement of hierarchical
representations", ICLR 2020).

MIG = mean over factors k of (I(z_(1); v_k) - I(z_(2); v_k)) / H(v_k), where z_(1) and z_(2) are the codes with the
largest and second largest mutual information with the factor. MIG-sup = mean over codes j of the largest minus the
second largest over k of I(z_j; v_k) / H(v_k). Codes are discretised into 20 equal-width bins.

Range 0 to 1. MIG is 1 when every factor is known from one code and no other code knows anything about it, 0 when two
codes know the same; MIG-sup is 1 when every code knows one whole factor and nothing else. Extra codes cannot raise
MIG, and lower it only when they share information, so codes of different length compare. An unused code has no gap
and lowers the mean of MIG-sup, which compares across lengths over active codes only (variance above 0.01, which
depends on the scale of the codes). Few points overestimate mutual information with every code (about
(bins - 1)(values - 1) / 2N nats).
"""

from typing import Literal, get_args

import numpy as np
from numpy.typing import ArrayLike

from sae_src.metrics.arrays import check_data, constant_columns
from sae_src.metrics.class_factors import check_classes
from sae_src.metrics.discretisation import discretise, entropy, gap_of_best_two, mutual_information
from sae_src.metrics.metric import Metric

Normaliser = Literal["factor_entropy", "code_entropy"]
"""What mutual information is relative to: H(v_k), as in the papers, or H(z_j) of the code in its bins, as in the
library `ubisoft-laforge-disentanglement-metrics`, where scores fall with the number of bins."""


def score(
    codes_train: ArrayLike,
    factors_train: ArrayLike,
    codes_test: ArrayLike | None = None,
    factors_test: ArrayLike | None = None,
    *,
    seed: int = 0,
    num_bins: int = 20,
    active_variance: float = 0.01,
    normaliser: Normaliser = "factor_entropy",
) -> dict[str, float | np.ndarray]:
    """MIG of codes (N, D) and factors (N, K); the test arrays and the seed are not used.

    Args:
        codes_train: codes (N, D).
        factors_train: factors (N, K).
        codes_test: not used.
        factors_test: not used.
        seed: not used.
        num_bins: equal-width bins of each code.
        active_variance: codes of a larger variance, divided by N - 1, are active.
        normaliser: what mutual information is relative to: the entropy of the factor, or that of the code.

    Returns `discrete_mig`, `mig_sup` (over all codes), `mig_sup_active` (over active codes) and the `entropy` (K,) of
    the factors in nats. All scores are NaN with a factor of one value, `discrete_mig` with a single code, the others
    with a single factor, and `mig_sup_active` without active codes.
    """
    data = check_data(codes_train, factors_train, codes_test, factors_test)
    check_classes(data.factors_train)
    if normaliser not in get_args(Normaliser):
        raise ValueError(f"normaliser must be one of {', '.join(get_args(Normaliser))}, not {normaliser!r}")
    discrete = discretise(data.codes_train, num_bins)
    information = mutual_information(discrete, data.factors_train)
    entropies = entropy(data.factors_train)
    if normaliser == "code_entropy":
        relative = _divide(information, entropy(discrete)[:, None], otherwise=0.0)
        relative[:, entropies == 0] = np.nan
        gaps = gap_of_best_two(relative)
    else:
        relative = _divide(information, entropies, otherwise=np.nan)
        gaps = _divide(gap_of_best_two(information), entropies, otherwise=np.nan)
    code_gaps = gap_of_best_two(relative.T)
    active = _active(data.codes_train, active_variance)
    return {
        "discrete_mig": float(gaps.mean()),
        "mig_sup": float(code_gaps.mean()),
        "mig_sup_active": float(code_gaps[active].mean()) if active.any() else np.nan,
        "entropy": entropies,
    }


def _divide(information: np.ndarray, entropies: np.ndarray, *, otherwise: float) -> np.ndarray:
    return np.divide(information, entropies, out=np.full_like(information, otherwise), where=entropies > 0)


def _active(codes: np.ndarray, least_variance: float) -> np.ndarray:
    if len(codes) < 2:
        return np.zeros(codes.shape[1], dtype=bool)
    with np.errstate(over="ignore"):  # a variance beyond all numbers is above the least
        variances = codes.var(axis=0, ddof=1, dtype=np.float64)
    # The mean of equal numbers need not be that number, so a constant code can show a variance.
    return (variances > least_variance) & ~constant_columns(codes)


METRIC = Metric(
    name="mig",
    title="MIG",
    score=score,
    scores=("discrete_mig", "mig_sup", "mig_sup_active"),
    meaning="one latent informs about a factor more than the next best; a latent about one factor more than the next",
    range="0 to 1, high",
    ignores_test_points=True,
    at_least={"num_bins": 1, "active_variance": 0},
    is_published=True,
)
