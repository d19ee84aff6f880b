"""Downstream classification: reference numbers, properties, degenerate data."""

from functools import cache

import numpy as np
import pytest

import sae_src as sae
from sae_src.metrics.boosting import fit_classifiers
from sae_src.metrics.downstream import METRIC, score
from tests.sae_src.metrics.reference import MORE, arrays
from tests.sae_src.metrics.test_edge_cases import CODES, FACTORS, assert_equal

EXPECTED = MORE["downstream_noisy"]
TOLERANCE = 0.02
KINDS = ("logistic_regression", "boosted_trees")
every_size = pytest.mark.parametrize(
    "size", [10, *(pytest.param(size, marks=pytest.mark.slow) for size in (100, 1000))]
)


@cache
def at(size: int) -> dict:
    """Results at one of the sizes of the reference; of the arrays the row of that size."""
    result = score(*arrays("noisy"), sizes=[size], backend="presort")
    return {key: value[0] if isinstance(value, np.ndarray) else value for key, value in result.items()}


@pytest.mark.slow
@every_size
def test_reference_of_boosted_trees(size):
    result, expected = at(size), EXPECTED[str(size)]["gbt"]
    assert result[f"boosted_trees_{size}"] == pytest.approx(expected["mean_test"], abs=TOLERANCE)
    assert result["boosted_trees_train"].mean() == pytest.approx(expected["mean_train"], abs=TOLERANCE)
    assert result[f"boosted_trees_factors_{size}"] == 5


@every_size
def test_reference_of_logistic_regression(size):
    result, expected = at(size), EXPECTED[str(size)]["lr"]
    if isinstance(expected, str):  # the published code fails
        assert result[f"logistic_regression_factors_{size}"] < 5
        return
    assert result[f"logistic_regression_{size}"] == pytest.approx(expected["mean_test"], abs=TOLERANCE)
    for split in ("train", "test"):
        accuracies = result[f"logistic_regression_{split}"]
        assert accuracies.mean() == pytest.approx(expected[f"mean_{split}"], abs=TOLERANCE)
        np.testing.assert_allclose(accuracies, expected[split], rtol=0, atol=TOLERANCE)
    assert result[f"logistic_regression_worst_{size}"] == pytest.approx(min(expected["test"]), abs=TOLERANCE)


def test_factors_that_the_reference_fails_at_are_skipped_and_counted():
    _, factors, *_ = arrays("noisy")
    # Every value of the first ten points must be left whichever two neighbours are held out.
    fits = [
        all(set(column[:10]) == set(np.delete(column[:10], [start, start + 1])) for start in range(0, 10, 2))
        for column in factors.T
    ]
    assert 0 < fits.count(True) < 5
    result = at(10)
    np.testing.assert_array_equal(~np.isnan(result["logistic_regression_test"]), fits)
    assert result["logistic_regression_factors_10"] == fits.count(True)
    assert result["logistic_regression_10"] == np.nanmean(result["logistic_regression_test"])


@pytest.mark.slow
def test_sample_efficiency_compares_the_same_factors():
    # A code of few values and one of many: at ten points, only the first is scored.
    factors = np.stack([np.arange(60) % 2, np.arange(60) % 12], axis=1)
    codes = factors + np.random.default_rng(0).normal(size=(60, 2))
    result = score(codes, factors, sizes=(10, 60), backend="presort")
    assert np.isnan(result["logistic_regression_test"]).tolist() == [[False, True], [False, False]]
    for kind in KINDS:
        accuracies = result[f"{kind}_test"]
        scored = ~np.isnan(accuracies[0])
        expected = accuracies[0, scored].mean() / accuracies[1, scored].mean()
        assert result[f"{kind}_efficiency_10"] == pytest.approx(expected), kind
        assert f"{kind}_efficiency_60" not in result


def _one_factor() -> tuple[np.ndarray, ...]:
    codes, factors, test_codes, test_factors = arrays("discrete")
    return codes, factors[:, [2]], test_codes, test_factors[:, [2]]


@pytest.mark.slow
def test_the_first_points_are_trained_on_and_all_test_points_scored():
    codes, factors, test_codes, test_factors = _one_factor()
    settings = {"backend": "presort"}
    whole = score(codes, factors, test_codes, test_factors, sizes=(60, 120), **settings)
    first = score(codes[:60], factors[:60], test_codes, test_factors, sizes=[60], **settings)
    for kind in KINDS:
        assert first[f"{kind}_60"] > 0.5, kind
        assert first[f"{kind}_60"] == whole[f"{kind}_60"], kind
        correct = whole[f"{kind}_test"] * len(test_codes)
        np.testing.assert_allclose(correct, np.round(correct), atol=1e-9)


@pytest.mark.slow
def test_codes_of_any_scale_are_scored_the_same():
    # Powers of two, in order that no bit changes.
    codes, factors, test_codes, test_factors = _one_factor()
    scales = 2.0 ** np.array([30, -20, 0, 5])
    settings = {"sizes": (60,), "backend": "presort"}
    before = score(codes, factors, test_codes, test_factors, **settings)
    after = score(codes * scales, factors, test_codes * scales, test_factors, **settings)
    assert_equal(
        {key: value for key, value in after.items() if key.startswith("logistic")},
        {key: value for key, value in before.items() if key.startswith("logistic")},
    )


@pytest.mark.slow
def test_shared_classifiers_do_not_change_a_bit():
    shared = fit_classifiers(CODES, FACTORS, seed=4, backend="presort")
    settings = {"seed": 4, "sizes": (6, len(CODES)), "backend": "presort"}
    assert_equal(score(CODES, FACTORS, classifiers=shared, **settings), score(CODES, FACTORS, **settings))
    with pytest.raises(ValueError, match="1 classifiers for 2 factors"):
        score(CODES, FACTORS, classifiers=shared[:1])


@pytest.mark.slow
def test_shared_classifiers_are_used():
    other = fit_classifiers(CODES, FACTORS[::-1], backend="presort")
    settings = {"sizes": (len(CODES),), "backend": "presort"}
    own, given = score(CODES, FACTORS, **settings), score(CODES, FACTORS, classifiers=other, **settings)
    assert given["boosted_trees_18"] < own["boosted_trees_18"]


@pytest.mark.slow
def test_efficiency_is_relative_to_the_largest_size_that_could_be_scored():
    result = score(CODES, FACTORS, sizes=(8, 12, 100), backend="presort")
    assert result["boosted_trees_efficiency_base"] == 12
    expected = result["boosted_trees_test"][0].mean() / result["boosted_trees_test"][1].mean()
    assert result["boosted_trees_efficiency_8"] == pytest.approx(expected)
    assert np.isnan(result["boosted_trees_efficiency_12"])
    assert score(CODES, 0 * FACTORS, sizes=(8, 12))["boosted_trees_efficiency_base"] == 0


@pytest.mark.slow
def test_scores_follow_the_sizes():
    assert METRIC.scores_with({"sizes": [500, 50]}) == (
        *("logistic_regression_50", "logistic_regression_500", "boosted_trees_50", "boosted_trees_500"),
        *("logistic_regression_efficiency_50", "boosted_trees_efficiency_50"),
    )
    factors = {"f": FACTORS[:, 0], "g": FACTORS[:, 1]}
    settings = {"metrics": ["downstream"], "num_train": 30, "num_test": 20, "sizes": [20], "jobs": 1}
    outcome = sae.evaluate_metrics(lambda batch: batch, CODES, factors, chance=False, **settings)
    assert set(outcome["Downstream"]) == {"logistic_regression_20", "boosted_trees_20"}
    assert not np.isnan(list(outcome["Downstream"].values())).any()


def test_the_default_scores_are_the_documented_ones():
    kinds, sizes = ("logistic_regression", "boosted_trees"), (10, 100, 1000, 10000)
    accuracies = [f"{kind}_{size}" for kind in kinds for size in sizes]
    assert METRIC.scores == (*accuracies, *(f"{kind}_efficiency_{size}" for kind in kinds for size in (100, 1000)))


@pytest.mark.slow
def test_more_points_than_there_are():
    result = score(CODES, FACTORS, sizes=(10, 100), backend="presort")
    assert result["boosted_trees_10"] > 0
    for kind in KINDS:
        assert np.isnan([result[f"{kind}_100"], result[f"{kind}_efficiency_10"]]).all()
        assert result[f"{kind}_factors_100"] == 0


@pytest.mark.slow
def test_one_class_among_the_first_points():
    factors = np.concatenate([np.repeat([[0], [1]], 9, axis=0), FACTORS], axis=1)
    result = score(CODES, factors, sizes=(8, 18), backend="presort")
    assert np.isnan(result["boosted_trees_test"]).tolist() == [[True, False, False], [False, False, False]]
    assert result["boosted_trees_factors_8"] == 2


def test_a_factor_of_one_value_leaves_no_score():
    result = score(CODES, np.insert(FACTORS, 1, 7, axis=1))
    assert np.isnan([result[key] for key in METRIC.scores]).all()


def test_sizes_that_there_cannot_be():
    for sizes in ((), (0, 10)):
        with pytest.raises(ValueError, match="at least 1 training point"):
            score(CODES, FACTORS, sizes=sizes)
