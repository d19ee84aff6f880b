"""BetaVAE score (Higgins et al., "beta-VAE: learning basic visual concepts with a constrained variational framework",
ICLR 2017).

One example: choose a random factor k, draw a batch of pairs that agree in that factor and are random otherwise, and
take the mean absolute difference of their codes, (D,). A logistic regression predicts k from it; the score is its
accuracy.

Range 1/K (chance) to 1. It is lenient: a linear map of well-separated codes often reaches 1 too. Longer codes give
the classifier more to work with, so they compare with care. `num_train` and `num_test` count examples, not points:
with few, the training accuracy is optimistic.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike
from sklearn.linear_model import LogisticRegression

from sae_src.metrics.arrays import check_data, constant_columns
from sae_src.metrics.class_factors import check_classes, small_fits
from sae_src.metrics.metric import Metric
from sae_src.metrics.sampling import (
    ROWS_PER_CALL,
    Sampler,
    SharedDraw,
    check_sampler,
    has_single_valued_factor,
    shared_draw,
)


def score(
    codes_train: ArrayLike,
    factors_train: ArrayLike,
    codes_test: ArrayLike | None = None,
    factors_test: ArrayLike | None = None,
    *,
    seed: int = 0,
    sample: Sampler | None = None,
    factor_sizes: Sequence[int] | None = None,
    num_train: int = 10000,
    num_test: int = 5000,
    batch_size: int = 64,
) -> dict[str, float]:
    """BetaVAE score of codes (N, D) and factors (N, K), or of what `sample` gives for factors.

    Without `sample`, pairs are drawn with replacement from the rows that share the factor value: training rows for
    the training examples, test rows for the test examples.

    Args:
        codes_train: codes (N, D).
        factors_train: factors (N, K).
        codes_test: codes (M, D).
        factors_test: factors (M, K).
        seed: of all draws.
        sample: codes (n, D) of any factors (n, K) of indices; used in place of the arrays.
        factor_sizes: number of values of each factor, with `sample`.
        num_train: number of examples to train on.
        num_test: number of examples to test on.
        batch_size: pairs per example.

    Returns `train_accuracy` and `eval_accuracy`; NaN with a single factor, with a factor of one value, or when all
    training codes are constant.
    Raises `ValueError` if a factor without `sample` has no value that two rows share.
    """
    data = check_data(codes_train, factors_train, codes_test, factors_test)
    check_classes(data.factors_train)
    num_factors = data.factors_train.shape[1]
    sizes = check_sampler(sample, factor_sizes, num_factors)
    if batch_size < 1 or num_train < 1 or num_test < 1:
        raise ValueError("batch_size, num_train and num_test must be at least 1")
    nothing_to_tell = num_factors < 2 or has_single_valued_factor(data.factors_train, sizes)
    if nothing_to_tell or (sample is None and constant_columns(data.codes_train).all()):
        return {"train_accuracy": np.nan, "eval_accuracy": np.nan}
    generator = np.random.default_rng(seed)
    train, test = (
        _examples(shared_draw(codes, factors, sample, sizes), generator, num_factors, count, batch_size)
        for codes, factors, count in (
            (data.codes_train, data.factors_train, num_train),
            (data.codes_test, data.factors_test, num_test),
        )
    )
    train_accuracy, eval_accuracy = _accuracies(*train, *test)
    return {"train_accuracy": train_accuracy, "eval_accuracy": eval_accuracy}


def _examples(
    draw: SharedDraw, generator: np.random.Generator, num_factors: int, num_examples: int, batch_size: int
) -> tuple[np.ndarray, np.ndarray]:
    """Mean absolute differences (n, D) and the factor fixed in each (n,)."""
    fixed = generator.integers(num_factors, size=num_examples)
    differences = []
    calls = min(num_examples, -(-2 * num_examples * batch_size // ROWS_PER_CALL))  # one example at least in each
    for factors in np.array_split(fixed, calls):
        pairs = draw(generator, np.repeat(factors, batch_size), 2)
        distance = np.abs(pairs[:, 0] - pairs[:, 1]).reshape(len(factors), batch_size, pairs.shape[-1])
        differences.append(distance.mean(axis=1, dtype=np.float64))
    return np.concatenate(differences), fixed


def _accuracies(
    train: np.ndarray, train_labels: np.ndarray, test: np.ndarray, test_labels: np.ndarray
) -> tuple[float, float]:
    if len(np.unique(train_labels)) < 2 or constant_columns(train).all():
        return np.nan, np.nan
    with small_fits():
        classifier = LogisticRegression().fit(train, train_labels)
    on_train, on_test = (
        float(np.mean(classifier.predict(examples) == labels))
        for examples, labels in ((train, train_labels), (test, test_labels))
    )
    return on_train, on_test


METRIC = Metric(
    name="beta-vae",
    title="BetaVAE",
    score=score,
    scores=("train_accuracy", "eval_accuracy"),
    meaning="differences of pairs show which factor they share",
    range="1/K to 1, high",
    at_least={"batch_size": 1},
)
