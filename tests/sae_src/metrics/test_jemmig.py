"""JEMMIG: reference numbers, its rule for ties, properties, degenerate data."""

import numpy as np
import pytest

from sae_src.metrics.jemmig import score
from tests.sae_src.metrics.changes import UNNOTICED, noise, perfect
from tests.sae_src.metrics.reference import MORE, SETS, arrays
from tests.sae_src.metrics.test_edge_cases import CODES, DEGENERATE, FACTORS, assert_equal, assert_sound


@pytest.mark.parametrize("num_bins", [10, 20])
@pytest.mark.parametrize("name", SETS)
def test_reference(name, num_bins):
    codes, factors, *_ = arrays(name)
    expected = MORE["sets"][name][f"mig_family_{num_bins}_bins"]
    result = score(codes, factors, num_bins=num_bins)
    assert result["jemmig"] == pytest.approx(expected["jemmig"], abs=1e-9)
    assert result["jemmig_tied"] == expected["jemmig_tied"]
    np.testing.assert_allclose(result["jemmig_per_factor"], expected["jemmig_per_factor"], atol=1e-9)
    np.testing.assert_allclose(result["jemmig_raw"] / np.log(2), expected["jemmig_raw_bits"], rtol=1e-9, atol=1e-9)
    if not expected["jemmig_tied"]:
        assert result["jemmig"] == pytest.approx(expected["reference_laforge"]["jemmig"], abs=1e-9)


@pytest.mark.parametrize("name", SETS)
@pytest.mark.parametrize("change", UNNOTICED)
def test_changes_that_make_no_difference(change, name):
    codes, factors, *_ = arrays(name)
    before, after = score(codes, factors), score(*UNNOTICED[change](codes, factors))
    for key in ("jemmig", "jemmig_tied"):
        assert after[key] == pytest.approx(before[key], abs=1e-12), key


def test_of_codes_that_know_the_same_the_simplest_counts():
    codes, factors = perfect()
    codes, factors = np.repeat(codes, 2, axis=0), np.repeat(factors, 2, axis=0)
    finer = codes[:, :1] + 0.1 * np.tile([[0], [1]], (60, 1))
    alone = score(np.insert(finer, 1, 0, axis=1), factors[:, :1], num_bins=32)
    for both in (np.hstack([finer, codes[:, :1]]), np.hstack([codes[:, :1], finer])):
        tied = score(both, factors[:, :1], num_bins=32)
        assert tied["jemmig_tied"] == 1
        assert tied["jemmig_raw"] == pytest.approx([np.log(4)])
    assert alone["jemmig_tied"] == 0
    assert alone["jemmig_raw"] == pytest.approx([np.log(8) - np.log(4)])


def test_a_constant_code_changes_nothing_and_a_copy_of_the_best_lowers_the_score():
    codes, factors, *_ = arrays("noisy")
    before = score(codes, factors)
    assert score(np.insert(codes, 2, 0.1, axis=1), factors)["jemmig"] == pytest.approx(before["jemmig"], abs=1e-12)
    after = score(np.insert(codes, 0, codes[:, 0], axis=1), factors)
    assert after["jemmig"] < before["jemmig"] - 0.01
    assert after["jemmig_tied"] == 1


def test_perfect_codes_and_noise():
    assert score(*perfect())["jemmig"] == pytest.approx(1, abs=1e-12)
    assert np.mean([score(*noise(1000, seed))["jemmig"] for seed in range(3)]) == pytest.approx(0.11, abs=0.01)


@pytest.mark.parametrize("case", DEGENERATE)
def test_degenerate_data(case):
    result = score(*DEGENERATE[case])
    assert_sound(result)
    assert_equal(score(*DEGENERATE[case], seed=9), result)


def test_undefined_scores_are_nan():
    for case in ("a single code", "a factor of one value", "one factor of one value"):
        assert np.isnan(score(*DEGENERATE[case])["jemmig"]), case
    with_one_value = score(*DEGENERATE["a factor of one value"])["jemmig_per_factor"]
    assert np.isnan(with_one_value).tolist() == [False, True, False]
    constant = score(*DEGENERATE["constant codes"])
    entropies = np.log([2, 3])
    assert constant["jemmig_per_factor"] == pytest.approx(1 - entropies / (entropies + np.log(20)))
    assert constant["jemmig_tied"] == 1


def test_one_bin_and_none():
    assert score(CODES, FACTORS, num_bins=1)["jemmig"] == pytest.approx(0, abs=1e-12)
    with pytest.raises(ValueError, match="num_bins must be at least 1"):
        score(CODES, FACTORS, num_bins=0)
