"""Latent responses as a metric, from a function that encodes and one that decodes."""

import pytest
import torch
from torch import Tensor

from sae_src.latent_responses.factor_responses import factor_groups
from sae_src.latent_responses.metric import METRIC, scales_of, score
from sae_src.responses import response_matrix

LATENTS = torch.randn(30, 3, generator=torch.Generator().manual_seed(0)) * torch.tensor([1.0, 2.0, 4.0])


def encode(samples: Tensor) -> Tensor:
    return samples - 1


def decode(latents: Tensor) -> Tensor:
    return latents.tanh() + 1


def groups(count: int) -> list[Tensor]:
    return factor_groups(lambda rows: torch.as_tensor(rows).float(), (4, 3, 5), count)


def test_without_groups_the_response_matrix_of_the_first_latents():
    result = score(LATENTS, encode, decode, num_response=10, seed=3)
    assert set(result) == {"response_mat", "covariance"}
    expected = response_matrix(LATENTS[:10], encode, decode, LATENTS.std(dim=0), seed=3)
    assert torch.equal(result["response_mat"], expected)
    torch.testing.assert_close(result["covariance"].float(), LATENTS.T.cov())
    unscaled = score(LATENTS, encode, decode, num_response=10, seed=3, normalize=False)["response_mat"]
    torch.testing.assert_close(unscaled, expected * LATENTS.std(dim=0))


def test_with_groups_the_scores_too():
    result = score(LATENTS, encode, decode, groups, num_groups=2)
    assert set(METRIC.scores) <= result.keys()
    assert result["factor_responses"].shape == (3, 2, 3, 3)
    assert result["conditioned_responses"].shape == (3, 3)
    assert result["disentanglement"] == pytest.approx(1)
    assert [tuple(each.shape) for each in result["factor_responses_q"]] == [(2, 4, 3), (2, 3, 3), (2, 5, 3)]
    assert "factor_responses_q" not in score(LATENTS, encode, decode, groups, num_groups=2, include_q=False)


def test_settings_reach_the_responses():
    results = [
        score(LATENTS, encode, decode, groups, num_groups=2, **settings)
        for settings in ({}, {"dist_type": "abs"}, {"force_different": False}, {"seed": 1})
    ]
    for name in ("response_mat", "factor_responses"):
        assert all(not torch.equal(results[0][name], other[name]) for other in results[1:]), name
    batched = score(LATENTS, encode, decode, groups, num_groups=2, model_batch_size=7)
    torch.testing.assert_close(batched["response_mat"], results[0]["response_mat"])


def test_a_single_latent_and_a_constant_one():
    assert score(LATENTS[:, :1], encode, decode)["covariance"].shape == (1, 1)
    constant = LATENTS.clone()
    constant[:, 1] = 5
    assert scales_of(constant)[1] == 1
    assert score(constant, encode, decode)["response_mat"].isfinite().all()
