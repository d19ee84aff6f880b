"""MIG-sup and the normalisers of MIG: reference numbers, properties, degenerate data."""

import numpy as np
import pytest

from sae_src.metrics.mig import score
from tests.sae_src.metrics.changes import UNNOTICED, noise, perfect
from tests.sae_src.metrics.reference import MORE, SETS, arrays
from tests.sae_src.metrics.test_edge_cases import CODES, DEGENERATE, FACTORS, assert_equal, assert_sound

SCORES = ("discrete_mig", "mig_sup", "mig_sup_active")
NORMALISERS = ("factor_entropy", "code_entropy")
every_normaliser = pytest.mark.parametrize("normaliser", NORMALISERS)


@pytest.mark.parametrize("num_bins", [10, 20])
@pytest.mark.parametrize("name", SETS)
def test_reference(name, num_bins):
    codes, factors, *_ = arrays(name)
    expected = MORE["sets"][name][f"mig_family_{num_bins}_bins"]
    result = score(codes, factors, num_bins=num_bins)
    for key, reference in zip(SCORES, ("mig", "mig_sup", "mig_sup_active_codes"), strict=True):
        assert result[key] == pytest.approx(expected[reference], abs=1e-9), key
    result = score(codes, factors, num_bins=num_bins, normaliser="code_entropy")
    for key, reference in zip(SCORES, ("mig", "mig_sup"), strict=False):
        assert result[key] == pytest.approx(expected[f"{reference}_normalised_by_code_entropy"], abs=1e-9), key


@pytest.mark.parametrize("name", SETS)
def test_mig_of_another_library(name):
    codes, factors, *_ = arrays(name)
    expected = MORE["sets"][name]["mig_reference_disentanglement_lib_20_bins"]
    assert score(codes, factors)["discrete_mig"] == pytest.approx(expected, abs=1e-9)


@every_normaliser
@pytest.mark.parametrize("change", UNNOTICED)
def test_changes_that_make_no_difference(change, normaliser):
    codes, factors, *_ = arrays("noisy")
    before, after = (
        score(*each, normaliser=normaliser, active_variance=0)
        for each in ((codes, factors), UNNOTICED[change](codes, factors))
    )
    for key in SCORES:
        assert after[key] == pytest.approx(before[key], abs=1e-12), key


def test_a_constant_code_lowers_the_mean_over_all_codes_only():
    codes, factors, *_ = arrays("noisy")
    before, after = (score(each, factors) for each in (codes, np.insert(codes, 2, 0.1, axis=1)))
    assert after["mig_sup"] == pytest.approx(before["mig_sup"] * 6 / 7, abs=1e-12)
    for key in ("discrete_mig", "mig_sup_active"):
        assert after[key] == pytest.approx(before[key], abs=1e-12)


def test_a_copy_of_the_best_code_closes_the_gap_of_its_factor():
    codes, factors, *_ = arrays("noisy")
    best = 0
    before, after = (score(each, factors[:, :2]) for each in (codes, np.insert(codes, 0, codes[:, best], axis=1)))
    alone = score(codes, factors[:, 1:2])["discrete_mig"]
    assert before["discrete_mig"] > after["discrete_mig"] == pytest.approx(alone / 2, abs=1e-12)


@every_normaliser
def test_perfect_codes_and_noise(normaliser):
    result = score(*perfect(), normaliser=normaliser)
    assert [result[key] for key in SCORES] == pytest.approx([1, 1, 1], abs=1e-12)
    chance = np.mean([[score(*noise(1000, seed))[key] for key in SCORES] for seed in range(3)], axis=0)
    assert chance == pytest.approx([0.003, 0.010, 0.010], abs=0.003)


def test_the_scale_decides_which_codes_are_active():
    codes, factors, *_ = arrays("noisy")
    gaps = [score(np.insert(codes[:, [j]], 0, 1, axis=1), factors)["mig_sup_active"] for j in (0, 1)]
    both = score(codes[:, :2], factors)["mig_sup_active"]
    assert both == pytest.approx(np.mean(gaps), abs=1e-12)
    assert score(codes[:, :2] * [1, 1e-3], factors)["mig_sup_active"] == pytest.approx(gaps[0], abs=1e-12)
    assert np.isnan(score(1e-3 * codes, factors)["mig_sup_active"])
    assert score(1e-3 * codes, factors, active_variance=1e-8)["mig_sup_active"] > 0


def test_which_codes_are_active():
    # Variances divided by N - 1 of 0.0144 and 0.0072; the mean of equal huge numbers is not exactly that number.
    factors = np.array([[0, 0], [1, 1]])
    codes = np.array([[0, 0], [0.17, 0.12]])
    assert score(codes[:, :1], factors)["mig_sup_active"] == 0
    assert np.isnan(score(codes[:, 1:], factors)["mig_sup_active"])
    huge = np.full((7, 1), 1.1e30)
    assert huge.var() > 1
    assert np.isnan(score(huge, np.arange(14).reshape(7, 2))["mig_sup_active"])


@every_normaliser
@pytest.mark.parametrize("case", DEGENERATE)
def test_degenerate_data(case, normaliser):
    result = score(*DEGENERATE[case], normaliser=normaliser)
    assert_sound(result)
    assert_equal(score(*DEGENERATE[case], normaliser=normaliser, seed=9), result)


@every_normaliser
def test_undefined_scores_are_nan(normaliser):
    for case in ("a single factor", "a factor of one value", "one factor of one value"):
        assert np.isnan(score(*DEGENERATE[case], normaliser=normaliser)["mig_sup"]), case
    assert np.isnan(score(*DEGENERATE["a factor of one value"], normaliser=normaliser)["discrete_mig"])
    constant = score(*DEGENERATE["constant codes"], normaliser=normaliser)
    assert constant["mig_sup"] == constant["discrete_mig"] == 0
    assert np.isnan(constant["mig_sup_active"])
    assert score(*DEGENERATE["a single code"], normaliser=normaliser)["mig_sup"] > 0


def test_a_normaliser_that_there_is_not():
    with pytest.raises(ValueError, match="normaliser must be one of factor_entropy, code_entropy, not 'codes'"):
        score(CODES, FACTORS, normaliser="codes")
