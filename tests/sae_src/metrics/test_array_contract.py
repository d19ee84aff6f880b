"""What holds for every score of codes and factors: degenerate data, kinds of arrays, repeatability, and mistakes."""

from types import ModuleType

import numpy as np
import pytest
import torch

from sae_src.metrics import (
    dcies,
    downstream,
    factorised_support,
    infomec,
    mcc,
    med,
    mig,
    modularity_explicitness,
    omes,
    r2,
    sap,
)
from tests.sae_src.metrics.test_edge_cases import CODES, DEGENERATE, FACTORS, assert_equal, assert_sound

MODULES = (infomec, mcc, r2, med, downstream)
SETTINGS = {"downstream": {"sizes": [18], "backend": "presort"}, "infomec": {"num_shuffles": 1}}
every_score = pytest.mark.parametrize(
    "module",
    [pytest.param(each, id=each.METRIC.name, marks=[pytest.mark.slow] * (each is downstream)) for each in MODULES],
)


def score(module: ModuleType, *arrays, **arguments) -> dict:
    return module.score(*arrays, **SETTINGS.get(module.METRIC.name, {}) | arguments)


@every_score
@pytest.mark.parametrize("case", DEGENERATE)
def test_degenerate_data(module, case):
    assert_sound(score(module, *DEGENERATE[case]))


@every_score
@pytest.mark.parametrize("count", [1, 2, 3])
def test_tiny_data(module, count):
    assert_sound(score(module, CODES[:count], FACTORS[:count]))


@pytest.mark.parametrize("module", [dcies, infomec, med, modularity_explicitness, sap])
def test_fewer_points_than_classes(module):
    codes, classes = CODES[np.arange(30) % len(CODES)], np.random.default_rng(0).permutation(40)[:30, None]
    assert_sound(module.score(codes, classes, **{"num_trees": 2, "depths": (1, 2)} if module is dcies else {}))


@pytest.mark.parametrize("scale", [1e-300, 1e300])
def test_codes_of_any_size(scale):
    expected = factorised_support.score(CODES)["factorised_support"]
    assert factorised_support.score(scale * CODES)["factorised_support"] == pytest.approx(expected)
    if scale > 1:
        assert omes.score(scale * CODES, FACTORS)["omes"] == pytest.approx(omes.score(CODES, FACTORS)["omes"])
        assert mig.score(scale * CODES, FACTORS)["mig_sup_active"] == mig.score(CODES, FACTORS)["mig_sup_active"]


@every_score
def test_more_codes_than_points(module):
    codes = np.random.default_rng(1).normal(size=(len(FACTORS), 30))
    assert_sound(score(module, codes, FACTORS, codes[::2], FACTORS[::2]))


@pytest.mark.parametrize("discrete", [False, True])
@pytest.mark.parametrize("case", DEGENERATE)
def test_degenerate_data_of_both_kinds_of_codes(case, discrete):
    assert_sound(score(infomec, *DEGENERATE[case], discrete=discrete))


@every_score
def test_the_metric_names_its_scores(module):
    result = module.score(CODES, FACTORS)
    assert module.METRIC.score is module.score
    assert set(module.METRIC.scores) <= result.keys()
    assert all(isinstance(result[key], float | int) for key in module.METRIC.scores)
    assert not module.METRIC.is_published


@every_score
def test_without_test_arrays_the_training_arrays_serve(module):
    assert_equal(score(module, CODES, FACTORS), score(module, CODES, FACTORS, CODES, FACTORS))


@every_score
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_tensors(module, dtype):
    codes = torch.tensor(CODES, dtype=dtype, requires_grad=True)
    assert_equal(score(module, codes, torch.tensor(FACTORS)), score(module, codes.detach().numpy(), FACTORS))


@every_score
def test_half_precision(module):
    assert_sound(score(module, torch.tensor(CODES).bfloat16(), torch.tensor(FACTORS)))


@every_score
def test_test_values_that_training_lacks(module):
    assert_sound(score(module, CODES, FACTORS, CODES, FACTORS + np.array([1, 2])))


@every_score
def test_arrays_are_left_alone(module):
    codes, factors = CODES.copy(), FACTORS.copy()
    score(module, codes, factors)
    np.testing.assert_array_equal(codes, CODES)
    np.testing.assert_array_equal(factors, FACTORS)


@every_score
def test_scores_depend_on_the_arrays_and_the_seed_alone(module):
    np.random.seed(0)
    before, torch_before = np.random.get_state()[1].copy(), torch.get_rng_state()
    first = score(module, CODES, FACTORS, seed=3)
    np.testing.assert_array_equal(np.random.get_state()[1], before)
    assert torch.equal(torch.get_rng_state(), torch_before)
    np.random.seed(5)
    assert_equal(score(module, CODES, FACTORS, seed=3), first)


@every_score
@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        ((CODES, FACTORS[:-1]), "rows"),
        ((CODES[0], FACTORS), "matrix"),
        ((CODES[:0], FACTORS[:0]), "at least one row"),
        ((CODES, FACTORS, CODES), "together"),
        ((CODES, FACTORS, CODES[:, :2], FACTORS), "columns"),
        ((np.where(CODES > 1, np.nan, CODES), FACTORS), "NaN"),
        ((CODES, np.where(FACTORS > 1, np.inf, FACTORS)), "infinity"),
        ((CODES.astype(str), FACTORS), "numbers"),
        ((np.ma.masked_array(CODES, CODES > 1), FACTORS), "masked array that hides values"),
    ],
)
def test_arrays_that_do_not_fit(module, arrays, message):
    with pytest.raises(ValueError, match=message):
        score(module, *arrays)


REAL = np.random.default_rng(2).normal(size=(100, 2))


@pytest.mark.parametrize("module", [infomec, med, downstream], ids=lambda module: module.METRIC.name)
def test_scores_of_classes_refuse_real_valued_factors(module):
    with pytest.raises(ValueError, match=r"factor 1 has 100 different values at 100 points.*takes factors as classes"):
        score(module, REAL, np.stack([REAL[:, 0] > 0, REAL[:, 1]], axis=1))
    assert_sound(score(module, REAL, np.round(REAL) / 2))
    assert module.METRIC.need == "factors"


@pytest.mark.parametrize("module", [mcc, r2], ids=lambda module: module.METRIC.name)
def test_scores_of_numbers_take_real_valued_factors(module):
    result = score(module, REAL * [1, -2] + 3, REAL)
    for key in module.METRIC.scores:
        expected = 0 if key == "largest_off_diagonal" else 1
        assert result[key] == pytest.approx(expected, abs=0.05), key
    assert module.METRIC.need == "numbers"
