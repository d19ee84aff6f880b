"""Gradient boosted trees that predict each factor from all codes: the classifiers that DCI and Fairness share."""

from collections.abc import Callable, Iterable, Sequence
from typing import Any, Literal, Protocol

import numpy as np
from joblib import Parallel, delayed
from numpy.typing import ArrayLike
from sklearn.ensemble import GradientBoostingClassifier

from sae_src.metrics.arrays import Data, check_data, check_single_precision
from sae_src.metrics.class_factors import check_classes, small_fits
from sae_src.metrics.presorted_boosting import PresortedBoostingClassifier

Backend = Literal["sklearn", "presort"]
"""Who trains: `presorted_boosting`, about four times as fast as scikit-learn and as exact, or scikit-learn itself."""


class Classifier(Protocol):
    """What the metrics use of a trained classifier."""

    n_classes_: int
    n_features_in_: int
    feature_importances_: np.ndarray

    def predict(self, codes: np.ndarray) -> np.ndarray:
        """The label of each of some codes (n, D)."""


def fit_classifiers(
    codes: ArrayLike,
    factors: ArrayLike,
    *,
    seed: int = 0,
    jobs: int = 1,
    backend: Backend = "presort",
    progress: Callable[[Iterable[Any]], Iterable[Any]] = iter,
) -> list[Classifier | None]:
    """One classifier with scikit-learn's defaults per factor, from codes (N, D) to factors (N, K).

    They predict labels: the position of a value among the sorted values of its factor. None stands for a factor of
    one value. Each factor has its own random state derived from `seed`, so the result does not depend on `jobs`.

    Args:
        codes: training codes (N, D).
        factors: training factors (N, K).
        seed: of the order in which equally good splits are tried.
        jobs: processes to spread the factors over; -1 for one per core.
        backend: who trains; the results differ as those of two seeds do.
        progress: wraps the iteration over the factors, such as `tqdm`.
    """
    data = check_data(codes, factors)
    check_classes(data.factors_train)
    check_single_precision(data.codes_train)
    labels = [np.unique(column, return_inverse=True)[1] for column in data.factors_train.T]
    sizes = [column.max() + 1 for column in labels]
    states = np.random.SeedSequence(seed).generate_state(len(labels))
    # A factor of many values takes longest: started last, it would run alone at the end.
    order = sorted((k for k, size in enumerate(sizes) if size > 1), key=lambda k: -sizes[k])
    tasks = (delayed(_fit)(data.codes_train, labels[k], int(states[k]), backend) for k in order)
    fitted = progress(Parallel(n_jobs=jobs, return_as="generator")(tasks))
    classifiers = dict(zip(order, fitted, strict=True))
    return [classifiers.get(k) for k in range(len(labels))]


def check_classifiers(classifiers: Sequence[Classifier | None], data: Data) -> None:
    """Raise `ValueError` unless there is one classifier of these codes for each factor."""
    num_codes, num_factors = data.codes_train.shape[1], data.factors_train.shape[1]
    if len(classifiers) != num_factors:
        raise ValueError(f"there are {len(classifiers)} classifiers for {num_factors} factors")
    if any(one is not None and one.n_features_in_ != num_codes for one in classifiers):
        raise ValueError(f"the classifiers were trained on another number of codes than {num_codes}")


def _fit(codes: np.ndarray, labels: np.ndarray, random_state: int, backend: Backend) -> Classifier:
    if backend == "presort":
        return PresortedBoostingClassifier(random_state).fit(codes, labels)
    # Leaves of points that are certain already divide by nearly nothing; scikit-learn handles the result.
    with np.errstate(all="ignore"), small_fits():
        return GradientBoostingClassifier(random_state=random_state).fit(codes, labels)
