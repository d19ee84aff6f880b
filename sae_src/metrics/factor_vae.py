"""FactorVAE score (Kim and Mnih, "Disentangling by factorising", ICML 2018).

One vote: fix a random factor k at a random value, draw a batch of points that share it, and note the code whose
variance in the batch, relative to its variance over all points, is smallest. A majority table from code to factor is
made from the training votes; the score is the share of votes that it gets right.

Range 1/K (chance) to 1: 1 when for every factor some code stays still with it and with no other. Unused codes do not
matter as long as they vary, so codes of different length compare. `num_train` and `num_test` count votes, not points:
few votes make the training accuracy optimistic, and a table entry for a rare code unreliable.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike

from sae_src.metrics.arrays import check_data, constant_columns
from sae_src.metrics.class_factors import check_classes
from sae_src.metrics.metric import Metric
from sae_src.metrics.sampling import (
    ROWS_PER_CALL,
    Sampler,
    SharedDraw,
    check_sampler,
    draw_factors,
    has_single_valued_factor,
    sample_codes,
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
    num_variance_estimate: int = 10000,
    prune_threshold: float = 0.0,
) -> dict[str, float | int]:
    """FactorVAE score of codes (N, D) and factors (N, K), or of what `sample` gives for factors.

    Without `sample`, batches are drawn with replacement from the rows that share the factor value: the training rows
    for the training votes and for the variance over all points, the test rows for the test votes.

    Args:
        codes_train: codes (N, D).
        factors_train: factors (N, K).
        codes_test: codes (M, D).
        factors_test: factors (M, K).
        seed: of all draws.
        sample: codes (n, D) of any factors (n, K) of indices; used in place of the arrays.
        factor_sizes: number of values of each factor, with `sample`.
        num_train: number of votes for the table.
        num_test: number of votes to test it.
        batch_size: points per vote, at least 2.
        num_variance_estimate: number of points that `sample` is asked for, for the variance over all points.
        prune_threshold: codes of a standard deviation below it never win a vote. The published system keeps all (0);
            Locatello et al. (2019) use 0.05. A constant code never wins.

    Returns `train_accuracy`, `eval_accuracy` and `num_active_dims` (codes kept by the threshold). The accuracies are
    NaN when all codes are constant or pruned, and with a factor of one value, by which nothing can be fixed. Raises
    `ValueError` if a factor without `sample` has no value that two rows share.
    """
    data = check_data(codes_train, factors_train, codes_test, factors_test)
    check_classes(data.factors_train)
    num_factors = data.factors_train.shape[1]
    sizes = check_sampler(sample, factor_sizes, num_factors)
    if batch_size < 2 or num_train < 1 or num_test < 1:
        raise ValueError("batch_size must be at least 2, num_train and num_test at least 1")
    generator = np.random.default_rng(seed)

    codes = data.codes_train
    if sample is not None and sizes is not None:
        codes = sample_codes(sample, draw_factors(generator, sizes, num_variance_estimate), codes.shape[1])
    variances = codes.var(axis=0, ddof=1, dtype=np.float64) if len(codes) > 1 else np.zeros(codes.shape[1])
    active = np.sqrt(variances) >= prune_threshold
    variances[constant_columns(codes) | ~active] = 0
    train_accuracy, eval_accuracy = np.nan, np.nan
    if variances.any() and not has_single_valued_factor(data.factors_train, sizes):
        draws = (
            shared_draw(data.codes_train, data.factors_train, sample, sizes),
            shared_draw(data.codes_test, data.factors_test, sample, sizes),
        )
        train, test = (
            _votes(draw, generator, variances, num_factors, count, batch_size)
            for draw, count in zip(draws, (num_train, num_test), strict=True)
        )
        table = train.argmax(axis=0)
        train_accuracy, eval_accuracy = _share_right(train, table), _share_right(test, table)
    return {
        "train_accuracy": train_accuracy,
        "eval_accuracy": eval_accuracy,
        "num_active_dims": int(active.sum()),
    }


def _share_right(votes: np.ndarray, table: np.ndarray) -> float:
    """The share of votes (K, D) that the table (D,) from code to factor gets right."""
    return float(votes[table, np.arange(votes.shape[1])].sum() / votes.sum())


def _votes(
    draw: SharedDraw,
    generator: np.random.Generator,
    variances: np.ndarray,
    num_factors: int,
    num_votes: int,
    batch_size: int,
) -> np.ndarray:
    """How often each code (column) won a vote while each factor (row) was fixed: (K, D)."""
    fixed = generator.integers(num_factors, size=num_votes)
    winners = []
    calls = min(num_votes, -(-num_votes * batch_size // ROWS_PER_CALL))  # one vote at least in each
    for factors in np.array_split(fixed, calls):
        local = draw(generator, factors, batch_size).var(axis=1, ddof=1, dtype=np.float64)
        relative = np.divide(local, variances, out=np.full_like(local, np.inf), where=variances > 0)
        winners.append(relative.argmin(axis=1))
    votes = np.zeros((num_factors, len(variances)), dtype=np.int64)
    np.add.at(votes, (fixed, np.concatenate(winners)), 1)
    return votes


METRIC = Metric(
    name="factor-vae",
    title="FactorVAE",
    score=score,
    scores=("train_accuracy", "eval_accuracy", "num_active_dims"),
    meaning="some latent stays still with each factor",
    range="1/K to 1, high",
    at_least={"batch_size": 2, "num_variance_estimate": 1, "prune_threshold": 0},
)
