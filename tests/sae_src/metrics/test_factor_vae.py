"""The FactorVAE score: whose votes make the table, and whose it is tested on."""

import numpy as np
import pytest

from sae_src.metrics import beta_vae, factor_vae
from tests.sae_src.metrics.conftest import grid

FACTORS = np.tile(grid(3, 3), (10, 1))
VOTES = {"num_train": 200, "num_test": 100, "batch_size": 16}


def codes(columns, seed: int = 0) -> np.ndarray:
    """The factors in the order of `columns`, with noise that tells the points apart."""
    return FACTORS[:, columns] + np.random.default_rng(seed).normal(scale=0.01, size=FACTORS.shape)


def test_the_table_comes_from_the_training_votes():
    # In the test codes the factors change places: what the training votes say of them is wrong each time.
    result = factor_vae.score(codes([0, 1]), FACTORS, codes([1, 0]), FACTORS, **VOTES)
    assert result == {"train_accuracy": 1.0, "eval_accuracy": 0.0, "num_active_dims": 2}
    assert factor_vae.score(codes([1, 0]), FACTORS, codes([1, 0], 1), FACTORS, **VOTES)["eval_accuracy"] == 1.0


def test_the_variance_over_all_points_is_the_measure():
    # In absolute numbers the second code always varies less.
    wide = codes([0, 1]) * np.array([1000.0, 1.0])
    assert factor_vae.score(wide, FACTORS, **VOTES)["eval_accuracy"] == 1.0


def test_pruned_and_constant_codes_never_win():
    narrow = np.column_stack([codes([0, 1]), 1e-3 * np.random.default_rng(0).normal(size=len(FACTORS))])
    constant = np.column_stack([codes([0, 1]), np.full(len(FACTORS), 0.5)])
    assert factor_vae.score(narrow, FACTORS, prune_threshold=0.05, **VOTES)["num_active_dims"] == 2
    assert factor_vae.score(narrow, FACTORS, **VOTES)["num_active_dims"] == 3
    result = factor_vae.score(constant, FACTORS, **VOTES)
    assert (result["eval_accuracy"], result["num_active_dims"]) == (1.0, 3)
    assert np.isnan(factor_vae.score(codes([0, 1]), FACTORS, prune_threshold=10.0, **VOTES)["eval_accuracy"])


@pytest.mark.parametrize("wrong", [{"batch_size": 1}, {"num_train": 0}, {"num_test": 0}])
def test_counts_that_leave_nothing_to_vote_with(wrong):
    with pytest.raises(ValueError, match="at least"):
        factor_vae.score(codes([0, 1]), FACTORS, **VOTES | wrong)


@pytest.mark.parametrize("metric", [factor_vae, beta_vae])
@pytest.mark.parametrize("num_train", [1, 4])
def test_batches_larger_than_what_is_drawn_at_once(metric, num_train):
    result = metric.score(codes([0, 1]), FACTORS, num_train=num_train, num_test=2, batch_size=40_000)
    assert 0 <= result["eval_accuracy"] <= 1 or num_train == 1
