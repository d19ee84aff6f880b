"""OMES: reference numbers, pairs, properties, degenerate data."""

import numpy as np
import pytest

from sae_src.metrics.omes import score, score_pairs
from tests.sae_src.metrics.conftest import grid
from tests.sae_src.metrics.reference import MORE, array
from tests.sae_src.metrics.test_edge_cases import CODES, DEGENERATE, FACTORS, assert_equal, assert_sound

SETS = ("mix", "clean")
POOLINGS = ("avg", "max")
SIZES = (4, 3, 5)
GRID = grid(*SIZES)


def given(name: str) -> tuple[np.ndarray, list[tuple[np.ndarray, np.ndarray]]]:
    """Codes, and pairs of each of three factors."""
    pairs = [(array(f"omes_{name}_f{k}_x"), array(f"omes_{name}_f{k}_y")) for k in range(3)]
    return array(f"omes_{name}_representation"), pairs


@pytest.mark.parametrize("alpha", [0.0, 0.5, 1.0])
@pytest.mark.parametrize("pooling", POOLINGS)
@pytest.mark.parametrize("name", SETS)
def test_reference(name, pooling, alpha):
    expected = MORE["omes"][name][f"{pooling}_{alpha}"]
    exact, rounded = (
        score_pairs(*given(name), alpha=alpha, pooling=pooling, decimals=decimals)["omes"] for decimals in (None, 4)
    )
    assert exact == pytest.approx(expected["score_without_rounding_S"], abs=1e-9)
    assert rounded == pytest.approx(expected["score"], abs=1e-9)
    assert round(rounded, 4) == expected["reference_rounded"]


@pytest.mark.parametrize("name", SETS)
def test_reference_of_the_parts(name):
    expected = MORE["omes"][name]
    result = score_pairs(*given(name), decimals=4)
    active = np.array(expected["active"])
    assert result["num_active_dims"] == active.sum()
    np.testing.assert_allclose(result["association"][active], expected["S"], atol=1e-9)
    assert np.isnan(result["association"][~active]).all()
    for pooling, parts in zip(POOLINGS, expected["per_factor_overlap_multiple_avg_then_max"], strict=True):
        result = score_pairs(*given(name), pooling=pooling, decimals=4)
        np.testing.assert_allclose(np.stack([result["overlap"], result["multiple_encoding"]], axis=1), parts, atol=1e-9)


@pytest.mark.parametrize("pooling", POOLINGS)
def test_orders_and_a_constant_code_make_no_difference(pooling):
    codes, pairs = given("mix")
    before = score_pairs(codes, pairs, pooling=pooling)["omes"]
    order = [3, 0, 4, 2, 1]
    reordered = [(x[:, order], y[:, order]) for x, y in reversed(pairs)]
    assert score_pairs(codes[:, order], reordered, pooling=pooling)["omes"] == pytest.approx(before, abs=1e-12)
    longer = [tuple(np.insert(each, 2, 0.1, axis=1) for each in pair) for pair in pairs]
    assert score_pairs(np.insert(codes, 2, 0.1, axis=1), longer, pooling=pooling)["omes"] == pytest.approx(
        before, abs=1e-12
    )
    flipped = [(-4 * x + 1, -4 * y + 1) for x, y in pairs]
    assert score_pairs(codes, flipped, pooling=pooling)["omes"] == pytest.approx(before, abs=1e-12)


def drawn(**arguments) -> tuple[dict, list[tuple[np.ndarray, np.ndarray]]]:
    """A score by a sampler, and the factors of the pairs that it was asked for."""
    asked = []

    def sample(factors: np.ndarray) -> np.ndarray:
        asked.append(factors)
        return factors + 0.5

    result = score(GRID, GRID, sample=sample, factor_sizes=SIZES, **arguments)
    return result, list(zip(asked[::2], asked[1::2], strict=True))


def test_independent_pairs():
    result, pairs = drawn(num_pairs=3000)
    assert len(pairs) == 3
    for k, (first, second) in enumerate(pairs):
        same = first == second
        assert np.delete(same, k, axis=1).all()
        assert same[:, k].mean() == pytest.approx(1 / SIZES[k], abs=0.03)
        for members in (first, second):
            for column, size in zip(members.T, SIZES, strict=True):
                assert np.bincount(column) / len(column) == pytest.approx(np.full(size, 1 / size), abs=0.04)
    assert result["omes"] == pytest.approx(1, abs=0.03)


@pytest.mark.parametrize(("num_pairs", "expected"), [(1000, (30, 20, 24)), (7, (8, 7, 8))])
def test_published_pairs(num_pairs, expected):
    result, pairs = drawn(num_pairs=num_pairs, pairing="published")
    for k, (first, second) in enumerate(pairs):
        assert len(first) == expected[k]
        assert (first[:, k] != second[:, k]).all()
        assert (np.delete(first, k, axis=1) == np.delete(second, k, axis=1)).all()
        if num_pairs == 1000:  # every combination of the others, and no value twice in one
            both = np.concatenate([first, second])
            assert len(np.unique(both, axis=0)) == len(both)
            assert len(np.unique(np.delete(both, k, axis=1), axis=0)) == len(GRID) // SIZES[k]
    assert result["omes"] < 0.9


def test_binary_factors_count_as_not_encoded_by_published_pairs():
    factors = grid(2, 3, 20)
    published, independent = (
        score(factors, factors, pairing=each)["association"] for each in ("published", "independent")
    )
    assert published.diagonal() == pytest.approx([0, 0.5, 1 - 1 / 19], abs=0.2)
    assert published[0, 0] == pytest.approx(0, abs=1e-12)
    assert independent.diagonal() == pytest.approx([1, 1, 1], abs=0.1)


def test_noise():
    generator = np.random.default_rng(0)
    noise = generator.normal(size=(100, 5))
    result = score(noise, np.zeros((100, 2)), sample=lambda f: generator.normal(size=(len(f), 5)), factor_sizes=(4, 4))
    assert result["omes"] == pytest.approx((1 / 2 + 1 / 5) / 2, abs=0.03)


def test_alpha_weighs_the_two_parts():
    mixed = GRID[:, [0, 0, 1, 2]]  # a factor in two codes, no code with two factors
    by_overlap, by_multiple, half = (score(mixed, GRID, alpha=alpha)["omes"] for alpha in (1, 0, 0.5))
    assert by_overlap == pytest.approx(1, abs=0.03)
    assert by_multiple == pytest.approx((0.75 + 1 + 1) / 3, abs=0.03)
    assert half == pytest.approx((by_overlap + by_multiple) / 2, abs=1e-12)


def test_rows_and_a_sampler_give_the_same():
    from_rows = score(GRID + 0.5, GRID)
    assert_equal(score(np.repeat(GRID + 0.5, 2, axis=0), np.repeat(7 * GRID, 2, axis=0)), from_rows)
    assert_equal(drawn(num_pairs=2000)[0], from_rows)


@pytest.mark.parametrize("pairing", ["independent", "published"])
def test_the_seed_sets_the_pairs(pairing):
    (first, pairs), (again, same), (other, others) = (
        drawn(num_pairs=10, pairing=pairing, seed=seed) for seed in (3, 3, 4)
    )
    assert_equal(first, again)
    np.testing.assert_array_equal(pairs[0], same[0])
    assert not np.array_equal(pairs[0], others[0])
    assert first["omes"] != other["omes"]


@pytest.mark.parametrize("pooling", POOLINGS)
@pytest.mark.parametrize("pairing", ["independent", "published"])
@pytest.mark.parametrize("case", DEGENERATE)
def test_degenerate_data(case, pairing, pooling):
    assert_sound(score(*DEGENERATE[case], pairing=pairing, pooling=pooling))


@pytest.mark.parametrize("pooling", POOLINGS)
def test_huge_codes(pooling):
    codes, factors = DEGENERATE["huge codes"]
    assert score(codes, factors, pooling=pooling)["omes"] == pytest.approx(
        score(CODES, FACTORS, pooling=pooling)["omes"]
    )


@pytest.mark.parametrize("pooling", POOLINGS)
def test_codes_without_information(pooling):
    for case in ("constant codes", "tiny codes"):
        result = score(*DEGENERATE[case], pooling=pooling)
        assert result["num_active_dims"] == result["omes"] == 0, case
        assert (result["overlap"] == 0).all() and (result["multiple_encoding"] == 0).all()
    codes, pairs = given("clean")
    pairs[1] = (pairs[1][0], np.zeros_like(pairs[1][1]))
    result = score_pairs(codes, pairs, pooling=pooling)
    assert (result["association"][:, 1] == 0).all()
    assert result["overlap"][1] == result["multiple_encoding"][1] == 0


@pytest.mark.parametrize("constant", [0, 0.1])
@pytest.mark.parametrize("member", [0, 1])
def test_codes_that_are_constant_in_one_member_of_all_pairs(member, constant):
    codes, pairs = given("clean")
    changed = [each.copy() for each in pairs[1]]
    changed[member][:, 2] = constant
    association = score_pairs(codes, [pairs[0], tuple(changed), pairs[2]])["association"]
    assert association[2, 1] == 0
    assert (association[:2] == score_pairs(codes, pairs)["association"][:2]).all()


def test_codes_too_close_for_a_correlation():
    codes, pairs = given("clean")
    pairs[1] = tuple(1e-200 * each for each in pairs[1])
    assert (score_pairs(codes, pairs)["association"][:, 1] == 0).all()


def test_which_codes_are_active():
    # Standard deviations by N - 1 of 0.057 and 0.042.
    _, pairs = given("clean")
    result = score_pairs([[0, 0, 1], [0.08, 0.06, 1]], pairs)
    assert np.isnan(result["association"]).all(axis=1).tolist() == [False, True, True]
    assert result["num_active_dims"] == 1


def test_undefined_scores_are_nan():
    for case in ("a factor of one value", "one factor of one value"):
        assert np.isnan(score(*DEGENERATE[case])["omes"]), case
    assert np.isnan(score(GRID, GRID, sample=lambda f: f, factor_sizes=(4, 3, 1))["omes"])


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"alpha": 1.5}, "alpha must be between 0 and 1, got 1.5"),
        ({"alpha": float("nan")}, "alpha must be between 0 and 1"),
        ({"pooling": "mean"}, "pooling must be one of avg, max, not 'mean'"),
        ({"pairing": "random"}, "pairing must be one of independent, published, not 'random'"),
        ({"num_pairs": 1}, "num_pairs must be at least 2, got 1"),
        ({"sample": lambda factors: factors}, "factor_sizes"),
        ({"sample": lambda factors: factors[:, :2], "factor_sizes": SIZES}, "sample must return codes of shape"),
    ],
)
def test_arguments_that_do_not_fit(arguments, message):
    with pytest.raises(ValueError, match=message):
        score(GRID, GRID, **arguments)


def test_without_a_sampler_every_combination_is_needed():
    with pytest.raises(ValueError, match="all 60 combinations"):
        score(GRID[1:], GRID[1:])


def test_pairs_that_do_not_fit():
    codes, pairs = given("clean")
    for wrong, message in (
        ([], "pairs for at least one factor"),
        ([pairs[0], (pairs[1][0], pairs[1][1][1:])], r"the pairs of factor 1 have shapes \(150, 3\) and \(149, 3\)"),
        ([tuple(each[:, :2] for each in pairs[0])], r"not \(n, 3\) both"),
        ([(np.full_like(pairs[0][0], np.nan), pairs[0][1])], "first codes of factor 0 holds NaN"),
    ):
        with pytest.raises(ValueError, match=message):
            score_pairs(codes, wrong)
