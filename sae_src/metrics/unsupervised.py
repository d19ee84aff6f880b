"""Dependence between the codes, without factors (Locatello et al., "Challenging common assumptions in the
unsupervised learning of disentangled representations", ICML 2019).

With S the covariance of the codes and diag(S) its diagonal:
total correlation TC = (sum log diag(S) - log det S) / 2, of a Gaussian with this covariance, in nats;
Wasserstein correlation WC = 2 tr S - 2 tr sqrtm(diag(S) S), and WC / tr S;
mutual information score = mean over ordered pairs of distinct codes, each in 20 equal-width bins, in nats.

All are 0 for independent codes and grow with dependence. TC is a sum over codes and WC scales with their variance:
codes of different length compare by the normalised WC and by the mutual information score only. The covariance
needs many more points than codes; few points overestimate mutual information.
"""

import numpy as np
from numpy.typing import ArrayLike

from sae_src.metrics.arrays import check_codes, constant_columns
from sae_src.metrics.discretisation import discretise, mutual_information
from sae_src.metrics.metric import Metric


def score(
    codes_train: ArrayLike,
    factors_train: ArrayLike | None = None,
    codes_test: ArrayLike | None = None,
    factors_test: ArrayLike | None = None,
    *,
    seed: int = 0,
    num_bins: int = 20,
) -> dict[str, float | np.ndarray]:
    """Correlation scores of codes (N, D); factors, test arrays and the seed are not used.

    Args:
        codes_train: codes (N, D).
        factors_train: not used.
        codes_test: not used.
        factors_test: not used.
        seed: not used.
        num_bins: equal-width bins of each code, for mutual information.

    Returns `gaussian_total_correlation`, `gaussian_wasserstein_correlation`,
    `gaussian_wasserstein_correlation_norm`, `mutual_info_score` and `covariance_matrix` (D, D) (divided by N - 1).
    NaN: everything from the covariance with one point; TC with a constant code; the normalised WC with constant codes
    only; the mutual information score with a single code. TC is infinite when codes depend on each other linearly, as
    far as rounding shows it.
    """
    codes = check_codes(codes_train, factors_train, codes_test, factors_test)
    covariance = _covariance(codes)
    wasserstein = _wasserstein_correlation(covariance)
    total_variance = np.trace(covariance)
    return {
        "gaussian_total_correlation": _total_correlation(covariance),
        "gaussian_wasserstein_correlation": wasserstein,
        "gaussian_wasserstein_correlation_norm": float(wasserstein / total_variance) if total_variance else np.nan,
        "mutual_info_score": _mean_mutual_information(discretise(codes, num_bins)),
        "covariance_matrix": covariance,
    }


def _covariance(codes: np.ndarray) -> np.ndarray:
    if len(codes) < 2:
        return np.full((codes.shape[1], codes.shape[1]), np.nan)
    centred = codes.astype(np.float64) - codes.mean(axis=0, dtype=np.float64)
    centred[:, constant_columns(codes)] = 0
    return centred.T @ centred / (len(codes) - 1)


def _total_correlation(covariance: np.ndarray) -> float:
    variances = np.diag(covariance)
    if not (variances > 0).all():
        return np.nan
    sign, log_determinant = np.linalg.slogdet(covariance)
    return float(0.5 * (np.log(variances).sum() - log_determinant)) if sign > 0 else np.inf


def _wasserstein_correlation(covariance: np.ndarray) -> float:
    if np.isnan(covariance).any():
        return np.nan
    # diag(S) S has the eigenvalues of the symmetric diag(S)^1/2 S diag(S)^1/2, whose roots need no complex sqrtm.
    deviations = np.sqrt(np.diag(covariance))
    eigenvalues = np.linalg.eigvalsh(deviations[:, None] * covariance * deviations)
    return float(2 * np.trace(covariance) - 2 * np.sqrt(np.maximum(eigenvalues, 0)).sum())


def _mean_mutual_information(discrete: np.ndarray) -> float:
    count = discrete.shape[1]
    if count < 2:
        return np.nan
    pairs = mutual_information(discrete, discrete)
    return float((pairs.sum() - np.trace(pairs)) / (count * (count - 1)))


METRIC = Metric(
    name="unsupervised",
    title="UnsupervisedMetrics",
    score=score,
    scores=(
        "gaussian_total_correlation",
        "gaussian_wasserstein_correlation",
        "gaussian_wasserstein_correlation_norm",
        "mutual_info_score",
    ),
    meaning="latents do not depend on each other",
    range="from 0, low",
    need="codes",
    ignores_test_points=True,
    at_least={"num_bins": 1},
    also_results=("mutual_info_score",),
    is_published=True,
)
