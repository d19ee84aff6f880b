"""Fairness of predictions from the codes (Locatello et al., "On the fairness of disentangled representations",
NeurIPS 2019).

A gradient boosted classifier predicts a target factor i from the codes. For a sensitive factor j, 100 random factor
vectors are drawn, each is rendered with every value c of j, and the predictions are counted. Unfairness of (i, j) is
the total variation sum |p_c - p| / 2 between the predictions p_c under one value and p under all, averaged over the
values. The score is the mean over the pairs.

Range 0 to 1, where 0 is fair: no prediction changes with any other factor. Codes of different length compare. More
training points make better classifiers, which are mostly fairer; few points per value overestimate the distance.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike

from sae_src.metrics.arrays import check_data
from sae_src.metrics.boosting import Backend, Classifier, check_classifiers, fit_classifiers
from sae_src.metrics.class_factors import check_classes
from sae_src.metrics.metric import Metric
from sae_src.metrics.sampling import Sampler, check_sampler, draw_factors, grid_sampler, sample_codes


def score(
    codes_train: ArrayLike,
    factors_train: ArrayLike,
    codes_test: ArrayLike | None = None,
    factors_test: ArrayLike | None = None,
    *,
    seed: int = 0,
    sample: Sampler | None = None,
    factor_sizes: Sequence[int] | None = None,
    num_test_points_per_class: int = 100,
    jobs: int = 1,
    backend: Backend = "presort",
    classifiers: Sequence[Classifier | None] | None = None,
) -> dict[str, float]:
    """Unfairness of codes (N, D) and factors (N, K), or of what `sample` gives for factors.

    Args:
        codes_train: codes (N, D) for the classifiers.
        factors_train: factors (N, K) for the classifiers.
        codes_test: codes (M, D) to look up without `sample`.
        factors_test: factors (M, K) to look up without `sample`.
        seed: of the classifiers and of the factor vectors drawn.
        sample: codes (n, D) of any factors (n, K) of indices. Without it the test rows are looked up, which needs every
            combination of factor values among them (`ValueError` otherwise). The predictions for training rows are
            fairer than those for others.
        factor_sizes: number of values of each factor, with `sample`.
        num_test_points_per_class: factor vectors per pair of factors.
        jobs: processes to train the classifiers in.
        backend: who trains them, see `boosting.Backend`.
        classifiers: from `boosting.fit_classifiers` on the same training arrays, to spare the training.

    Returns `mean_fairness:mean_pred:mean_sens`; NaN with a single factor or a factor of one value.
    """
    data = check_data(codes_train, factors_train, codes_test, factors_test)
    check_classes(data.factors_train)
    num_factors = data.factors_train.shape[1]
    sizes = check_sampler(sample, factor_sizes, num_factors)
    if num_test_points_per_class < 1:
        raise ValueError("num_test_points_per_class must be at least 1")
    if sample is None or sizes is None:
        sample, sizes = grid_sampler(data.codes_test, data.factors_test)
    if classifiers is None:
        classifiers = fit_classifiers(data.codes_train, data.factors_train, seed=seed, jobs=jobs, backend=backend)
    check_classifiers(classifiers, data)
    generator = np.random.default_rng(seed)
    unfairness = [
        _unfairness(classifiers[i], j, sample, draw_factors(generator, sizes, num_test_points_per_class), sizes)
        for i in range(num_factors)
        for j in range(num_factors)
        if j != i
    ]
    mean = float(np.mean(unfairness)) if unfairness else np.nan
    return {"mean_fairness:mean_pred:mean_sens": mean}


def total_variations(counts: np.ndarray) -> np.ndarray:
    """Distance in total variation between each group's predictions and all predictions: counts (C, G) -> (G,).

    A row is a predicted class, a column a group; every group needs at least one count.
    """
    overall = counts.sum(axis=1, keepdims=True) / counts.sum()
    return np.abs(counts / counts.sum(axis=0) - overall).sum(axis=0) / 2


def _unfairness(
    classifier: Classifier | None,
    sensitive: int,
    sample: Sampler,
    factors: np.ndarray,
    factor_sizes: Sequence[int],
) -> float:
    """Total variation of the predictions for factors (n, K) with one of them set to each of its values."""
    if classifier is None:
        return np.nan
    num_values = factor_sizes[sensitive]
    intervened = np.tile(factors, (num_values, 1))
    intervened[:, sensitive] = np.repeat(np.arange(num_values), len(factors))
    predictions = classifier.predict(sample_codes(sample, intervened, classifier.n_features_in_)).reshape(
        num_values, len(factors)
    )
    counts = np.stack([np.bincount(group, minlength=classifier.n_classes_) for group in predictions], axis=1)
    # All groups have the same size, so the mean weighted by counts is the plain one.
    return float(total_variations(counts).mean())


METRIC = Metric(
    name="fairness",
    title="Fairness",
    score=score,
    scores=("mean_fairness:mean_pred:mean_sens",),
    meaning="predictions of a factor do not change with other factors",
    range="0 to 1, low",
    need="grid",
    ignores_test_points=True,
    at_least={"num_test_points_per_class": 1},
    is_published=True,
)
