"""Degenerate data give NaN or a number, never an error or a warning; wrong arguments give one clear line."""

import numpy as np
import pytest
import torch

from sae_src import metrics
from sae_src.metrics.boosting import fit_classifiers
from tests.sae_src.metrics.conftest import grid

FACTORS = np.tile(grid(2, 3), (3, 1))
CODES = np.random.default_rng(0).normal(size=(len(FACTORS), 3)) + FACTORS[:, :1]
SMALL = {
    "factor_vae": {"num_train": 20, "num_test": 10, "batch_size": 4},
    "beta_vae": {"num_train": 20, "num_test": 10, "batch_size": 4},
    "fairness": {"num_test_points_per_class": 5},
}
SAMPLED = ("factor_vae", "beta_vae", "fairness")
MODULES = (
    "beta_vae",
    "dci",
    "factor_vae",
    "fairness",
    "irs",
    "mig",
    "modularity_explicitness",
    "sap",
    "unsupervised",
)
every_metric = pytest.mark.parametrize("name", MODULES)


def score(name: str, *arrays, **arguments) -> dict:
    return getattr(metrics, name).score(*arrays, **SMALL.get(name, {}) | arguments)


def assert_sound(result: dict) -> None:
    for key, value in result.items():
        assert isinstance(key, str)
        assert isinstance(value, float | int | np.ndarray), key
        # The total correlation of linearly dependent codes is infinite.
        assert not np.isinf(value).any() or key == "gaussian_total_correlation", key


def assert_equal(a: dict, b: dict) -> None:
    assert a.keys() == b.keys()
    for key in a:
        np.testing.assert_array_equal(a[key], b[key], err_msg=key)


DEGENERATE = {
    "a constant code": (np.insert(CODES, 1, 0.3, axis=1), FACTORS),
    "constant codes": (np.full_like(CODES, 0.3), FACTORS),
    "a constant code in single precision": (np.insert(CODES, 1, 0.3, axis=1).astype(np.float32), FACTORS),
    "a single code": (CODES[:, :1], FACTORS),
    "a single factor": (CODES, FACTORS[:, :1]),
    "a factor of one value": (CODES, np.insert(FACTORS, 1, 7, axis=1)),
    "one factor of one value": (CODES, np.zeros((len(CODES), 1))),
    "a narrow code": (np.float32(1e8) + np.insert(CODES, 0, 9 * FACTORS[:, 0], axis=1).astype(np.float32), FACTORS),
    "huge codes": (1e30 * CODES, FACTORS),
    "tiny codes": (1e-30 * CODES, FACTORS),
    "duplicate codes": (np.tile(CODES, (1, 2)), FACTORS),
    "negative and fractional factor values": (CODES, 0.5 * FACTORS - 3),
    "integer codes": (FACTORS, FACTORS),
    "boolean factors": (CODES, FACTORS.astype(bool)),
    "few points": (CODES[:12], FACTORS[:12]),
}


@every_metric
@pytest.mark.parametrize("case", DEGENERATE)
def test_degenerate_data(name, case):
    assert_sound(score(name, *DEGENERATE[case]))


@pytest.mark.parametrize("name", [name for name in MODULES if name not in SAMPLED])
@pytest.mark.parametrize("count", [1, 2, 3])
def test_tiny_data(name, count):
    assert_sound(score(name, CODES[:count], FACTORS[:count]))


@pytest.mark.parametrize("name", SAMPLED)
@pytest.mark.parametrize("count", [1, 2, 3])
def test_tiny_data_with_a_sampler(name, count):
    assert_sound(
        score(name, CODES[:count], FACTORS[:count], sample=lambda f: f[:, [0, 1, 1]] + 0.5, factor_sizes=(2, 3))
    )


@every_metric
def test_without_test_arrays_the_training_arrays_serve(name):
    assert_equal(score(name, CODES, FACTORS), score(name, CODES, FACTORS, CODES, FACTORS))


@pytest.mark.slow
@every_metric
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_tensors(name, dtype):
    codes = torch.tensor(CODES, dtype=dtype, requires_grad=True)
    assert_equal(score(name, codes, torch.tensor(FACTORS)), score(name, codes.detach().numpy(), FACTORS))


@every_metric
def test_half_precision(name):
    assert_sound(score(name, torch.tensor(CODES).bfloat16(), torch.tensor(FACTORS)))
    assert_sound(score(name, CODES.astype(np.float16), FACTORS))


@every_metric
def test_test_values_that_training_lacks(name):
    assert_sound(score(name, CODES, FACTORS, CODES, FACTORS + np.array([1, 2])))


@every_metric
def test_arrays_are_left_alone(name):
    codes, factors = CODES.copy(), FACTORS.copy()
    score(name, codes, factors)
    np.testing.assert_array_equal(codes, CODES)
    np.testing.assert_array_equal(factors, FACTORS)


def test_codes_alone_are_enough_where_no_factors_are_needed():
    assert_equal(metrics.unsupervised.score(CODES), metrics.unsupervised.score(CODES, FACTORS))
    with pytest.raises(ValueError, match="codes_train must be a matrix"):
        metrics.unsupervised.score(CODES[0])


UNDEFINED = [
    ("mig", "discrete_mig", "a single code"),
    ("mig", "discrete_mig", "a factor of one value"),
    ("sap", "SAP_score", "a single code"),
    ("sap", "SAP_score", "a factor of one value"),
    ("dci", "completeness", "a single code"),
    ("dci", "disentanglement", "a single factor"),
    ("dci", "informativeness_test", "a factor of one value"),
    ("modularity_explicitness", "modularity_score", "a single factor"),
    ("modularity_explicitness", "explicitness_score_test", "a factor of one value"),
    ("unsupervised", "gaussian_total_correlation", "a constant code"),
    ("unsupervised", "gaussian_wasserstein_correlation_norm", "constant codes"),
    ("unsupervised", "mutual_info_score", "a single code"),
    ("factor_vae", "eval_accuracy", "constant codes"),
    ("beta_vae", "eval_accuracy", "constant codes"),
    ("beta_vae", "eval_accuracy", "a single factor"),
    ("beta_vae", "train_accuracy", "a factor of one value"),
    ("factor_vae", "train_accuracy", "a factor of one value"),
    ("fairness", "mean_fairness:mean_pred:mean_sens", "a single factor"),
    ("fairness", "mean_fairness:mean_pred:mean_sens", "a factor of one value"),
]


@pytest.mark.parametrize(("name", "key", "case"), UNDEFINED)
def test_undefined_scores_are_nan(name, key, case):
    assert np.isnan(score(name, *DEGENERATE[case])[key])


def test_constant_codes_score_zero_where_the_formula_says_so():
    codes, factors = DEGENERATE["constant codes"]
    assert metrics.irs.score(codes, factors)["avg_score"] == 0
    assert metrics.irs.score(codes, factors)["IRS_matrix"].shape == (0, 2)
    assert metrics.dci.score(codes, factors)["disentanglement"] == 0
    assert metrics.mig.score(codes, factors)["discrete_mig"] == 0
    assert metrics.modularity_explicitness.score(codes, factors)["modularity_score"] == 0


@pytest.mark.parametrize("name", ["dci", "sap", "fairness"])
def test_codes_too_large_for_a_classifier(name):
    with pytest.raises(ValueError, match="too large"):
        score(name, CODES * 1e40, FACTORS)


@pytest.mark.parametrize("name", ["dci", "fairness"])
def test_classifiers_that_do_not_fit(name):
    classifiers = fit_classifiers(CODES, FACTORS)
    with pytest.raises(ValueError, match="1 classifiers for 2 factors"):
        score(name, CODES, FACTORS, classifiers=classifiers[:1])
    with pytest.raises(ValueError, match="another number of codes"):
        score(name, CODES[:, :2], FACTORS, classifiers=classifiers)


def test_bins_that_there_cannot_be():
    with pytest.raises(ValueError, match="num_bins must be at least 1"):
        metrics.mig.score(CODES, FACTORS, num_bins=0)


@every_metric
@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        ((CODES, FACTORS[:-1]), "rows"),
        ((CODES[0], FACTORS), "matrix"),
        ((CODES[:0], FACTORS[:0]), "at least one row"),
        ((CODES, FACTORS, CODES), "together"),
        ((CODES, FACTORS, CODES[:, :2], FACTORS), "columns"),
        ((np.where(CODES > 1, np.nan, CODES), FACTORS), "NaN"),
        ((CODES.astype(str), FACTORS), "numbers"),
    ],
)
def test_arrays_that_do_not_fit(name, arrays, message):
    with pytest.raises(ValueError, match=message):
        score(name, *arrays)


@pytest.mark.parametrize("name", SAMPLED)
@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"sample": lambda factors: factors}, "factor_sizes"),
        ({"sample": lambda factors: factors, "factor_sizes": (2,)}, "1 entries"),
        ({"sample": lambda factors: factors, "factor_sizes": (2, 0)}, "at least one value"),
        ({"sample": lambda factors: factors, "factor_sizes": (2, 3)}, "sample must return codes of shape"),
    ],
)
def test_samplers_that_do_not_fit(name, arguments, message):
    with pytest.raises(ValueError, match=message):
        score(name, CODES, FACTORS, **arguments)


@pytest.mark.parametrize("name", ["factor_vae", "beta_vae"])
def test_a_factor_that_no_rows_share_needs_a_sampler(name):
    with pytest.raises(ValueError, match="factor 1 has no value that two rows share"):
        score(name, CODES, np.stack([FACTORS[:, 0], np.arange(len(FACTORS))], axis=1))


def test_fairness_without_a_sampler_needs_every_combination():
    with pytest.raises(ValueError, match="all 6 combinations"):
        score("fairness", CODES[:5], FACTORS[:5])
    many = np.random.default_rng(0).integers(2, size=(len(CODES), 40))
    with pytest.raises(ValueError, match="all 1099511627776 combinations"):
        score("fairness", CODES, many)
