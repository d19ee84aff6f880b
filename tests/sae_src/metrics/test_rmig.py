"""RMIG: reference numbers, properties, degenerate data."""

import numpy as np
import pytest
from scipy.stats import norm

from sae_src.metrics import mig
from sae_src.metrics.rmig import bin_probabilities, score
from tests.sae_src.metrics.changes import UNNOTICED, perfect
from tests.sae_src.metrics.reference import MORE, array
from tests.sae_src.metrics.test_edge_cases import CODES, DEGENERATE, FACTORS, assert_equal, assert_sound

SCORES = ("rmig", "rmig_jemmig")
KEYS = {
    "rmig": "rmig_normalised",
    "rmig_jemmig": "jemmig_normalised",
    "rmig_raw": "rmig_raw",
    "rmig_jemmig_raw": "jemmig_raw_nats",
}
LOCS, SCALES, VALUES = array("rmig_mu"), np.exp(array("rmig_logvar") / 2), array("rmig_factors")


def with_scales(codes, factors, scale=0.1):
    return score(codes, factors, scales=np.full(np.shape(codes), scale))


def test_reference():
    expected = MORE["rmig"]
    result = score(LOCS, VALUES, scales=SCALES, num_bins=expected["num_bins"], limit=expected["range"][1])
    for key, reference in KEYS.items():
        np.testing.assert_allclose(result[key], expected[reference], rtol=1e-9, atol=1e-9, err_msg=key)
    np.testing.assert_allclose(result["mutual_information"].T, expected["mutual_information_nats"], atol=1e-9)
    assert_equal(score(LOCS, VALUES, scales=SCALES, seed=9), result)


@pytest.mark.parametrize("change", [change for change in UNNOTICED if "large" not in change])
def test_changes_that_make_no_difference(change):
    before = score(LOCS, VALUES, scales=SCALES)
    locs, values = UNNOTICED[change](LOCS, VALUES)
    scales, _ = UNNOTICED[change](SCALES, VALUES)
    after = score(locs, values, scales=scales)
    for key in SCORES:
        assert after[key] == pytest.approx(before[key], abs=1e-12), key


def test_narrow_posteriors_are_single_codes():
    # Bins of a width of 8 / 100 around the integers, so that no posterior is on an edge.
    codes, factors = perfect()
    codes = codes[:, :2] - 0.02
    narrow = with_scales(codes, factors, 1e-6)
    assert narrow["rmig"] == pytest.approx(mig.score(codes, factors)["discrete_mig"], abs=1e-9)


def test_wide_posteriors_and_the_prior_know_nothing():
    codes, factors = perfect()
    wide = [with_scales(codes - 2, factors, scale)["rmig"] for scale in (1e-3, 0.5, 2)]
    assert wide[0] == pytest.approx(1) and wide[0] > wide[1] > wide[2] > 0
    assert with_scales(0 * codes, factors, 1)["rmig"] == pytest.approx(0, abs=1e-12)


def test_a_constant_code_changes_nothing():
    more, scales = np.insert(LOCS, 1, 0, axis=1), np.insert(SCALES, 1, 1, axis=1)
    before, after = score(LOCS, VALUES, scales=SCALES), score(more, VALUES, scales=scales)
    for key in SCORES:
        assert after[key] == pytest.approx(before[key], abs=1e-12), key


def test_probabilities_of_bins():
    edges = np.linspace(-4, 4, 9)
    locs, scales = np.array([0.0, 0.3, -5.0, -7.0]), np.array([1.0, 0.01, 2.0, 1.0])
    expected = np.diff(norm.cdf(edges, locs[:, None], scales[:, None]), axis=1)
    expected[3] = np.diff(-norm.sf(edges, -7.0, 1.0))  # in that tail the cdf is too close to 1
    probabilities = bin_probabilities(locs, scales, edges)
    np.testing.assert_allclose(probabilities, expected / expected.sum(axis=1, keepdims=True), rtol=1e-9, atol=1e-300)


@pytest.mark.parametrize(
    ("loc", "scale", "expected"), [(60, 0.1, [0, 0, 0, 1]), (-60, 0.1, [1, 0, 0, 0]), (0, 1e30, [0.25] * 4)]
)
def test_where_no_probability_is_left(loc, scale, expected):
    probabilities = bin_probabilities(np.array([loc]), np.array([scale]), np.linspace(-4, 4, 5))
    assert probabilities[0] == pytest.approx(expected)


@pytest.mark.parametrize("case", DEGENERATE)
def test_degenerate_data(case):
    assert_sound(with_scales(*DEGENERATE[case]))


def test_undefined_scores_are_nan():
    for case in ("a single code", "a factor of one value", "one factor of one value"):
        result = with_scales(*DEGENERATE[case])
        assert np.isnan([result[key] for key in SCORES]).all(), case
    assert with_scales(*DEGENERATE["constant codes"])["rmig"] == 0
    assert with_scales(*DEGENERATE["a single factor"])["rmig"] >= 0


@pytest.mark.parametrize(
    ("scales", "message"),
    [
        (np.ones((len(CODES), 2)), r"scales must have the shape of the codes, \(18, 3\), not \(18, 2\)"),
        (np.ones(len(CODES)), "scales must be a matrix"),
        (0 * CODES, "scales must be above 0"),
        (np.full_like(CODES, np.nan), "scales holds NaN"),
    ],
)
def test_scales_that_do_not_fit(scales, message):
    with pytest.raises(ValueError, match=message):
        score(CODES, FACTORS, scales=scales)


@pytest.mark.parametrize("settings", [{"num_bins": 0}, {"limit": 0.0}, {"limit": np.inf}])
def test_bins_that_there_cannot_be(settings):
    with pytest.raises(ValueError, match="num_bins must be at least 1 and limit above 0"):
        score(LOCS, VALUES, scales=SCALES, **settings)
