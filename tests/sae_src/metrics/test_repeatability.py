"""Scores depend on the arrays and the seed alone."""

import numpy as np
import pytest
import torch

from sae_src import metrics
from sae_src.metrics.boosting import fit_classifiers
from tests.sae_src.metrics.test_edge_cases import CODES, FACTORS, SAMPLED, assert_equal, every_metric, score

pytestmark = pytest.mark.slow


@every_metric
def test_same_seed_same_scores(name):
    first = score(name, CODES, FACTORS, seed=3)
    np.random.seed(5)
    torch.manual_seed(5)
    assert_equal(score(name, CODES, FACTORS, seed=3), first)


@every_metric
def test_global_generators_are_left_alone(name):
    np.random.seed(0)
    before, torch_before = np.random.get_state()[1].copy(), torch.get_rng_state()
    score(name, CODES, FACTORS)
    np.testing.assert_array_equal(np.random.get_state()[1], before)
    assert torch.equal(torch.get_rng_state(), torch_before)


@pytest.mark.parametrize("name", SAMPLED)
def test_the_seed_sets_the_draws(name):
    drawn = []

    def sample(factors):
        drawn.append(factors)
        return factors + 0.5

    for seed in (0, 0, 1):
        score(name, CODES[:, :2], FACTORS, seed=seed, sample=sample, factor_sizes=(2, 3))
    same, again, other = np.split(np.concatenate(drawn), 3)
    np.testing.assert_array_equal(same, again)
    assert (same != other).any()
    assert (same.max(axis=0) == [1, 2]).all()
    assert same.min() == 0


def test_processes_do_not_change_a_bit():
    serial, parallel = (fit_classifiers(CODES, FACTORS, jobs=jobs, backend="sklearn") for jobs in (1, 2))
    for ours, theirs in zip(serial, parallel, strict=True):
        np.testing.assert_array_equal(ours.feature_importances_, theirs.feature_importances_)
        probabilities = (each.predict_proba(CODES) for each in (ours, theirs))
        np.testing.assert_array_equal(*probabilities)


@pytest.mark.parametrize("backend", ["sklearn", "presort"])
def test_the_seed_and_the_factor_set_the_order_of_splits(backend):
    # Of two equal codes, each split takes the one that is tried first.
    codes, factors = np.repeat(CODES[:, :1], 2, axis=1), np.repeat(FACTORS[:, :1], 2, axis=1)
    first, again, other = (fit_classifiers(codes, factors, seed=seed, backend=backend) for seed in (3, 3, 4))
    found = [[each.feature_importances_.tolist() for each in classifiers] for classifiers in (first, again, other)]
    assert found[0] == found[1]
    assert len({tuple(each) for each in (*found[0], *found[2])}) == 4


def test_shared_classifiers_do_not_change_a_bit():
    shared = fit_classifiers(CODES, FACTORS, seed=4)
    for name in ("dci", "fairness"):
        assert_equal(score(name, CODES, FACTORS, seed=4, classifiers=shared), score(name, CODES, FACTORS, seed=4))


def test_progress_goes_over_the_factors():
    seen = []
    fit_classifiers(CODES, FACTORS, progress=lambda fitted: (seen.append(each) or each for each in fitted))
    assert len(seen) == 2


def test_lookups_do_not_depend_on_the_order_of_rows():
    order = np.random.default_rng(0).permutation(6)
    codes, factors = CODES[:6], FACTORS[:6]
    shared = fit_classifiers(codes, factors)
    arguments = {"classifiers": shared, "num_test_points_per_class": 20}
    result = metrics.fairness.score(codes, factors, **arguments)
    assert_equal(metrics.fairness.score(codes[order], factors[order], **arguments), result)
