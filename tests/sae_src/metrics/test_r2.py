"""R2 of linear predictions: reference numbers, properties, degenerate data."""

import numpy as np
import pytest
from sklearn.linear_model import LinearRegression

from sae_src.metrics.r2 import diagonal_and_off_diagonal, score
from tests.sae_src.metrics.changes import perfect
from tests.sae_src.metrics.reference import MORE, SETS, arrays, numbers
from tests.sae_src.metrics.test_edge_cases import DEGENERATE

SCORES = ("r2_linear", "diagonal", "largest_off_diagonal")


@pytest.mark.parametrize("name", SETS)
def test_reference(name):
    result, expected = score(*arrays(name)), MORE["sets"][name]["r2"]
    pairs = expected["matched_diag_offdiag_test"]
    wanted = {
        "r2_linear": expected["linear_r2_test_mean"],
        "r2_linear_train": expected["linear_r2_train_mean"],
        "r2_per_factor": expected["linear_r2_test"],
        "r2_per_factor_train": expected["linear_r2_train"],
        "r2_matrix": expected["r2_matrix_test"],
        "r2_matrix_train": expected["r2_matrix_train"],
        "codes_of_factors": expected["assignment_train_spearman"],
        "diagonal": pairs["r2"]["diag"],
        "largest_off_diagonal": pairs["r2"]["max_off_diag"],
        "diagonal_spearman": pairs["spearman"]["diag"],
        "largest_off_diagonal_spearman": pairs["spearman"]["max_off_diag"],
    }
    assert wanted.keys() == result.keys()
    for key, value in wanted.items():
        np.testing.assert_allclose(result[key], numbers(value), rtol=0, atol=1e-9, err_msg=key)


@pytest.mark.parametrize("name", MORE["citris_aggregate"]["matrices"])
def test_diagonal_and_off_diagonal(name):
    expected = MORE["citris_aggregate"]["values"][name]
    result = diagonal_and_off_diagonal(numbers(MORE["citris_aggregate"]["matrices"][name]))
    assert result == pytest.approx((expected["diag"], expected["max_off_diag"]), abs=1e-9)


CHANGES = {
    "codes in another order": lambda codes, factors: (codes[:, ::-1], factors),
    "factors in another order": lambda codes, factors: (codes, factors[:, ::-1]),
    "codes scaled, shifted and of another sign": lambda codes, factors: (3 - 0.2 * codes, factors),
    "factors scaled and shifted": lambda codes, factors: (codes, 0.5 * factors - 1),
    "a copy of a code": lambda codes, factors: (codes[:, [0, *range(codes.shape[1])]], factors),
}


@pytest.mark.parametrize("change", CHANGES)
def test_changes_that_make_no_difference(change):
    codes, factors, test_codes, test_factors = arrays("noisy")
    before = score(codes, factors, test_codes, test_factors)
    after = score(*CHANGES[change](codes, factors), *CHANGES[change](test_codes, test_factors))
    for key in SCORES:
        assert after[key] == pytest.approx(before[key], abs=1e-9), key


def test_mixing_changes_the_diagonal_alone():
    codes, factors, test_codes, test_factors = arrays("noisy")
    mix = np.random.default_rng(0).normal(size=(codes.shape[1], codes.shape[1]))
    before, after = (
        score(codes, factors, test_codes, test_factors),
        score(codes @ mix, factors, test_codes @ mix, test_factors),
    )
    assert after["r2_linear"] == pytest.approx(before["r2_linear"], abs=1e-9)
    assert after["diagonal"] < before["diagonal"] - 0.3
    assert after["largest_off_diagonal"] > before["largest_off_diagonal"]


def test_least_squares_on_training_points_and_scored_on_test_points():
    codes, factors, test_codes, test_factors = arrays("discrete")
    fitted = LinearRegression().fit(codes, factors)
    errors = ((fitted.predict(test_codes) - test_factors) ** 2).sum(axis=0)
    expected = 1 - errors / ((test_factors - test_factors.mean(axis=0)) ** 2).sum(axis=0)
    np.testing.assert_allclose(score(codes, factors, test_codes, test_factors)["r2_per_factor"], expected, atol=1e-9)


def test_perfect_codes():
    result = score(*perfect())
    assert [result[key] for key in SCORES] == pytest.approx([1, 1, 0], abs=1e-12)


def test_a_factor_without_a_code_counts_as_if_it_had_a_constant_one():
    codes, factors, test_codes, test_factors = arrays("noisy")
    few = score(codes[:, :2], factors, test_codes[:, :2], test_factors)
    assert few["codes_of_factors"].tolist() == [0, 1, -1, -1, -1]

    def padded(one: np.ndarray) -> np.ndarray:
        return np.concatenate([one[:, :2], np.full((len(one), 3), 0.3)], axis=1)

    filled = score(padded(codes), factors, padded(test_codes), test_factors)
    for key in (*SCORES, "diagonal_spearman", "largest_off_diagonal_spearman"):
        assert few[key] == pytest.approx(filled[key], abs=1e-12), key
    assert few["diagonal_spearman"] < 0.4


def test_of_equally_correlated_codes_the_first_is_taken():
    codes, factors = perfect()
    both = np.concatenate([codes, np.exp(3 * codes)], axis=1)  # in the same order, but not linear
    assert score(both, factors)["codes_of_factors"].tolist() == [0, 1, 2]
    assert score(both[:, ::-1], factors)["codes_of_factors"].tolist() == [2, 1, 0]
    assert score(both, factors)["diagonal"] == pytest.approx(1)
    assert score(both[:, ::-1], factors)["diagonal"] < 0.9


def test_undefined_scores_are_nan():
    codes, factors = DEGENERATE["a single factor"]
    result = score(codes, factors)
    assert np.isnan([result[key] for key in SCORES]).tolist() == [False, False, True]
    for train, test in ((0 * factors, factors), (factors, 0 * factors), (0 * factors, 0 * factors)):
        result = score(codes, train, codes, test)
        assert np.isnan([result[key] for key in SCORES]).all()
    result = score(*DEGENERATE["a factor of one value"])
    assert np.isnan([result[key] for key in SCORES]).all()
    assert np.isnan(result["r2_per_factor"]).tolist() == [False, True, False]


def test_constant_codes_tell_nothing():
    result = score(*DEGENERATE["constant codes"])
    assert [result[key] for key in SCORES] == pytest.approx([0, 0, 0], abs=1e-12)
