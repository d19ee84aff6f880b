"""InfoMEC: reference numbers, properties, degenerate data."""

import numpy as np
import pytest
from scipy.special import digamma

from sae_src.metrics.infomec import active_codes, modularity_compactness, score
from sae_src.metrics.neighbour_information import neighbour_information
from tests.sae_src.metrics.changes import UNNOTICED, noise, perfect
from tests.sae_src.metrics.conftest import grid
from tests.sae_src.metrics.reference import MORE, SETS, arrays, numbers
from tests.sae_src.metrics.test_edge_cases import CODES, DEGENERATE, FACTORS, assert_equal

KINDS = [
    (name, kind) for name in SETS for kind in ("discrete", "continuous") if f"infomec_{kind}" in MORE["sets"][name]
]
every_kind = pytest.mark.parametrize(("name", "kind"), KINDS)
SOLVER = 1e-4  # what InfoE leaves of the optimum; between versions of scikit-learn too
QUICK = {"num_shuffles": 0}


def expected_of(name: str, kind: str) -> dict:
    return MORE["sets"][name][f"infomec_{kind}"]


def mean_over_seeds(name: str, kind: str, **settings) -> dict:
    """Means over as many seeds as the reference was averaged over; one where the seed changes nothing."""
    codes, factors, *_ = arrays(name)
    seeds = range(expected_of(name, kind).get("seeds", 1))
    results = [score(codes, factors, seed=seed, discrete=kind == "discrete", **QUICK, **settings) for seed in seeds]
    return {key: np.mean([result[key] for result in results], axis=0) for key in results[0]}


@every_kind
def test_reference(name, kind):
    expected = expected_of(name, kind)
    result, tolerance = mean_over_seeds(name, kind), expected["tolerance"]
    assert result["infom"] == pytest.approx(expected["infom"], abs=tolerance["infom"])
    assert result["infoc"] == pytest.approx(expected["infoc"], abs=tolerance["infoc"])
    active = np.array(expected["active"])
    np.testing.assert_array_equal(result["active_codes"], active)
    assert result["active"] == active.sum()
    nmi = numbers(expected["nmi"]).T
    noise_of_mean = 4 * expected.get("nmi_sd_max", 0) or 1e-9
    np.testing.assert_allclose(result["nmi"][active], nmi[active], rtol=0, atol=noise_of_mean)


@every_kind
def test_explicitness_of_the_reference(name, kind):
    expected = expected_of(name, kind)
    result = mean_over_seeds(name, kind)
    assert result["infoe"] == pytest.approx(expected["infoe_converged"], abs=SOLVER)
    np.testing.assert_allclose(result["infoe_per_factor"], expected["infoe_converged_per_factor"], atol=SOLVER)
    assert result["infoe"] == pytest.approx(
        expected["reference_infoe_sklearn_1_3_2"], abs=expected["tolerance"]["infoe"]
    )


@every_kind
def test_explicitness_as_published(name, kind):
    expected = expected_of(name, kind)
    result = mean_over_seeds(name, kind, max_iter=100, tolerance=1e-4)
    published = expected["infoe_sklearn_1_9_1_100_iterations_per_factor"]
    np.testing.assert_allclose(result["infoe_per_factor"], published, atol=expected["tolerance"]["infoe"])
    assert (result["infoe_steps"] <= 100).all()


@pytest.mark.slow
@every_kind
def test_the_later_rule_of_active_codes(name, kind):
    expected = expected_of(name, kind)
    result = mean_over_seeds(name, kind, active_rule="interquartile")
    np.testing.assert_array_equal(result["active_codes"], expected["tripod_reference"]["active"])
    for key in ("infom", "infoc"):
        assert result[key] == pytest.approx(expected["tripod_reference"][key], abs=expected["tolerance"][key]), key


def test_rules_of_active_codes():
    # Ranges 1, 1 and 0.04; distances of the quartiles 0.5, 0 and 0.02.
    line = np.linspace(0, 1, 101)
    codes = np.stack([line, (line == 1).astype(float), 0.04 * line, np.zeros(101)], axis=1)
    assert active_codes(codes, discrete=True).tolist() == [True, True, True, False]
    assert active_codes(codes, discrete=False).tolist() == [True, True, False, False]
    assert active_codes(codes, discrete=True, rule="interquartile").tolist() == [True, False, False, False]
    assert active_codes(codes, discrete=False, rule="interquartile").tolist() == [True, False, False, False]
    assert active_codes(codes[:, 1:], discrete=False, rule="interquartile").tolist() == [False, True, False]
    with pytest.raises(ValueError, match="active_rule must be range or interquartile, not 'all'"):
        score(codes, FACTORS[:1].repeat(101, axis=0), active_rule="all")


@pytest.mark.slow
def test_codes_of_few_values_are_taken_to_be_discrete():
    for name, discrete in (("grid", True), ("discrete", True), ("noisy", False)):
        codes, factors, *_ = arrays(name)
        assert_equal(score(codes, factors, **QUICK), score(codes, factors, discrete=discrete, **QUICK))


@pytest.mark.parametrize("count", [3, 30])
def test_neighbour_information_by_its_definition(count):
    generator = np.random.default_rng(count)
    labels = np.concatenate([generator.integers(3, size=count), [3]])
    values = generator.normal(size=count + 1) + labels
    kept = [i for i in range(count + 1) if (labels == labels[i]).sum() > 1]
    terms = []
    for i in kept:
        own = np.sort([abs(values[i] - values[j]) for j in kept if labels[j] == labels[i] and j != i])
        neighbours = min(10, len(own))
        within = sum(abs(values[i] - values[j]) < own[neighbours - 1] for j in kept)
        terms.append(digamma(neighbours) - digamma(len(own) + 1) - digamma(within))
    expected = max(0, digamma(len(kept)) + np.mean(terms))
    assert neighbour_information(values, labels) == pytest.approx(expected, abs=1e-12)


def test_neighbour_information_without_neighbours_is_undefined():
    assert np.isnan(neighbour_information(np.arange(4.0), np.arange(4)))


def test_neighbour_information_is_never_below_0():
    generator = np.random.default_rng(0)
    estimates = [neighbour_information(generator.normal(size=200), np.arange(200) % 4) for _ in range(10)]
    assert min(estimates) == 0


def test_scores_of_known_matrices():
    everything = np.ones(3, dtype=bool)
    assert modularity_compactness(np.eye(3), everything) == pytest.approx((1, 1))
    assert modularity_compactness(np.ones((3, 3)), everything) == pytest.approx((0, 0))
    # A code that knows no factor does not count; a factor that no code knows neither.
    assert modularity_compactness(np.diag([1.0, 1, 0]), everything) == pytest.approx((1, 1))
    # Two codes of one factor: modular, but only the other factor is compact.
    split = np.array([[0.5, 0], [0.5, 0], [0, 1]])
    assert modularity_compactness(split, everything) == pytest.approx((1, (0.75 - 1 / 3) / (1 - 1 / 3)))
    assert modularity_compactness(split, np.array([True, False, True])) == pytest.approx((1, 1))


@pytest.mark.slow
@pytest.mark.parametrize("discrete", [False, True])
@pytest.mark.parametrize("change", UNNOTICED)
def test_changes_that_make_no_difference(change, discrete):
    codes, factors, *_ = arrays("discrete" if discrete else "noisy")
    before = score(codes, factors, discrete=discrete, **QUICK)
    after = score(*UNNOTICED[change](codes, factors), discrete=discrete, **QUICK)
    for key in ("infom", "infoc"):
        assert after[key] == pytest.approx(before[key], abs=1e-9), key
    assert after["infoe"] == pytest.approx(before["infoe"], abs=SOLVER)


def test_rounding_is_no_information():
    # Of two independent variables, sums of logarithms leave 1e-15.
    factors = np.tile(grid(2, 2, 2), (11, 1))
    codes = factors[:, [0, 2]].astype(float)
    assert score(codes, factors[:, :2], **QUICK)["nmi"].round(9).tolist() == [[1, 0], [0, 0]]
    assert score(codes, factors[:, :2], **QUICK)["infom"] == pytest.approx(1)


def test_the_order_of_codes_does_not_change_how_equal_values_are_parted():
    codes, factors, *_ = arrays("grid")
    before, after = (score(one, factors, discrete=False, **QUICK) for one in (codes, codes[:, ::-1]))
    np.testing.assert_allclose(after["nmi"][::-1], before["nmi"], rtol=0, atol=1e-12)


@pytest.mark.slow
@pytest.mark.parametrize("discrete", [False, True])
def test_a_constant_code_changes_nothing(discrete):
    codes, factors, *_ = arrays("discrete" if discrete else "noisy")
    before = score(codes, factors, discrete=discrete, **QUICK)
    after = score(np.insert(codes, 2, 0.1, axis=1), factors, discrete=discrete, **QUICK)
    assert after["active"] == before["active"]
    assert (after["nmi"][2] == 0).all()
    for key in ("infom", "infoc", "infoe"):
        assert after[key] == pytest.approx(before[key], abs=SOLVER if key == "infoe" else 1e-12), key


def test_a_copy_of_a_code_makes_codes_less_compact():
    codes, factors = perfect()
    assert score(codes, factors)["infoc"] == pytest.approx(1)
    copied = score(codes[:, [0, 1, 2, 0]], factors)
    assert copied["infom"] == pytest.approx(1)
    assert copied["infoc"] == pytest.approx(((2 + 0.5) / 3 - 0.25) / 0.75)


def test_perfect_codes():
    result = score(*perfect())
    for key in ("infom", "infoc", "infom_bins", "infoc_bins"):
        assert result[key] == pytest.approx(1, abs=1e-9), key
    assert result["infoe"] == pytest.approx(1, abs=1e-3)
    assert (result["infom_chance"], result["infoc_chance"]) < (0.5, 0.5)


def test_what_noise_scores_is_said_beside_the_score():
    results = [score(*noise(1000, seed)) for seed in range(2)]
    infom, infoc, infoe, infom_chance, infoc_chance = (
        np.mean([result[key] for result in results])
        for key in ("infom", "infoc", "infoe", "infom_chance", "infoc_chance")
    )
    assert infom == pytest.approx(0.58, abs=0.2)
    assert infom_chance == pytest.approx(0.58, abs=0.12)
    assert infoc == pytest.approx(0.43, abs=0.2)
    assert infoc_chance == pytest.approx(0.43, abs=0.12)
    assert infoe == pytest.approx(0.019, abs=0.005)


def test_explicitness_weighs_all_values_the_same():
    # One point in ten is of the second class, and the code says nothing: balanced weights predict one half.
    factors = (np.arange(1000) % 10 == 0)[:, None]
    codes = np.repeat(np.random.default_rng(0).normal(size=(100, 1)), 10, axis=0)
    result = score(codes, factors, **QUICK)
    assert result["infoe"] == pytest.approx(0, abs=1e-9)


@pytest.mark.slow
def test_the_seed_matters_for_equal_values_alone():
    codes, factors, *_ = arrays("grid")
    one, other = (score(codes, factors, discrete=False, seed=seed, **QUICK)["infom"] for seed in (0, 1))
    assert abs(one - other) > 1e-4
    codes, factors, *_ = arrays("noisy")
    one, other = (score(codes, factors, seed=seed, **QUICK)["infom"] for seed in (0, 1))
    assert one == pytest.approx(other, abs=1e-12)


@pytest.mark.parametrize("discrete", [False, True])
def test_undefined_scores_are_nan(discrete):
    def of(case: str, **settings) -> tuple[float, float, float]:
        result = score(*DEGENERATE[case], discrete=discrete, **QUICK, **settings)
        return result["infom"], result["infoc"], result["infoe"]

    for case in ("a factor of one value", "one factor of one value"):
        assert np.isnan(of(case)).all(), case
    assert np.isnan(of("a single factor")).tolist() == [True, False, False]
    assert np.isnan(of("a single code")).tolist() == [False, True, False]
    assert np.isnan(of("constant codes")).tolist() == [True, True, False]
    assert of("constant codes")[2] == pytest.approx(0, abs=1e-9)
    assert of("constant codes", active_rule="interquartile") == (0, 0, 0)
    constant = score(0 * CODES, 0 * FACTORS, discrete=discrete, active_rule="interquartile", **QUICK)
    assert np.isnan([constant["infom"], constant["infoc"], constant["infoe"]]).all()
    assert np.isnan(score(CODES, FACTORS, num_shuffles=0)["infom_chance"])


def test_settings_out_of_range():
    for settings in ({"max_iter": 0}, {"num_shuffles": -1}):
        with pytest.raises(ValueError, match="max_iter must be at least 1 and num_shuffles at least 0"):
            score(CODES, FACTORS, **settings)
