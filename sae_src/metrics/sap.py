"""Separated attribute predictability, SAP (Kumar et al., "Variational inference of disentangled latent concepts",
ICLR 2018).

SAP = mean over factors of the difference between the two codes that predict the factor best. A code predicts a
discrete factor by a linear support vector classifier on that code alone (its test accuracy), and a continuous factor
by linear regression (the squared correlation on the training points).

Range 0 to 1; with classifiers the best value is well below 1, since the second code is right by chance as well: at
most 1 - 1/(number of values). Codes of different length compare. Classifiers differ little beyond a few thousand
training points; the test points set the precision of each accuracy.
"""

import numpy as np
from numpy.typing import ArrayLike
from sklearn.svm import LinearSVC

from sae_src.metrics.arrays import Data, check_data, check_single_precision, class_labels
from sae_src.metrics.class_factors import check_classes, small_fits
from sae_src.metrics.discretisation import gap_of_best_two
from sae_src.metrics.metric import Metric


def score(
    codes_train: ArrayLike,
    factors_train: ArrayLike,
    codes_test: ArrayLike | None = None,
    factors_test: ArrayLike | None = None,
    *,
    seed: int = 0,
    continuous_factors: bool = False,
) -> dict[str, float | np.ndarray]:
    """SAP of codes (N, D) and factors (N, K); the classifiers do not depend on the seed.

    Args:
        codes_train: codes (N, D).
        factors_train: factors (N, K).
        codes_test: codes (M, D).
        factors_test: factors (M, K).
        seed: not used.
        continuous_factors: predict factors by linear regression instead of classifiers; that needs no test arrays, and
            scores a code of variance below 1e-12 as 0.

    Returns `SAP_score` and `SAP_matrix` (D, K). The score is NaN with a single code and with a factor of one value.
    """
    data = check_data(codes_train, factors_train, codes_test, factors_test)
    if not continuous_factors:
        check_classes(data.factors_train, way_out="set continuous_factors, which takes any numbers")
    matrix = _squared_correlations(data) if continuous_factors else _accuracies(data)
    return {"SAP_score": float(gap_of_best_two(matrix).mean()), "SAP_matrix": matrix}


def _squared_correlations(data: Data) -> np.ndarray:
    codes, factors = data.codes_train.astype(np.float64), data.factors_train.astype(np.float64)
    codes, factors = codes - codes.mean(axis=0), factors - factors.mean(axis=0)
    divisor = max(len(codes) - 1, 1)
    covariance = codes.T @ factors / divisor
    code_variance, factor_variance = ((m**2).sum(axis=0) / divisor for m in (codes, factors))
    undefined = np.broadcast_to(np.where(factor_variance > 0, 0.0, np.nan), covariance.shape).copy()
    defined = (code_variance[:, None] > 1e-12) & (factor_variance > 0)
    return np.divide(covariance**2, np.outer(code_variance, factor_variance), out=undefined, where=defined)


def _accuracies(data: Data) -> np.ndarray:
    check_single_precision(data.codes_train)
    matrix = np.full((data.codes_train.shape[1], data.factors_train.shape[1]), np.nan)
    for k in range(matrix.shape[1]):
        labels, test_labels, num_classes = class_labels(data.factors_train[:, k], data.factors_test[:, k])
        if num_classes < 2:
            continue
        for d in range(matrix.shape[0]):
            # The primal solver finds, without draws, the optimum that the dual one approaches; scikit-learn would take
            # a number from the global generator all the same.
            classifier = LinearSVC(C=0.01, class_weight="balanced", dual=False, random_state=0)
            with small_fits():
                classifier.fit(data.codes_train[:, d : d + 1], labels)
            matrix[d, k] = np.mean(classifier.predict(data.codes_test[:, d : d + 1]) == test_labels)
    return matrix


METRIC = Metric(
    name="sap",
    title="SAP",
    score=score,
    scores=("SAP_score",),
    meaning="one latent predicts a factor better than the next best",
    range="0 to below 1, high",
    is_published=True,
)
