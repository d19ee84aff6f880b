"""UDR: reference numbers, properties, mistakes."""

import numpy as np
import pytest
import torch
from sklearn.linear_model import Lasso

from sae_src.metrics.standardisation import standardise
from sae_src.metrics.udr import associations, score
from tests.sae_src.metrics.reference import MORE, array, numbers
from tests.sae_src.metrics.test_edge_cases import assert_equal

EXPECTED = MORE["udr"]
CODES = array("udr_representations")
KL = numbers(EXPECTED["kl"])
every_method = pytest.mark.parametrize("method", ["lasso", "spearman"])
PUBLISHED = {"lasso": 1e-3, "spearman": 1e-9}  # scikit-learn's lasso stops early


@every_method
def test_reference(method):
    result, expected = score(CODES, KL, method=method), EXPECTED[method]
    np.testing.assert_allclose(result["udr"], expected["model_scores"], rtol=0, atol=1e-9)
    np.testing.assert_allclose(result["pairwise"], expected["pairwise"], rtol=0, atol=1e-9)
    np.testing.assert_allclose(result["udr"], expected["reference_model_scores"], rtol=0, atol=PUBLISHED[method])
    assert result["informative"].tolist() == [4, 4, 4, 4]


@every_method
def test_associations_of_the_reference(method):
    result = associations(CODES, KL > 0.01, method=method)[0][1]
    expected = np.nan_to_num(numbers(EXPECTED[method]["raw_correlations_0_1"]))  # an uninformative code goes with none
    np.testing.assert_allclose(result, expected, rtol=0, atol=1e-5 if method == "lasso" else 1e-9)


def test_the_lasso_is_that_of_scikit_learn():
    generator = np.random.default_rng(0)
    codes = generator.normal(size=(100, 4)) @ generator.normal(size=(4, 4))
    target = codes @ [1, 0.1, -2, 0] + generator.normal(size=100)
    coefficients = associations([codes, target[:, None]], [np.ones(4), np.ones(1)])[0][1]
    fitted = Lasso(alpha=0.1, tol=1e-10, max_iter=100_000).fit(standardise(codes), standardise(target[:, None]))
    np.testing.assert_allclose(coefficients[:, 0], np.abs(fitted.coef_), atol=1e-6)


def copies(count: int, num_codes: int) -> tuple[list[np.ndarray], np.ndarray]:
    """Independent codes, and the same in another order and of another sign and scale."""
    codes = np.random.default_rng(0).uniform(size=(count, num_codes))
    return [codes, -3 * np.roll(codes, 1, axis=1)], np.ones((2, num_codes))


def test_copies_in_another_order():
    np.testing.assert_allclose(score(*copies(1000, 4))["udr"], 0.9, atol=1e-9)
    by_rank = [score(*copies(1000, size), method="spearman")["udr"][0] for size in (2, 4, 8)]
    assert 1 > by_rank[0] > by_rank[1] > by_rank[2] > 0.7
    assert by_rank[1] == pytest.approx(0.886, abs=0.04)


@every_method
def test_rotated_codes_agree_less(method):
    codes, kl = copies(1000, 4)
    rotation = np.linalg.qr(np.random.default_rng(1).normal(size=(4, 4)))[0]
    assert score([codes[0], codes[0] @ rotation], kl, method=method)["udr"].max() < 0.7


@every_method
def test_uninformative_codes_do_not_count(method):
    added = np.concatenate([CODES, np.random.default_rng(0).normal(size=(4, 400, 2))], axis=2)
    divergences = np.concatenate([KL, np.full((4, 2), 0.01)], axis=1)
    result, before = score(added, divergences, method=method), score(CODES, KL, method=method)
    np.testing.assert_allclose(result["pairwise"], before["pairwise"], atol=1e-12)
    assert result["informative"].tolist() == [4, 4, 4, 4]
    counted = score(added, divergences, method=method, threshold=0.005)
    assert (counted["udr"] < before["udr"]).all()
    assert counted["informative"].tolist() == [6, 6, 6, 6]


@every_method
def test_models_of_different_length(method):
    codes, kl = [*CODES[:3], CODES[3][:, :4]], [*KL[:3], KL[3][:4]]
    result = score(codes, kl, method=method)
    assert result["informative"].tolist() == [4, 4, 4, 3]
    expected = score(CODES, KL, method=method)["pairwise"]
    np.testing.assert_allclose(result["pairwise"][:3, :3], expected[:3, :3], atol=1e-12)
    assert abs(result["pairwise"][0, 3] - expected[0, 3]) > 1e-3


@every_method
def test_order_of_models(method):
    order = [2, 0, 3, 1]
    result, before = score(CODES[order], KL[order], method=method), score(CODES, KL, method=method)
    np.testing.assert_allclose(result["udr"], before["udr"][order], atol=1e-9)
    np.testing.assert_allclose(result["pairwise"], before["pairwise"][np.ix_(order, order)], atol=1e-9)


def test_a_model_without_informative_codes_has_no_score_and_leaves_the_others_alone():
    collapsed = np.insert(KL, 1, 0.0, axis=0)
    result, before = score(np.insert(CODES, 1, 7.0, axis=0), collapsed), score(CODES, KL)
    assert np.isnan(result["udr"][1])
    assert result["informative"][1] == 0
    np.testing.assert_allclose(np.delete(result["udr"], 1), before["udr"], atol=1e-12)
    assert np.isnan(score(CODES[:2], 0 * KL[:2])["udr"]).all()


@every_method
def test_a_constant_code_that_counts_lowers_the_mean(method):
    codes, kl = copies(1000, 4)
    with_constant = [np.insert(one, 0, 0.3, axis=1) for one in codes]
    before = score(codes, kl, method=method)["udr"][0]
    after = score(with_constant, np.ones((2, 5)), method=method)["udr"][0]
    assert after == pytest.approx(before * 4 / 5, abs=1e-6)


def test_tensors():
    assert_equal(score(torch.tensor(CODES), torch.tensor(KL)), score(CODES, KL))


@pytest.mark.parametrize(
    ("codes", "kl", "settings", "message"),
    [
        (CODES[:1], KL[:1], {}, "at least 2 models, got 1"),
        (CODES, KL[:3], {}, "codes of 4 models but KL divergences of 3"),
        ([CODES[0], CODES[1][:-1]], KL[:2], {}, "model 1 has codes of 399 points but model 0 of 400"),
        (CODES, KL[:, :4], {}, "model 0 has 5 codes but KL divergences of shape"),
        (CODES, np.where(KL > 5, np.nan, KL), {}, "model 1 hold NaN"),
        (np.where(CODES > 1, np.nan, CODES), KL, {}, "codes of model 0 holds NaN"),
        (CODES, KL, {"method": "pearson"}, "method must be lasso or spearman, not 'pearson'"),
    ],
)
def test_what_does_not_fit(codes, kl, settings, message):
    with pytest.raises(ValueError, match=message):
        score(codes, kl, **settings)
