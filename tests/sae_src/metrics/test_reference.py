"""The metrics equal the published system's on the same arrays."""

import numpy as np
import pytest

from sae_src import metrics
from sae_src.metrics.boosting import fit_classifiers
from sae_src.metrics.discretisation import discretise, entropy, mutual_information
from tests.conftest import REFERENCE, reference

GOLDEN = reference("golden_metrics.json")
ARRAYS = reference("metric_arrays.json")
DETERMINISTIC, EXPLICITNESS, SUPPORT_VECTORS, BOOSTING = 1e-6, 1e-3, 5e-3, 1e-2


def assert_close(result: dict, expected: dict, tolerance: float) -> None:
    for key, value in expected.items():
        value = np.array(value, dtype=float)  # an undefined score, null in the file, becomes NaN
        np.testing.assert_allclose(result[key], value, rtol=0, atol=tolerance, err_msg=key)


@pytest.fixture(params=["a", "b", "c"])
def case(request):
    with np.load(REFERENCE / "metric_arrays.npz") as file:
        names = ("mus_train", "ys_train", "mus_test", "ys_test")
        return [file[f"{request.param}_{name}"].T for name in names], ARRAYS[request.param]


def test_the_problem_is_that_of_the_reference(problem):
    assert problem.codes_train.sum() == pytest.approx(GOLDEN["stub"]["mus_sum"], abs=1e-9)
    assert problem.factors_train.sum() == GOLDEN["stub"]["ys_sum"]


def test_discretisation(problem):
    discrete = discretise(problem.codes_train)
    np.testing.assert_array_equal(discrete[:20].T, GOLDEN["discretized_first20_per_row"])
    information = mutual_information(discrete, problem.factors_train)
    np.testing.assert_allclose(information, GOLDEN["mutual_info"], atol=DETERMINISTIC)
    np.testing.assert_allclose(entropy(problem.factors_train), GOLDEN["entropy"], atol=DETERMINISTIC)


def test_irs(problem):
    result = metrics.irs.score(*problem)
    expected = dict(GOLDEN["irs"])
    del expected["num_active_dims"]  # the published one is the sum of all code values
    assert_close(result, expected, DETERMINISTIC)
    assert result["num_active_dims"] == 5


@pytest.mark.parametrize("name", ["mig", "unsupervised"])
def test_metrics_without_classifiers(problem, name):
    assert_close(getattr(metrics, name).score(*problem), GOLDEN[name], DETERMINISTIC)


def test_modularity_explicitness(problem):
    result, expected = metrics.modularity_explicitness.score(*problem), GOLDEN["modularity_explicitness"]
    assert_close(result, {"modularity_score": expected["modularity_score"]}, DETERMINISTIC)
    assert_close(result, expected, EXPLICITNESS)


def test_sap(problem):
    assert_close(metrics.sap.score(*problem), GOLDEN["sap_discrete"], SUPPORT_VECTORS)


@pytest.mark.slow
def test_dci(problem, classifiers):
    assert_close(metrics.dci.score(*problem, classifiers=classifiers), GOLDEN["dci"], BOOSTING)


def test_fairness(problem, classifiers, sampler):
    result = metrics.fairness.score(*problem, **sampler, classifiers=classifiers)
    assert_close(result, GOLDEN["fairness"], BOOSTING)


def test_total_variations():
    example = GOLDEN["inter_group_fairness_example"]
    counts = np.array(example["counts"])
    variations = metrics.fairness.total_variations(counts)
    mean = np.average(variations, weights=counts.sum(axis=0))
    np.testing.assert_allclose([mean, variations.max()], example["out"], atol=DETERMINISTIC)


def test_beta_vae(problem, sampler):
    expected = GOLDEN["beta_vae_intended_order"]
    assert_close(metrics.beta_vae.score(*problem, **sampler, num_train=200, num_test=100), expected, 0)


def test_arrays_without_classifiers(case):
    arrays, expected = case
    assert_close(metrics.mig.score(*arrays), expected["mig"], DETERMINISTIC)
    result = metrics.irs.score(*arrays)
    assert_close(result, expected["irs"], DETERMINISTIC)
    assert result["num_active_dims"] == expected["irs_active"]
    assert_close(metrics.sap.score(*arrays, continuous_factors=True), expected["sap_continuous"], DETERMINISTIC)
    correlations = {key: value for key, value in expected.items() if key.startswith("gaussian")}
    assert len(correlations) == 3
    assert_close(metrics.unsupervised.score(*arrays), correlations, DETERMINISTIC)


def test_arrays_modularity_explicitness(case):
    arrays, expected = case
    information = mutual_information(discretise(arrays[0]), arrays[1])
    np.testing.assert_allclose(information, expected["mutual_information"], atol=DETERMINISTIC)
    result = metrics.modularity_explicitness.score(*arrays)
    assert_close(result, {"modularity_score": expected["modularity"]}, DETERMINISTIC)
    explicitness = {f"explicitness_score_{split}": expected[f"explicitness_{split}"] for split in ("train", "test")}
    assert_close(result, explicitness, EXPLICITNESS)


def test_arrays_sap(case):
    arrays, expected = case
    assert_close(metrics.sap.score(*arrays), expected["sap"], SUPPORT_VECTORS)


@pytest.mark.slow
def test_arrays_dci(case):
    arrays, expected = case
    importance = np.array(expected["dci"]["importance_matrix"])
    # Boosting takes long: the factor of the fewest values is trained, the scores are those of the whole matrix.
    fewest = 4
    (classifier,) = fit_classifiers(arrays[0], arrays[1][:, [fewest]])
    np.testing.assert_allclose(classifier.feature_importances_, importance[:, fewest], atol=BOOSTING)
    scores = {key: expected["dci"][key] for key in ("disentanglement", "completeness")}
    own = {key: getattr(metrics.dci, key)(importance) for key in scores}
    assert_close(own, scores, DETERMINISTIC)
