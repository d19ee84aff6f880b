"""Factorised support: reference numbers, properties, degenerate data."""

import numpy as np
import pytest

from sae_src.metrics.factorised_support import pair_distances, score
from tests.sae_src.metrics.changes import perfect
from tests.sae_src.metrics.reference import MORE, array
from tests.sae_src.metrics.test_edge_cases import CODES, DEGENERATE, FACTORS, assert_equal, assert_sound

BATCHES = [(name, int(size)) for name, sizes in MORE["fos"].items() for size in sizes if size.isdigit()]
KEYS = ("factorised_support", "factorised_support_sum")


def by_definition(codes: np.ndarray) -> float:
    """Sum over pairs of codes, from all combinations and all points at once."""
    total = 0.0
    for i in range(codes.shape[1]):
        for j in range(i + 1, codes.shape[1]):
            first, second = (np.square(codes[:, None, k] - codes[:, k]) for k in (i, j))
            total += (first[:, None] + second).min(axis=2).max()
    return total


@pytest.mark.parametrize(("name", "batch_size"), BATCHES)
def test_reference(name, batch_size):
    expected = MORE["fos"][name][str(batch_size)]
    codes = array(f"fos_{name}")
    result = score(codes, batch_size=batch_size)["factorised_support_sum"]
    assert result == pytest.approx(expected["fos"], rel=1e-9, abs=1e-9)
    pairs = pair_distances(codes, batch_size)
    np.testing.assert_allclose(pairs, expected["per_batch_per_pair"], rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("name", [name for name in MORE["fos"] if MORE["fos"][name]["standardised_full"] is not None])
def test_reference_of_standardised_codes(name):
    codes = array(f"fos_{name}")
    number_of_pairs = codes.shape[1] * (codes.shape[1] - 1) / 2
    expected = MORE["fos"][name]["standardised_full"] / number_of_pairs
    assert score(codes, batch_size=len(codes))["factorised_support"] == pytest.approx(expected, rel=1e-9, abs=1e-9)


@pytest.mark.parametrize("count", [1, 2, 3, 5, 90])
def test_leaving_combinations_out_changes_no_bit(count):
    generator = np.random.default_rng(count)
    for codes in (
        generator.normal(size=(count, 3)),
        generator.uniform(size=(count, 3)),
        generator.integers(5, size=(count, 3)),
    ):
        assert score(codes)["factorised_support_sum"] == by_definition(codes.astype(float))


def test_a_full_grid_scores_0_and_a_missing_corner_counts():
    codes, _ = perfect()
    assert score(codes) == {"factorised_support": 0, "factorised_support_sum": 0}
    corner = (codes[:, 0] == 3) & (codes[:, 1] == 2)
    missing = score(codes[~corner])
    assert missing["factorised_support_sum"] == 1  # the nearest point is one step away
    assert missing["factorised_support"] > 0


def test_scale_and_standardisation():
    codes = array("fos_gauss")
    before, after = score(codes), score(4 * codes + 1)
    assert after["factorised_support_sum"] == pytest.approx(16 * before["factorised_support_sum"], rel=1e-9)
    assert after["factorised_support"] == pytest.approx(before["factorised_support"], rel=1e-9)
    stretched = score(codes * [1, 2, 4, 8])
    assert stretched["factorised_support"] == pytest.approx(before["factorised_support"], rel=1e-9)


def test_copies_of_points_and_orders_change_nothing():
    codes = array("fos_gauss")[:60]
    for changed in (np.tile(codes, (2, 1)), codes[::-1], codes[:, ::-1]):
        for key in KEYS:
            assert score(changed)[key] == pytest.approx(score(codes)[key], rel=1e-12), key


def test_a_constant_code_leaves_the_sum():
    codes = array("fos_gauss")
    more = np.insert(codes, 1, 0.1, axis=1)
    assert score(more)["factorised_support_sum"] == pytest.approx(score(codes)["factorised_support_sum"], rel=1e-12)
    assert score(more)["factorised_support"] == pytest.approx(score(codes)["factorised_support"] * 6 / 10, rel=1e-12)


@pytest.mark.slow
def test_independent_codes():
    generator = np.random.default_rng(0)
    assert score(generator.normal(size=(2560, 3)))["factorised_support"] == pytest.approx(3.3, abs=0.5)
    uniform = [
        score(generator.uniform(size=(1280, 3)), batch_size=size)["factorised_support_sum"] / 3
        for size in (16, 64, 128, 256)
    ]
    assert uniform == pytest.approx([0.137, 0.042, 0.024, 0.013], rel=0.2)


@pytest.mark.parametrize("case", DEGENERATE)
def test_degenerate_data(case):
    codes, factors = DEGENERATE[case]
    result = score(codes, factors)
    assert_sound(result)
    assert_equal(score(codes, seed=9), result)


def test_single_precision_is_not_computed_in():
    codes = array("fos_gauss").astype(np.float32)
    assert_equal(score(codes), score(codes.astype(np.float64)))


def test_without_pairs_of_codes():
    result = score(CODES[:, :1])
    assert np.isnan(result["factorised_support"])
    assert result["factorised_support_sum"] == 0
    assert score(*DEGENERATE["constant codes"]) == {"factorised_support": 0, "factorised_support_sum": 0}


def test_arguments_that_do_not_fit():
    with pytest.raises(ValueError, match="batch_size must be at least 1, got 0"):
        score(CODES, batch_size=0)
    with pytest.raises(ValueError, match="codes_train holds NaN"):
        score(np.full_like(CODES, np.nan))
    with pytest.raises(ValueError, match="rows"):
        score(CODES, FACTORS[:-1])
