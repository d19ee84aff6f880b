"""MCC: reference numbers, properties, degenerate data."""

import numpy as np
import pytest

from sae_src.metrics.mcc import assign_codes, score
from tests.sae_src.metrics.changes import noise, perfect
from tests.sae_src.metrics.reference import MORE, SETS, arrays, numbers
from tests.sae_src.metrics.test_edge_cases import CODES, DEGENERATE, FACTORS

every_kind = pytest.mark.parametrize("kind", ["pearson", "spearman"])
SCORES = ("mcc_pearson", "mcc_spearman", "mcc_pearson_matched", "mcc_spearman_matched")


@every_kind
@pytest.mark.parametrize("name", SETS)
def test_reference(name, kind):
    codes, factors, *_ = arrays(name)
    result, expected = score(codes, factors), MORE["sets"][name][f"mcc_{kind}"]
    assert result[f"mcc_{kind}"] == pytest.approx(expected["mean_over_factors"], abs=1e-9)
    assert result[f"mcc_{kind}_matched"] == pytest.approx(expected["mean_over_matched"], abs=1e-9)
    correlations = numbers(expected["abs_correlation_codes_by_factors"])
    np.testing.assert_allclose(result[f"{kind}_matrix"], correlations, rtol=0, atol=1e-9)
    np.testing.assert_array_equal(result[f"{kind}_codes"], expected["code_of_factor"])
    for code in ("reference_slow_disentanglement", "reference_icebeem"):
        if not isinstance(expected[code], str):  # the published codes fail with a constant code
            assert result[f"mcc_{kind}"] == pytest.approx(expected[code], abs=1e-9)


CHANGES = {
    "codes in another order": lambda codes, factors: (codes[:, ::-1], factors),
    "factors in another order": lambda codes, factors: (codes, factors[:, ::-1]),
    "points in another order": lambda codes, factors: (codes[::-1], factors[::-1]),
    "codes scaled, shifted and of another sign": lambda codes, factors: (3 - 0.2 * codes, factors),
    "factors scaled and shifted": lambda codes, factors: (codes, 0.5 * factors - 1),
    "a constant code": lambda codes, factors: (np.insert(codes, 2, 0.1, axis=1), factors),
}


@pytest.mark.parametrize("change", CHANGES)
def test_changes_that_make_no_difference(change):
    codes, factors, *_ = arrays("noisy")
    before, after = score(codes, factors), score(*CHANGES[change](codes, factors))
    for key in SCORES:
        assert after[key] == pytest.approx(before[key], abs=1e-12), key


def test_only_ranks_matter_for_spearman():
    codes, factors, *_ = arrays("noisy")
    before, after = score(codes, factors), score(np.exp(codes), factors)
    assert after["mcc_spearman"] == pytest.approx(before["mcc_spearman"], abs=1e-12)
    assert abs(after["mcc_pearson"] - before["mcc_pearson"]) > 0.01


def test_other_factor_values_do_matter():
    codes, factors, *_ = arrays("noisy")
    assert abs(score(codes, factors**2 % 5)["mcc_spearman"] - score(codes, factors)["mcc_spearman"]) > 0.1


def test_a_lost_factor_counts_0_over_all_factors_and_nothing_over_pairs():
    codes, factors = perfect()
    result = score(codes[:, [2, 0]], factors)
    assert result["mcc_pearson"] == result["mcc_spearman"] == pytest.approx(2 / 3)
    assert result["mcc_pearson_matched"] == result["mcc_spearman_matched"] == pytest.approx(1)
    assert result["spearman_codes"].tolist() == [1, -1, 0]


def test_the_assignment_is_one_to_one_and_the_best_in_all():
    # Both factors want code 0; the second best assignment of the first costs less.
    assert assign_codes(np.array([[0.9, 0.8], [0.7, 0.1]])).tolist() == [1, 0]
    assert assign_codes(np.array([[0.5], [0.5 + 1e-13], [0.5]])).tolist() == [0]
    assert assign_codes(np.array([[0, 1], [0, 0], [0, 1 + 1e-13]])).tolist() == [1, 0]


def test_noise():
    results = [score(*noise(1000, seed)) for seed in range(5)]
    assert np.mean([result["mcc_pearson"] for result in results]) == pytest.approx(0.059, abs=0.005)
    assert np.mean([result["mcc_spearman"] for result in results]) == pytest.approx(0.057, abs=0.005)


@pytest.mark.parametrize("case", ["a factor of one value", "one factor of one value"])
def test_undefined_scores_are_nan(case):
    result = score(*DEGENERATE[case])
    assert np.isnan([result[key] for key in SCORES]).all()


def test_constant_codes_score_0():
    result = score(*DEGENERATE["constant codes"])
    assert [result[key] for key in SCORES] == [0, 0, 0, 0]


def test_the_test_arrays_are_not_used():
    assert score(CODES, FACTORS, 0 * CODES, 0 * FACTORS)["mcc_pearson"] == score(CODES, FACTORS)["mcc_pearson"]
