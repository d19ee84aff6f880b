"""DCIMIG: reference numbers, properties, degenerate data."""

import numpy as np
import pytest

from sae_src.metrics.dcimig import score
from tests.sae_src.metrics.changes import UNNOTICED, noise, perfect
from tests.sae_src.metrics.reference import MORE, SETS, arrays, numbers
from tests.sae_src.metrics.test_edge_cases import CODES, DEGENERATE, FACTORS, assert_equal, assert_sound


@pytest.mark.parametrize("num_bins", [10, 20])
@pytest.mark.parametrize("name", SETS)
def test_reference(name, num_bins):
    codes, factors, *_ = arrays(name)
    expected = MORE["sets"][name][f"mig_family_{num_bins}_bins"]
    result = score(codes, factors, num_bins=num_bins)
    assert result["dcimig"] == pytest.approx(expected["dcimig"], abs=1e-9)
    assert result["dcimig"] == pytest.approx(expected["reference_laforge"]["dcimig"], abs=1e-9)
    information = numbers(expected["mutual_information_nats_factors_by_codes"]).T
    np.testing.assert_allclose(result["mutual_information"], information, atol=1e-9)


@pytest.mark.parametrize("change", UNNOTICED)
def test_changes_that_make_no_difference(change):
    codes, factors, *_ = arrays("noisy")
    assert score(*UNNOTICED[change](codes, factors))["dcimig"] == pytest.approx(
        score(codes, factors)["dcimig"], abs=1e-12
    )


def test_a_constant_code_and_copies_change_nothing():
    codes, factors, *_ = arrays("noisy")
    before = score(codes, factors)["dcimig"]
    assert score(np.insert(codes, 2, 0.1, axis=1), factors)["dcimig"] == pytest.approx(before, abs=1e-12)
    assert score(np.tile(codes, (1, 2)), factors)["dcimig"] == pytest.approx(before, abs=1e-12)


def test_a_lost_factor_counts_by_its_entropy():
    codes, factors = perfect()
    entropies = np.log([4, 3, 5])
    expected = entropies[[0, 2]].sum() / entropies.sum()
    assert score(codes[:, [0, 2]], factors)["dcimig"] == pytest.approx(expected, abs=1e-12)


def test_perfect_codes_and_noise():
    assert score(*perfect())["dcimig"] == pytest.approx(1, abs=1e-12)
    assert np.mean([score(*noise(1000, seed))["dcimig"] for seed in range(3)]) == pytest.approx(0.006, abs=0.003)


@pytest.mark.parametrize("case", DEGENERATE)
def test_degenerate_data(case):
    result = score(*DEGENERATE[case])
    assert_sound(result)
    assert_equal(score(*DEGENERATE[case], seed=9), result)


def test_undefined_scores_are_nan():
    for case in ("a single factor", "a factor of one value", "one factor of one value"):
        assert np.isnan(score(*DEGENERATE[case])["dcimig"]), case
    assert score(*DEGENERATE["constant codes"])["dcimig"] == 0
    assert score(*DEGENERATE["a single code"])["dcimig"] > 0


def test_bins_that_there_cannot_be():
    with pytest.raises(ValueError, match="num_bins must be at least 1"):
        score(CODES, FACTORS, num_bins=0)
