"""DCI-ES: DCI extended by explicitness and size (Eastwood et al., "DCI-ES: an extended disentanglement framework with
connections to identifiability", ICLR 2023).

Random forests of growing depth x_1 < ... < x_n predict each factor. l_i is the smallest test loss, 1 - accuracy, up
to depth x_i, and b = 1 - 1/C that of guessing among C values. Explicitness of a factor = 1 - 2 * area / ((x_n - x_1) b)
with the area between the curve and its last value, by trapezoids over the depth; E is the mean over factors.
Size S = K / D. Disentanglement, completeness and informativeness are those of DCI, with the importances and
accuracies of the depth with the best mean test accuracy (the least of equals).

Explicitness is 1 when the smallest trees do as well as the largest, 0 when the loss falls along a straight line from
b to 0, and negative when it stays above that. It must be read with the informativeness: codes without information
have a flat curve and an explicitness of 1. It depends on which depths there are; codes of different length compare. Its
standard deviation over seeds is about 0.004 with 1,500 points; few points make deep trees worse, and the curve
flatter. Size is 1 for a code as long as there are factors, smaller for a longer one. The other scores are from 0 to 1,
but forests, which draw the codes that a split may use, spread their importances: even codes that are the factors
reach a disentanglement and a completeness of about 0.8 only.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from joblib import Parallel, delayed
from numpy.typing import ArrayLike
from scipy.integrate import trapezoid
from sklearn.ensemble import RandomForestClassifier

from sae_src.metrics.arrays import check_data, check_single_precision, class_labels
from sae_src.metrics.class_factors import check_classes, small_fits
from sae_src.metrics.dci import completeness, disentanglement
from sae_src.metrics.metric import Metric


class _Probe(NamedTuple):
    """How well one forest predicts one factor, and the importances (D,) of the codes for it."""

    accuracy_train: float
    accuracy_test: float
    importances: np.ndarray


def score(
    codes_train: ArrayLike,
    factors_train: ArrayLike,
    codes_test: ArrayLike | None = None,
    factors_test: ArrayLike | None = None,
    *,
    seed: int = 0,
    depths: Sequence[int] = (1, 2, 4, 8, 16),
    num_trees: int = 100,
    jobs: int = 1,
) -> dict[str, float | int | np.ndarray]:
    """DCI-ES of codes (N, D) and factors (N, K).

    Args:
        codes_train: codes (N, D) for the forests.
        factors_train: factors (N, K) for the forests.
        codes_test: codes (M, D) to test on; without them explicitness is that of training.
        factors_test: factors (M, K) to test on; a value that training lacks is predicted wrongly.
        seed: random state of every forest.
        depths: largest depths of the trees, ascending, at least two.
        num_trees: trees per forest.
        jobs: processes to train the forests in, which changes no number; -1 for one per core.

    Returns `explicitness`, `size`, `disentanglement`, `completeness`, `informativeness_train`,
    `informativeness_test`, `depth` (the one of the last four), `explicitness_per_factor` (K,), `test_losses`
    (number of depths, K) and `importance_matrix` (D, K). A factor of one value makes its column and all scores but
    `size` NaN; a single factor makes disentanglement NaN, a single code completeness.
    """
    data = check_data(codes_train, factors_train, codes_test, factors_test)
    check_classes(data.factors_train)
    check_single_precision(data.codes_train)
    check_single_precision(data.codes_test)
    if len(depths) < 2 or any(after <= before for before, after in zip((0, *depths), depths, strict=False)):
        raise ValueError(f"depths must be at least two ascending numbers of at least 1, not {tuple(depths)}")
    if num_trees < 1:
        raise ValueError(f"num_trees must be at least 1, got {num_trees}")
    num_codes, num_factors = data.codes_train.shape[1], data.factors_train.shape[1]
    factors = [class_labels(*columns) for columns in zip(data.factors_train.T, data.factors_test.T, strict=True)]
    num_values = np.array([count for _, _, count in factors])
    # Deep forests take longest: started last, one would run alone at the end.
    order = [(i, k) for i in reversed(range(len(depths))) for k in np.flatnonzero(num_values > 1)]
    probes = Parallel(n_jobs=jobs)(
        delayed(_probe)(data.codes_train, factors[k][0], data.codes_test, factors[k][1], depths[i], num_trees, seed)
        for i, k in order
    )
    accuracies = np.full((2, len(depths), num_factors), np.nan)
    importances = np.full((len(depths), num_codes, num_factors), np.nan)
    for (i, k), probe in zip(order, probes, strict=True):
        accuracies[:, i, k] = probe.accuracy_train, probe.accuracy_test
        importances[i, :, k] = probe.importances
    on_train, on_test = accuracies.mean(axis=2)
    best = int(on_test.argmax())
    losses = 1 - accuracies[1]
    per_factor = np.full(num_factors, np.nan)
    defined = num_values > 1
    per_factor[defined] = explicitness(depths, losses[:, defined], 1 - 1 / num_values[defined])
    return {
        "explicitness": float(per_factor.mean()),
        "size": num_factors / num_codes,
        "disentanglement": disentanglement(importances[best]),
        "completeness": completeness(importances[best]),
        "informativeness_train": float(on_train[best]),
        "informativeness_test": float(on_test[best]),
        "depth": int(depths[best]),
        "explicitness_per_factor": per_factor,
        "test_losses": losses,
        "importance_matrix": importances[best],
    }


def explicitness(
    capacities: ArrayLike, losses: ArrayLike, baselines: ArrayLike, *, last_capacity: float | None = None
) -> np.ndarray:
    """Explicitness (K,) of curves of losses over the capacity of a probe.

    Args:
        capacities: ascending capacities (n,).
        losses: losses (n, K) on test data.
        baselines: loss (K,) of a prediction that ignores the codes, above 0.
        last_capacity: where the curves end if later than at the last capacity; they are flat up to there.
    """
    capacity = np.asarray(capacities, dtype=np.float64)
    curves = np.minimum.accumulate(np.asarray(losses, dtype=np.float64), axis=0)
    # A flat end adds no area.
    area = trapezoid(curves - curves[-1], capacity, axis=0)
    end = capacity[-1] if last_capacity is None else max(last_capacity, capacity[-1])
    return 1 - 2 * area / ((end - capacity[0]) * np.asarray(baselines, dtype=np.float64))


def _probe(
    codes: np.ndarray,
    labels: np.ndarray,
    codes_test: np.ndarray,
    labels_test: np.ndarray,
    depth: int,
    num_trees: int,
    seed: int,
) -> _Probe:
    with small_fits():
        forest = RandomForestClassifier(num_trees, max_depth=depth, random_state=seed).fit(codes, labels)
    on_train, on_test = (
        float(np.mean(forest.predict(each) == truth)) for each, truth in ((codes, labels), (codes_test, labels_test))
    )
    return _Probe(on_train, on_test, forest.feature_importances_)


METRIC = Metric(
    name="dcies",
    title="DCI-ES",
    score=score,
    scores=(
        "explicitness",
        "size",
        "disentanglement",
        "completeness",
        "informativeness_train",
        "informativeness_test",
    ),
    meaning="as dci, by forests; and small trees read factors as well as large ones (explicitness), no more latents "
    "than factors (size)",
    range="0 to 1, high; explicitness may be below 0",
    at_least={"num_trees": 1},
)
