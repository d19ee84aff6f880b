"""MED: reference numbers, properties, degenerate data."""

import numpy as np
import pytest

from sae_src.metrics.dci import completeness, disentanglement
from sae_src.metrics.med import score, top_codes
from tests.sae_src.metrics.changes import UNNOTICED, noise, perfect
from tests.sae_src.metrics.conftest import grid
from tests.sae_src.metrics.reference import MORE, SETS, arrays, numbers
from tests.sae_src.metrics.test_edge_cases import DEGENERATE

SCORES = ("disentanglement", "completeness", "top1_disentanglement", "top1_completeness")


@pytest.mark.parametrize("name", SETS)
def test_reference(name):
    result, expected = score(*arrays(name)), MORE["sets"][name]["med"]
    published = expected["reference"]
    for key in SCORES:
        assert result[key] == pytest.approx(published[key], abs=1e-9), key
    for key in ("disentanglement", "completeness"):
        assert result[key] == pytest.approx(expected[key], abs=1e-9), key
        assert result[f"top1_{key}"] == pytest.approx(expected["top1"][key], abs=1e-9), key
    importance = numbers(expected["importance_codes_by_factors"])
    np.testing.assert_allclose(result["importance_matrix"], importance, rtol=0, atol=1e-9)
    per_code = expected["disentanglement_per_code"]
    np.testing.assert_allclose(result["disentanglement_per_code"], per_code, rtol=0, atol=1e-9)
    np.testing.assert_array_equal(result["kept_codes"], expected["top1"]["selected"])
    assert result["top1_codes"] == len(expected["top1"]["selected"])
    for key in ("informativeness_train", "informativeness_test"):
        assert result[key] == pytest.approx(published[key], abs=expected["tolerance_informativeness"]), key


@pytest.mark.parametrize("name", SETS)
def test_reference_of_two_codes_per_factor(name):
    codes, factors, *_ = arrays(name)
    expected = MORE["sets"][name]["med"]["top2"]
    importance = score(codes, factors)["importance_matrix"]
    kept = top_codes(importance, 2)
    np.testing.assert_array_equal(kept, expected["selected"])
    assert disentanglement(importance[kept]) == pytest.approx(expected["disentanglement"], abs=1e-9)
    assert completeness(importance[kept]) == pytest.approx(expected["completeness"], abs=1e-9)


@pytest.mark.parametrize("change", UNNOTICED)
def test_changes_that_make_no_difference(change):
    codes, factors, *_ = arrays("noisy")
    before, after = score(codes, factors), score(*UNNOTICED[change](codes, factors))
    for key in SCORES:
        assert after[key] == pytest.approx(before[key], abs=1e-9), key


def test_a_constant_code_changes_the_base_of_completeness_alone():
    codes, factors, *_ = arrays("noisy")
    before, after = score(codes, factors), score(np.insert(codes, 6, 0.1, axis=1), factors)
    assert after["disentanglement"] == pytest.approx(before["disentanglement"], abs=1e-9)
    # 1 - entropy / log D, with D one larger
    entropy = (1 - before["completeness"]) * np.log(6)
    assert after["completeness"] == pytest.approx(1 - entropy / np.log(7), abs=1e-9)
    for key in ("top1_disentanglement", "top1_completeness", "top1_codes"):
        assert after[key] == pytest.approx(before[key], abs=1e-9), key


def test_equal_codes_and_equal_factors_are_told_apart_by_their_numbers():
    almost = 1e-14
    importance = np.array([[0.2, 0.2 + almost], [0.4, 0], [0.4 + almost, 0], [0, 0.8]])
    assert top_codes(importance, 1).tolist() == [1, 3]
    assert top_codes(importance[[2, 1, 3, 0]], 1).tolist() == [0, 2]
    assert top_codes(importance[:1], 1).tolist() == [0]
    assert top_codes(importance, 2).tolist() == [1, 2, 3]
    slightly = 0.1 * (1 + 1e-13 * np.array([[1], [0], [-1]]))
    assert top_codes(np.concatenate([np.full((3, 1), 0.3), slightly], axis=1), 1).tolist() == [0]
    many = np.insert(np.tile([0.3, 0.1], (800, 1)), 400, [0.3, 0.2], axis=0)
    assert top_codes(many, 3).tolist() == [0, 1, 2]


def test_a_factor_that_no_code_knows_best_is_lost_and_the_number_of_codes_says_so():
    codes, factors = perfect()
    mixed = np.stack([codes[:, 0], codes[:, 1] + 0.01 * codes[:, 2]], axis=1)
    assert score(codes, factors)["top1_codes"] == 3
    assert score(mixed, factors)["top1_codes"] == 2


def test_rounding_is_no_information():
    # Of two independent variables, sums of logarithms leave 1e-15.
    factors = np.tile(grid(2, 2, 2), (11, 1))
    result = score(factors[:, [0, 2]].astype(float), factors[:, :2])
    np.testing.assert_allclose(result["importance_matrix"], [[1, 0], [0, 0]], rtol=0, atol=1e-12)


def test_perfect_codes_and_noise():
    result = score(*perfect())
    for key in (*SCORES, "informativeness_train"):
        assert result[key] == pytest.approx(1, abs=0.1 if key == "informativeness_train" else 1e-6), key
    results = [score(*noise(1000, seed)) for seed in range(3)]
    for key, chance in (("disentanglement", 0.003), ("completeness", 0.003), ("top1_disentanglement", 0.004)):
        assert np.mean([result[key] for result in results]) == pytest.approx(chance, abs=0.002), key
    assert np.mean([result["top1_codes"] for result in results]) == pytest.approx(4.8, abs=0.8)


def test_undefined_scores_are_nan():
    for case in ("a factor of one value", "one factor of one value"):
        result = score(*DEGENERATE[case])
        assert np.isnan([result[key] for key in (*SCORES, "informativeness_train", "informativeness_test")]).all(), case
        assert result["top1_codes"] == 0
    assert np.isnan(score(*DEGENERATE["a single factor"])["disentanglement"])
    assert np.isnan(score(*DEGENERATE["a single code"])["completeness"])
    assert np.isnan(score(*DEGENERATE["a single code"])["top1_completeness"])
    assert score(*DEGENERATE["constant codes"])["disentanglement"] == 0
