"""Disentanglement, completeness, informativeness, DCI (Eastwood and Williams, "A framework for the quantitative
evaluation of disentangled representations", ICLR 2018).

R_lk is the importance of code l for predicting factor k with gradient boosted trees (100 rounds of depth 3).
Disentanglement: per code, 1 - entropy of its row of R, to the base K; averaged with the code's share of all of R.
Completeness: per factor, 1 - entropy of its column of R, to the base D; averaged with the factor's share.
Informativeness: mean accuracy of the predictions, on the training and on the test points.

Range 0 to 1. Disentanglement is 1 when every code serves one factor, completeness when every factor is served by one
code. Disentanglement is comparable across lengths of code (an unused code weighs nothing); completeness less so,
since its base is the length. With few training points the trees use noise: importances spread out, both scores fall
and the training accuracy rises.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike
from scipy.stats import entropy

from sae_src.metrics.arrays import check_data, class_labels
from sae_src.metrics.boosting import Backend, Classifier, check_classifiers, fit_classifiers
from sae_src.metrics.class_factors import check_classes
from sae_src.metrics.metric import Metric


def score(
    codes_train: ArrayLike,
    factors_train: ArrayLike,
    codes_test: ArrayLike | None = None,
    factors_test: ArrayLike | None = None,
    *,
    seed: int = 0,
    jobs: int = 1,
    backend: Backend = "presort",
    classifiers: Sequence[Classifier | None] | None = None,
) -> dict[str, float | np.ndarray]:
    """DCI of codes (N, D) and factors (N, K).

    Without test arrays the training points stand for them: `informativeness_test` is then no test.

    `classifiers`, from `boosting.fit_classifiers` on the same training arrays, spares the training; otherwise it runs
    with `seed` in `jobs` processes by `backend`.

    Returns `informativeness_train`, `informativeness_test`, `disentanglement`, `completeness` and
    `importance_matrix` (D, K). A factor of one value makes its column and all scores NaN; a single factor makes
    disentanglement NaN, a single code completeness.
    """
    data = check_data(codes_train, factors_train, codes_test, factors_test)
    check_classes(data.factors_train)
    num_codes, num_factors = data.codes_train.shape[1], data.factors_train.shape[1]
    if classifiers is None:
        classifiers = fit_classifiers(data.codes_train, data.factors_train, seed=seed, jobs=jobs, backend=backend)
    check_classifiers(classifiers, data)
    importance = np.full((num_codes, num_factors), np.nan)
    accuracies = np.full((num_factors, 2), np.nan)
    for k, classifier in enumerate(classifiers):
        if classifier is None:
            continue
        labels, test_labels, _ = class_labels(data.factors_train[:, k], data.factors_test[:, k])
        with np.errstate(invalid="ignore"):
            # scikit-learn divides by the sum, which is 0 when all splits are useless.
            importance[:, k] = np.nan_to_num(classifier.feature_importances_, nan=0.0)
        accuracies[k] = [
            np.mean(classifier.predict(codes) == truth)
            for codes, truth in ((data.codes_train, labels), (data.codes_test, test_labels))
        ]
    on_train, on_test = accuracies.mean(axis=0)
    return {
        "informativeness_train": float(on_train),
        "informativeness_test": float(on_test),
        "disentanglement": disentanglement(importance),
        "completeness": completeness(importance),
        "importance_matrix": importance,
    }


def disentanglement(importance: np.ndarray) -> float:
    """Mean concentration of the rows of an importance matrix (D, K), weighted by their sums; 0 if nothing matters."""
    num_columns = importance.shape[1]
    if num_columns < 2 or np.isnan(importance).any():
        return np.nan
    weights = importance.sum(axis=1)
    if not weights.any():
        return 0.0
    # The offset keeps an empty row from 0 / 0: it counts as evenly spread.
    concentration = 1 - entropy(importance + 1e-11, base=num_columns, axis=1)
    return float(np.average(concentration, weights=weights))


def completeness(importance: np.ndarray) -> float:
    """Mean concentration of the columns of an importance matrix (D, K), weighted by their sums."""
    return disentanglement(importance.T)


METRIC = Metric(
    name="dci",
    title="DCI",
    score=score,
    scores=("informativeness_train", "informativeness_test", "disentanglement", "completeness"),
    meaning="latents serve one factor each (disentanglement), factors need one latent each (completeness), trees read "
    "factors (informativeness)",
    range="0 to 1, high",
    is_published=True,
)
