"""Interventional robustness score, IRS (Suter et al., "Robustly disentangled causal mechanisms", ICML 2019).

For a code l and a factor k: within the points that share a value of the factor, take the deviations |z_l - mean z_l|
and their 99 % quantile; average it over the values of the factor, divide by the largest deviation of the code over
all points, and subtract from 1. A code's score is that of its best factor; the total is the mean over codes, weighted
by their largest deviations.

Range: 1 when every code is fixed by one factor, however the other factors change; about 0 when no factor fixes it
(slightly negative values occur). Constant codes are left out, so codes of different length compare, but a code of few
active dimensions can score as high as one of many. More points estimate the quantiles better: with few points per
factor value the score is too high.
"""

import numpy as np
from numpy.typing import ArrayLike

from sae_src.metrics.arrays import check_data, constant_columns
from sae_src.metrics.discretisation import discretise
from sae_src.metrics.metric import Metric


def score(
    codes_train: ArrayLike,
    factors_train: ArrayLike,
    codes_test: ArrayLike | None = None,
    factors_test: ArrayLike | None = None,
    *,
    seed: int = 0,
    diff_quantile: float = 0.99,
) -> dict[str, float | int | np.ndarray]:
    """IRS of codes (N, D) and factors (N, K); the test arrays and the seed are not used.

    Args:
        codes_train: codes (N, D).
        factors_train: factors (N, K), put into 20 equal-width bins first.
        codes_test: not used.
        factors_test: not used.
        seed: not used.
        diff_quantile: quantile of the deviations, above 0 and at most 1.

    Returns `avg_score`, `num_active_dims` A, `active_codes` (D,), a mask of the A codes that are not constant, and for
    these, in order, `disentanglement_scores` (A,), `parents` (A,) (the index of the best factor), `IRS_matrix` (A, K)
    and `max_deviations` (A,). When all codes are constant, `avg_score` is 0, as in the published system.
    """
    data = check_data(codes_train, factors_train, codes_test, factors_test)
    active = ~constant_columns(data.codes_train)
    codes = data.codes_train[:, active].astype(np.float64)
    largest = np.abs(codes - codes.mean(axis=0)).max(axis=0)
    deviations = [_deviation(codes, factor, diff_quantile) for factor in discretise(data.factors_train).T]
    matrix = 1 - np.stack(deviations, axis=1) / largest[:, None]
    scores = matrix.max(axis=1)
    return {
        "avg_score": float(np.average(scores, weights=largest)) if len(scores) else 0.0,
        "num_active_dims": len(scores),
        "active_codes": active,
        "disentanglement_scores": scores,
        "parents": matrix.argmax(axis=1),
        "IRS_matrix": matrix,
        "max_deviations": largest,
    }


def _deviation(codes: np.ndarray, factor: np.ndarray, quantile: float) -> np.ndarray:
    """Quantile of the deviations from the group mean, averaged over the groups of equal factor value: (D,)."""
    groups = (codes[factor == value] for value in np.unique(factor))
    return np.mean([np.quantile(np.abs(group - group.mean(axis=0)), quantile, axis=0) for group in groups], axis=0)


METRIC = Metric(
    name="irs",
    title="IRS",
    score=score,
    scores=("avg_score", "num_active_dims"),
    meaning="each latent is fixed by one factor, however the others change",
    range="0 to 1, high",
    ignores_test_points=True,
    at_least={"diff_quantile": 1e-9},
    at_most={"diff_quantile": 1},
    is_published=True,
)
