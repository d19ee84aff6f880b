"""DCI-ES: reference numbers of explicitness, properties, degenerate data."""

import numpy as np
import pytest

from sae_src.metrics.dci import completeness, disentanglement
from sae_src.metrics.dcies import explicitness, score
from tests.sae_src.metrics.changes import perfect
from tests.sae_src.metrics.reference import MORE, arrays
from tests.sae_src.metrics.test_edge_cases import CODES, DEGENERATE, FACTORS, assert_equal, assert_sound

SCORES = ("explicitness", "disentanglement", "completeness", "informativeness_train", "informativeness_test")
FEW = {"num_trees": 5, "depths": (1, 2, 4)}


@pytest.mark.parametrize("curve", MORE["explicitness_curves"])
def test_reference_curves(curve):
    result = explicitness(curve["capacity"], np.array([curve["loss"]]).T, [curve["baseline"]])
    assert result == pytest.approx([curve["E"]], abs=1e-9)


@pytest.mark.slow
def test_reference_forests():
    expected = MORE["explicitness_forest_noisy"]
    result = score(*arrays("noisy"), depths=expected["depths"], num_trees=expected["num_trees"])
    assert result["explicitness"] == pytest.approx(expected["E_mean"], abs=0.03)
    np.testing.assert_allclose(result["explicitness_per_factor"], expected["E_per_factor_mean"], atol=0.06)
    np.testing.assert_allclose(result["test_losses"], expected["losses_seed0"], atol=0.02)
    assert result["size"] == 5 / 6


def test_several_curves_at_once():
    losses = np.array([[0.9, 0.8, 0.5], [0.45, 0.8, 0.1], [0.0, 0.8, 0.3]])
    assert explicitness([1, 2, 3], losses, [0.9, 0.8, 0.5]) == pytest.approx([0, 1, 0.6])


def test_a_loss_that_rises_again_counts_as_its_minimum():
    assert explicitness([0, 1, 2], [[0.5], [0.1], [0.4]], [0.5]) == explicitness(
        [0, 1, 2], [[0.5], [0.1], [0.1]], [0.5]
    )


def test_curves_go_on_flat():
    losses = [[0.8], [0.2]]
    longer = explicitness([1, 2, 5], [*losses, [0.2]], [0.8])
    assert explicitness([1, 2], losses, [0.8], last_capacity=5) == pytest.approx(longer, abs=1e-12)
    assert explicitness([1, 2], losses, [0.8], last_capacity=1.5) == pytest.approx(explicitness([1, 2], losses, [0.8]))


def test_perfect_codes():
    codes, factors = (np.tile(each, (4, 1)) for each in perfect())
    result = score(codes, factors, num_trees=20)
    assert result["informativeness_test"] == result["size"] == 1
    assert result["explicitness"] > 0.9
    # Forests split by a code that does not help where they draw no other.
    assert 0.9 > result["disentanglement"] > 0.7 and 0.9 > result["completeness"] > 0.7
    assert score(np.hstack([codes, codes]), factors, **FEW)["size"] == 0.5


def test_the_rows_of_the_importance_are_the_codes():
    factors = np.tile(FACTORS, (4, 1))
    noise = np.random.default_rng(1).normal(size=(2, len(factors)))
    codes = np.stack([factors[:, 1] + 0.01 * noise[0], noise[1], factors[:, 0]], axis=1)
    importance = score(codes, factors, **FEW)["importance_matrix"]
    assert importance.shape == (3, 2)
    assert importance.argmax(axis=0).tolist() == [2, 0]


def test_codes_without_information_are_explicit():
    generator = np.random.default_rng(0)
    result = score(0 * CODES, FACTORS, generator.normal(size=CODES.shape), FACTORS, **FEW)
    assert result["explicitness"] == 1
    assert result["disentanglement"] == 0
    assert result["informativeness_test"] == pytest.approx((1 / 2 + 1 / 3) / 2)


@pytest.mark.slow
def test_the_other_scores_come_from_the_best_depth():
    data = arrays("noisy")
    result = score(*data, num_trees=10, depths=(1, 3, 9))
    means = 1 - result["test_losses"].mean(axis=1)
    assert result["depth"] == 9 and means.argmax() == 2
    assert result["informativeness_test"] == pytest.approx(means[2], abs=1e-12)
    assert result["informativeness_train"] > result["informativeness_test"]
    assert result["disentanglement"] == disentanglement(result["importance_matrix"])
    assert result["completeness"] == completeness(result["importance_matrix"])
    alone = score(*data, num_trees=10, depths=(9, 10))
    assert alone["test_losses"][0].tolist() == result["test_losses"][2].tolist()
    if alone["depth"] == 9:
        np.testing.assert_array_equal(alone["importance_matrix"], result["importance_matrix"])


def test_guessing_is_the_baseline():
    generator = np.random.default_rng(0)
    codes = CODES + generator.normal(size=CODES.shape)
    result = score(codes, FACTORS, codes[::-1], FACTORS[::-1], **FEW)
    expected = explicitness(FEW["depths"], result["test_losses"], [1 / 2, 2 / 3])
    assert result["explicitness_per_factor"] == pytest.approx(expected, abs=1e-12)
    assert result["explicitness"] == pytest.approx(expected.mean(), abs=1e-12) and expected.mean() < 1


def test_of_equally_good_depths_the_least_counts():
    codes, factors = (np.tile(each[:, :1], (4, 1)) for each in perfect())
    assert score(codes, factors, num_trees=5, depths=(8, 9, 10))["depth"] == 8


def test_orders_and_scale():
    codes, factors, *test = arrays("discrete")
    before = score(codes, factors, *test, **FEW)
    after = score(4 * codes, factors[:, ::-1], 4 * test[0], test[1][:, ::-1], **FEW)
    for key in SCORES:
        assert after[key] == pytest.approx(before[key], abs=1e-12), key


def test_the_seed_and_nothing_else_sets_the_numbers():
    first = score(CODES, FACTORS, seed=3, **FEW)
    state = np.random.get_state()[1].copy()
    assert_equal(score(CODES, FACTORS, seed=3, **FEW), first)
    np.testing.assert_array_equal(np.random.get_state()[1], state)
    assert (score(CODES, FACTORS, seed=4, **FEW)["importance_matrix"] != first["importance_matrix"]).any()


@pytest.mark.slow
def test_processes_do_not_change_a_bit():
    assert_equal(score(CODES, FACTORS, jobs=2, **FEW), score(CODES, FACTORS, **FEW))


@pytest.mark.parametrize("case", DEGENERATE)
def test_degenerate_data(case):
    assert_sound(score(*DEGENERATE[case], **FEW))


@pytest.mark.parametrize("count", [1, 2, 3])
def test_tiny_data(count):
    assert_sound(score(CODES[:count], FACTORS[:count], **FEW))


def test_undefined_scores_are_nan():
    result = score(*DEGENERATE["a factor of one value"], **FEW)
    assert np.isnan([result[key] for key in SCORES]).all()
    assert np.isnan(result["explicitness_per_factor"]).tolist() == [False, True, False]
    assert np.isnan(result["importance_matrix"]).all(axis=0).tolist() == [False, True, False]
    assert result["size"] == 1
    assert np.isnan(score(*DEGENERATE["one factor of one value"], **FEW)["explicitness"])
    assert np.isnan(score(*DEGENERATE["a single factor"], **FEW)["disentanglement"])
    assert np.isnan(score(*DEGENERATE["a single code"], **FEW)["completeness"])


def test_test_values_that_training_lacks_are_errors():
    result = score(CODES, FACTORS, CODES, FACTORS + 5, **FEW)
    assert (result["test_losses"] == 1).all()


@pytest.mark.parametrize("depths", [(4,), (), (2, 2), (4, 2), (0, 1)])
def test_depths_that_there_cannot_be(depths):
    with pytest.raises(ValueError, match="depths must be at least two ascending numbers of at least 1"):
        score(CODES, FACTORS, depths=depths)


@pytest.mark.parametrize(
    ("arrays", "message"),
    [((1e40 * CODES, FACTORS), "too large"), ((CODES, FACTORS, 1e40 * CODES, FACTORS), "too large")],
)
def test_arrays_that_do_not_fit(arrays, message):
    with pytest.raises(ValueError, match=message):
        score(*arrays)
    with pytest.raises(ValueError, match="num_trees must be at least 1, got 0"):
        score(CODES, FACTORS, num_trees=0)
