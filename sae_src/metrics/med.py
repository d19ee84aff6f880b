"""Mutual-information-based disentanglement, MED, and top-k MED (Cao et al., "An empirical study on disentanglement of
negative-free contrastive learning", NeurIPS 2022).

R_jk is the mutual information of code j (20 equal-width bins) and factor k, over its sum over the codes.
Disentanglement and completeness of R are those of DCI: 1 - entropy of a row to the base K, averaged with the row's
share of R; 1 - entropy of a column to the base D, averaged.
Top-k keeps, of the codes that share their largest R_jk in factor k, the k most disentangled ones, for every factor,
and scores these rows of R: what a long code has besides its best codes does not count. Equal codes: the first.
Informativeness: mean accuracy of a logistic regression per factor from all codes, on training and test points.

Range 0 to 1. Disentanglement is 1 when every code knows one factor only, completeness when every factor is known to
one code only. Completeness depends on D through its base, and falls with every code that knows anything; the top-k
scores compare across D. Mutual information is overestimated from few points (about (bins - 1)(values - 1) / 2N nats
for every code), which spreads R and lowers all scores. A code that knows hardly anything, but of one factor only, is
preferred to a better code, and a factor that no code knows best has no code among the kept: look at their number.
"""

import numpy as np
from numpy.typing import ArrayLike
from sklearn.linear_model import LogisticRegression

from sae_src.metrics.arrays import check_data, class_labels, constant_columns
from sae_src.metrics.class_factors import check_classes, small_fits
from sae_src.metrics.dci import completeness, disentanglement
from sae_src.metrics.discretisation import discretise, mutual_information
from sae_src.metrics.metric import Metric
from sae_src.metrics.standardisation import standardise

_ROUNDING = 1e-12  # mutual information below this is rounding: 0


def score(
    codes_train: ArrayLike,
    factors_train: ArrayLike,
    codes_test: ArrayLike | None = None,
    factors_test: ArrayLike | None = None,
    *,
    seed: int = 0,
    num_bins: int = 20,
) -> dict[str, float | np.ndarray]:
    """MED of codes (N, D) and factors (N, K) of classes; the seed is not used.

    Args:
        codes_train: codes (N, D).
        factors_train: factors (N, K).
        codes_test: codes (M, D) to test the logistic regressions on.
        factors_test: factors (M, K) to test them on.
        seed: not used.
        num_bins: number of intervals of equal width that the range of each code is cut into, to measure its mutual
            information with a factor, at least 1: more bins need more points.

    Returns `disentanglement`, `completeness`, `informativeness_train`, `informativeness_test`, `top1_disentanglement`
    and `top1_completeness`; `top1_codes`, how many codes were kept for these; `importance_matrix` (D, K), which is R;
    `disentanglement_per_code` (D,), and `kept_codes`, their numbers. NaN: everything with a factor of one value,
    disentanglement with a single factor, completeness with a single code, `top1_completeness` with one kept code.
    A constant code has R_jk = 0 and the first factor as its own, so it may be kept. Raises `ValueError` for
    real-valued factors.
    """
    data = check_data(codes_train, factors_train, codes_test, factors_test)
    check_classes(data.factors_train)
    importance = _importance(data.codes_train, data.factors_train, num_bins)
    kept = top_codes(importance, 1)
    codes, test_codes = standardise(data.codes_train), standardise(data.codes_test, data.codes_train)
    accuracies = [
        _accuracies(codes, test_codes, *class_labels(data.factors_train[:, k], data.factors_test[:, k]))
        for k in range(importance.shape[1])
    ]
    on_train, on_test = np.mean(accuracies, axis=0)
    return {
        "disentanglement": disentanglement(importance),
        "completeness": completeness(importance),
        "informativeness_train": float(on_train),
        "informativeness_test": float(on_test),
        "top1_disentanglement": disentanglement(importance[kept]) if len(kept) else np.nan,
        "top1_completeness": completeness(importance[kept]) if len(kept) else np.nan,
        "top1_codes": len(kept),
        "importance_matrix": importance,
        "disentanglement_per_code": _per_code(importance),
        "kept_codes": kept,
    }


def top_codes(importance: np.ndarray, count: int) -> np.ndarray:
    """The numbers, in order, of the `count` most disentangled codes of each factor in an importance matrix (D, K).

    A code is of the factor in which its row is largest. Of codes, and of factors, that are equal to within 1e-12, the
    first. Empty with a NaN in the matrix.
    """
    if np.isnan(importance).any():
        return np.zeros(0, dtype=np.intp)
    owner = np.round(importance, 12).argmax(axis=1)
    best_first = np.argsort(-np.round(np.nan_to_num(_per_code(importance)), 12), kind="stable")
    kept = [best_first[owner[best_first] == k][:count] for k in range(importance.shape[1])]
    return np.sort(np.concatenate(kept))


def _importance(codes: np.ndarray, factors: np.ndarray, num_bins: int) -> np.ndarray:
    information = mutual_information(discretise(codes, num_bins), factors)
    information = np.where(information < _ROUNDING, 0.0, information)
    totals = information.sum(axis=0)
    importance = np.divide(information, totals, out=np.zeros_like(information), where=totals > 0)
    return np.where(constant_columns(factors), np.nan, importance)


def _per_code(importance: np.ndarray) -> np.ndarray:
    """Disentanglement (D,) of each row of an importance matrix (D, K)."""
    return np.array([disentanglement(row[None]) for row in importance])


def _accuracies(
    train: np.ndarray, test: np.ndarray, labels: np.ndarray, test_labels: np.ndarray, num_classes: int
) -> tuple[float, float]:
    if num_classes < 2:
        return np.nan, np.nan
    with small_fits():
        classifier = LogisticRegression().fit(train, labels)
    return float(np.mean(classifier.predict(train) == labels)), float(np.mean(classifier.predict(test) == test_labels))


METRIC = Metric(
    name="med",
    title="MED",
    score=score,
    scores=(
        "disentanglement",
        "completeness",
        "informativeness_train",
        "informativeness_test",
        "top1_disentanglement",
        "top1_completeness",
        "top1_codes",
    ),
    meaning="each latent informs about one factor (disentanglement), each factor is known to one latent "
    "(completeness), as dci but by mutual information; top1 counts only the purest latent of each factor",
    range="0 to 1, high",
    at_least={"num_bins": 1},
)
