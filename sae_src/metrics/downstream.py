"""Downstream classification: how well, and from how few points, classifiers learn the factors from the codes (Locatello
et al., "Challenging common assumptions in the unsupervised learning of disentangled representations", ICML 2019).

For n = 10, 100, 1,000 and 10,000: per factor, a logistic regression and gradient boosted trees (100 rounds of depth 3)
are trained on the first n training points, and score their accuracy on all test points; mean over factors. The
strength of the penalty of the logistic regression is chosen among 10 values from 1e-4 to 1e4 by cross-validation in 5
consecutive parts; codes are standardised for it by the n points. Sample efficiency: accuracy at n over that at the
largest number of points that could be scored, both means over the factors that were scored at both.

Range 0 to 1, with chance the share of a factor's most frequent value, which differs between factors. A factor that n
points are too few for is skipped there, and the mean is over the others: those with one class among the n points,
and for the logistic regression those of which some part holds all points of a class. Compare means only where the
same factors were scored. Longer codes give a classifier more to work with, and with few points more to be misled by.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import KFold

from sae_src.metrics.arrays import Data, check_data, class_labels, constant_columns
from sae_src.metrics.boosting import Backend, Classifier, check_classifiers, fit_classifiers
from sae_src.metrics.class_factors import check_classes, small_fits
from sae_src.metrics.metric import Metric
from sae_src.metrics.standardisation import standardise

_STRENGTHS = np.logspace(-4, 4, 10)
_PARTS = 5
_SIZES = (10, 100, 1000, 10000)
_TOO_FEW = 10  # points leave out most factors, and the efficiency with them is no score


def score(
    codes_train: ArrayLike,
    factors_train: ArrayLike,
    codes_test: ArrayLike | None = None,
    factors_test: ArrayLike | None = None,
    *,
    seed: int = 0,
    sizes: Sequence[int] = _SIZES,
    jobs: int = 1,
    backend: Backend = "presort",
    classifiers: Sequence[Classifier | None] | None = None,
) -> dict[str, float | np.ndarray]:
    """Downstream accuracies of codes (N, D) and factors (N, K) of classes.

    Args:
        codes_train: codes (N, D).
        factors_train: factors (N, K).
        codes_test: codes (M, D).
        factors_test: factors (M, K).
        seed: of the trees; the logistic regressions make no draws.
        sizes: numbers S of training points.
        jobs: processes to spread the trees of the factors over.
        backend: who trains the trees.
        classifiers: from `boosting.fit_classifiers` on the same training arrays; spares the training of trees where
            a number of training points is N.

    Returns, for each n in `sizes`, `logistic_regression_n` and `boosted_trees_n`, the mean test accuracies;
    `..._factors_n`, how many factors these are means over, and `..._worst_n`, the smallest of them; and, but for the
    largest n, `..._efficiency_n`, relative to the accuracy at `..._efficiency_base` points, 0 where none could be
    scored. As arrays `..._train` and `..._test` (S, K), NaN where a factor was skipped. NaN: scores at more points than
    there are, or with all factors skipped, efficiencies at no fewer points than those that they are relative to, and
    everything with a factor of one value.
    Raises `ValueError` for real-valued factors, and for codes too large for trees.
    """
    data = check_data(codes_train, factors_train, codes_test, factors_test)
    check_classes(data.factors_train)
    sizes = sorted({int(size) for size in sizes})
    if not sizes or sizes[0] < 1:
        raise ValueError(f"sizes must be numbers of at least 1 training point, got {sizes}")
    if classifiers is not None:
        check_classifiers(classifiers, data)
    result: dict[str, float | np.ndarray] = {}
    undefined = np.full((len(sizes), 2, data.factors_train.shape[1]), np.nan)
    tables = {"logistic_regression": undefined, "boosted_trees": undefined.copy()}
    for row, size in enumerate(sizes):
        if size > len(data.codes_train) or constant_columns(data.factors_train).any():
            continue
        part = Data(data.codes_train[:size], data.factors_train[:size], data.codes_test, data.factors_test)
        shared = classifiers if size == len(data.codes_train) else None
        tables["logistic_regression"][row] = _logistic_regression(part)
        tables["boosted_trees"][row] = _boosted_trees(part, shared, seed, jobs, backend)
    for name, table in tables.items():
        result |= _summary(name, sizes, table)
    return result


def _summary(name: str, sizes: Sequence[int], accuracies: np.ndarray) -> dict[str, float | np.ndarray]:
    """All results of one kind of classifier from its accuracies (S, 2, K) on training and test points."""
    on_train, on_test = accuracies[:, 0], accuracies[:, 1]
    result: dict[str, float | np.ndarray] = {f"{name}_train": on_train, f"{name}_test": on_test}
    scored_at = [row for row in range(len(sizes)) if not np.isnan(on_test[row]).all()]
    base = scored_at[-1] if scored_at else 0
    result[f"{name}_efficiency_base"] = sizes[base] if scored_at else 0
    for size, row in zip(sizes, on_test, strict=True):
        scored = ~np.isnan(row)
        result[f"{name}_factors_{size}"] = int(scored.sum())
        result[f"{name}_{size}"] = float(row[scored].mean()) if scored.any() else np.nan
        result[f"{name}_worst_{size}"] = float(row[scored].min()) if scored.any() else np.nan
        if size != sizes[-1]:
            both = scored & ~np.isnan(on_test[base])
            reached = float(on_test[base, both].mean()) if size < sizes[base] and both.any() else 0.0
            result[f"{name}_efficiency_{size}"] = float(row[both].mean()) / reached if reached else np.nan
    return result


def _boosted_trees(
    data: Data, classifiers: Sequence[Classifier | None] | None, seed: int, jobs: int, backend: Backend
) -> np.ndarray:
    """Accuracies (2, K) of boosted trees on training and test points."""
    if classifiers is None:
        classifiers = fit_classifiers(data.codes_train, data.factors_train, seed=seed, jobs=jobs, backend=backend)
    accuracies = np.full((2, len(classifiers)), np.nan)
    for k, classifier in enumerate(classifiers):
        if classifier is not None:
            labels, test_labels, _ = class_labels(data.factors_train[:, k], data.factors_test[:, k])
            accuracies[0, k] = np.mean(classifier.predict(data.codes_train) == labels)
            accuracies[1, k] = np.mean(classifier.predict(data.codes_test) == test_labels)
    return accuracies


def _logistic_regression(data: Data) -> np.ndarray:
    """Accuracies (2, K) of logistic regressions on training and test points."""
    codes, test_codes = standardise(data.codes_train), standardise(data.codes_test, data.codes_train)
    accuracies = np.full((2, data.factors_train.shape[1]), np.nan)
    for k in range(accuracies.shape[1]):
        labels, test_labels, num_classes = class_labels(data.factors_train[:, k], data.factors_test[:, k])
        strength = _best_strength(codes, labels, num_classes)
        if strength is not None:
            classifier = _fit(LogisticRegression(C=strength), codes, labels)
            accuracies[0, k] = np.mean(classifier.predict(codes) == labels)
            accuracies[1, k] = np.mean(classifier.predict(test_codes) == test_labels)
    return accuracies


def _best_strength(codes: np.ndarray, labels: np.ndarray, num_classes: int) -> float | None:
    """The C with the best mean accuracy in cross-validation, the smallest of equals; None where that cannot be had."""
    if num_classes < 2 or len(labels) < _PARTS:
        return None
    parts = list(KFold(_PARTS).split(codes))
    if any(len(np.unique(labels[kept])) < num_classes for kept, _ in parts):
        return None
    accuracies = np.empty((_PARTS, len(_STRENGTHS)))
    for part, (kept, held_out) in enumerate(parts):
        classifier = LogisticRegression(warm_start=True)
        for column, strength in enumerate(_STRENGTHS):
            _fit(classifier.set_params(C=strength), codes[kept], labels[kept])
            accuracies[part, column] = np.mean(classifier.predict(codes[held_out]) == labels[held_out])
    return float(_STRENGTHS[np.round(accuracies.mean(axis=0), 12).argmax()])


def _fit(classifier: LogisticRegression, codes: np.ndarray, labels: np.ndarray) -> LogisticRegression:
    with small_fits():
        return classifier.fit(codes, labels)


def _scores(given: Mapping[str, Any]) -> tuple[str, ...]:
    """The names of the accuracies at all sizes, and of the efficiencies at all but the largest, and 10."""
    kinds = ("logistic_regression", "boosted_trees")
    sizes = sorted({int(size) for size in given["sizes"]})
    accuracies = [f"{kind}_{size}" for kind in kinds for size in sizes]
    return (*accuracies, *(f"{kind}_efficiency_{size}" for kind in kinds for size in sizes[:-1] if size > _TOO_FEW))


METRIC = Metric(
    name="downstream",
    title="Downstream",
    score=score,
    scores=_scores({"sizes": _SIZES}),
    scores_for=_scores,
    meaning="classifiers learn the factors, and from few points already (efficiency)",
    range="0 to 1, high",
)
