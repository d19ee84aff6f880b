"""A perfectly disentangled code scores what theory says, and a rotated one does not."""

import numpy as np
import pytest

from sae_src import metrics
from tests.sae_src.metrics.conftest import grid

SIZES = (4, 5, 3)
FACTORS = np.tile(grid(*SIZES), (4, 1))


def perfect(factors: np.ndarray) -> np.ndarray:
    return factors * [1.0, -2.0, 0.5]


def rotated(factors: np.ndarray) -> np.ndarray:
    """Every code an equal mixture of all factors of unit variance."""
    unit = (factors - FACTORS.mean(axis=0)) / FACTORS.std(axis=0)
    rotation = np.eye(3) - 2 / 3  # a reflection, all of whose rows are mixtures
    return unit @ rotation


SAMPLED = {"factor_sizes": SIZES, "num_train": 300, "num_test": 200}


def test_mig():
    assert metrics.mig.score(perfect(FACTORS), FACTORS)["discrete_mig"] == pytest.approx(1)
    assert metrics.mig.score(rotated(FACTORS), FACTORS)["discrete_mig"] < 0.3


def test_mig_of_a_duplicated_code_is_zero():
    codes = np.tile(perfect(FACTORS), (1, 2))
    assert metrics.mig.score(codes, FACTORS)["discrete_mig"] == pytest.approx(0)


def test_irs():
    result = metrics.irs.score(perfect(FACTORS), FACTORS)
    assert result["avg_score"] == pytest.approx(1)
    np.testing.assert_array_equal(result["parents"], [0, 1, 2])
    assert metrics.irs.score(rotated(FACTORS), FACTORS)["avg_score"] < 0.6


def test_sap():
    # The best code is always right; the second best knows nothing and is right by chance.
    result = metrics.sap.score(perfect(FACTORS), FACTORS)
    chance = 1 / np.array(SIZES)
    off_diagonal = result["SAP_matrix"][~np.eye(3, dtype=bool)]
    np.testing.assert_allclose(off_diagonal, np.tile(chance, (3, 1))[~np.eye(3, dtype=bool)], atol=1e-12)
    assert metrics.sap.score(rotated(FACTORS), FACTORS)["SAP_score"] < 0.5 * result["SAP_score"]


def test_sap_of_continuous_factors():
    result = metrics.sap.score(perfect(FACTORS), FACTORS, continuous_factors=True)
    assert result["SAP_score"] == pytest.approx(1)
    np.testing.assert_allclose(result["SAP_matrix"], np.eye(3), atol=1e-12)


def test_modularity_explicitness():
    result = metrics.modularity_explicitness.score(perfect(FACTORS), FACTORS)
    assert result["modularity_score"] == pytest.approx(1)
    assert result["explicitness_score_train"] > 0.8
    assert metrics.modularity_explicitness.score(rotated(FACTORS), FACTORS)["modularity_score"] < 0.9


def test_explicitness_of_one_code_per_value_is_one():
    codes = np.concatenate([np.eye(size)[FACTORS[:, k]] for k, size in enumerate(SIZES)], axis=1)
    assert metrics.modularity_explicitness.score(codes, FACTORS)["explicitness_score_test"] == pytest.approx(1)


def test_explicitness_without_information_is_chance():
    codes = np.zeros((len(FACTORS), 2))
    assert metrics.modularity_explicitness.score(codes, FACTORS)["explicitness_score_test"] == pytest.approx(0.5)


@pytest.mark.slow
def test_dci():
    result = metrics.dci.score(perfect(FACTORS), FACTORS)
    for key in ("disentanglement", "completeness", "informativeness_train"):
        assert result[key] == pytest.approx(1, abs=1e-6), key
    assert metrics.dci.score(rotated(FACTORS), FACTORS)["disentanglement"] < 0.5


def test_disentanglement_and_completeness_of_known_matrices():
    spread, pointed = np.ones((4, 3)), np.eye(3)
    split = np.array([[1.0, 0], [1, 0], [0, 2]])  # one factor on two codes: disentangled, but not complete
    assert metrics.dci.disentanglement(spread) == pytest.approx(0)
    assert metrics.dci.completeness(pointed) == pytest.approx(1, abs=1e-6)
    assert metrics.dci.disentanglement(split) == pytest.approx(1, abs=1e-6)
    assert metrics.dci.completeness(split) == pytest.approx(1 - 0.5 * np.log(2) / np.log(3), abs=1e-6)


def test_fairness():
    arguments = {"sample": perfect, "factor_sizes": SIZES}
    result = metrics.fairness.score(perfect(FACTORS), FACTORS, **arguments)
    assert result["mean_fairness:mean_pred:mean_sens"] == pytest.approx(0)


def test_fairness_of_a_code_of_another_factor():
    # The code knows the first factor only where the second is 0, and is predicted from it: unfair to the second.
    factors = np.tile(grid(2, 2), (10, 1))
    codes = (factors[:, :1] * (1 - factors[:, 1:])).astype(float)
    (fair_mean,) = metrics.fairness.score(codes, factors).values()
    assert 0.05 < fair_mean <= 0.5


@pytest.mark.parametrize("sample", [None, perfect], ids=["rows", "sampler"])
def test_factor_vae(sample):
    arguments = SAMPLED | {"sample": sample, "batch_size": 16}
    result = metrics.factor_vae.score(perfect(FACTORS), FACTORS, **arguments)
    assert result == {"train_accuracy": 1, "eval_accuracy": 1, "num_active_dims": 3}


@pytest.mark.parametrize("sample", [None, rotated], ids=["rows", "sampler"])
def test_factor_vae_of_a_rotated_code(sample):
    result = metrics.factor_vae.score(rotated(FACTORS), FACTORS, **SAMPLED | {"sample": sample})
    assert result["eval_accuracy"] < 0.95


def test_factor_vae_ignores_a_constant_code():
    codes = np.insert(perfect(FACTORS), 0, 0.1, axis=1)
    result = metrics.factor_vae.score(codes, FACTORS, num_train=300, num_test=200, batch_size=16)
    assert result == {"train_accuracy": 1, "eval_accuracy": 1, "num_active_dims": 4}


def test_factor_vae_prunes():
    codes = perfect(FACTORS)
    result = metrics.factor_vae.score(codes, FACTORS, num_train=100, num_test=100, prune_threshold=0.5)
    assert result["num_active_dims"] == 2


@pytest.mark.parametrize("sample", [None, perfect], ids=["rows", "sampler"])
def test_beta_vae(sample):
    result = metrics.beta_vae.score(perfect(FACTORS), FACTORS, **SAMPLED | {"sample": sample})
    assert result == {"train_accuracy": 1, "eval_accuracy": 1}


def test_beta_vae_without_information_is_chance():
    noise = np.random.default_rng(0)
    result = metrics.beta_vae.score(
        perfect(FACTORS), FACTORS, sample=lambda factors: noise.normal(size=(len(factors), 3)), **SAMPLED
    )
    assert result["eval_accuracy"] < 0.5


def test_unsupervised():
    result = metrics.unsupervised.score(perfect(FACTORS), FACTORS)
    for key in ("gaussian_total_correlation", "gaussian_wasserstein_correlation", "mutual_info_score"):
        assert result[key] == pytest.approx(0, abs=1e-6), key


def test_unsupervised_of_two_correlated_codes():
    x, y = np.random.default_rng(0).normal(size=(2, 5000))
    codes = np.stack([x, 0.6 * x + 0.8 * y], axis=1)
    correlation = np.corrcoef(codes.T)[0, 1]
    result = metrics.unsupervised.score(codes, np.zeros((5000, 1)))
    assert result["gaussian_total_correlation"] == pytest.approx(-0.5 * np.log(1 - correlation**2))
    assert result["mutual_info_score"] == pytest.approx(result["gaussian_total_correlation"], abs=0.05)
