"""The parts of the KL divergence, against reference numbers and their properties."""

import math

import numpy as np
import pytest
import torch
from torch.distributions import Normal

from sae_src.divergences import (
    decompose_kl,
    kl_divergence,
    kl_per_latent,
)
from sae_src.kl_decomposition import decompose_kl_as_published_tcvae, total_correlation
from tests.sae_src.reference_losses import (
    ESTIMATORS,
    assert_close,
    assert_gradients,
    batch,
    every_set,
    tensor,
    weights,
)


@every_set
def test_kl_per_latent(name):
    data = batch(name)
    posterior = Normal(data.mu, data.scale)
    expected = data.expected["beta_tcvae"]
    assert_close(data.samples, tensor(name, "z"))
    assert_close(kl_per_latent(posterior).mean(dim=0), expected["kl_per_dim"])
    assert_close(kl_per_latent(posterior).sum(dim=1).mean(), expected["kl"])
    for formula in ("exact", "published"):
        assert kl_per_latent(posterior, formula).sum().item() == kl_divergence(posterior, formula).item()


@pytest.mark.parametrize(("dtype", "tolerance"), [(torch.float64, 1e-9), (torch.float32, 1e-4)])
@pytest.mark.parametrize("estimator", ESTIMATORS)
@every_set
def test_kl_decomposition(name, estimator, dtype, tolerance):
    data = batch(name, dtype)
    tc = data.expected["beta_tcvae"]
    parts = decompose_kl(data.samples, data.mu, data.scale, data.expected["dataset_size"], estimator)
    expected = tc[ESTIMATORS[estimator]]
    for part, key in zip(parts, ("mi", "tc", "dwkl"), strict=True):
        assert_close(part, expected[key], tolerance)
    regulariser = parts.mutual_information + 4 * parts.total_correlation + parts.dimension_wise_kl
    assert_close(regulariser, expected["reg"], tolerance)
    assert_close(sum(parts), tc["mean_log_q_z_given_x"] - tc["mean_log_p_z"], tolerance)
    inputs = {"mu": data.mu, "logvar": data.logvar}
    assert_gradients(regulariser, inputs, tc["gradients_of_reg_beta4"][ESTIMATORS[estimator]], tolerance)


@every_set
def test_total_correlation_without_constants(name):
    data = batch(name)
    tc = data.expected["beta_tcvae"]
    value = total_correlation(data.samples, data.mu, data.scale)
    assert_close(value, tc["dislib_tc"])
    weighted = decompose_kl(data.samples, data.mu, data.scale, data.expected["dataset_size"]).total_correlation
    assert_close(weighted - value, tc["identity_tc_mws_minus_dislib"])
    regulariser = kl_per_latent(Normal(data.mu, data.scale)).sum(dim=1).mean() + 3 * value
    assert_close(regulariser, tc["dislib_regulariser"])
    inputs = {"mu": data.mu, "logvar": data.logvar}
    assert_gradients(regulariser, inputs, tc["gradients_of_reg_beta4"]["dislib_regulariser"])


@every_set
def test_kl_decomposition_of_the_public_program(name):
    data = batch(name)
    expected = data.expected["beta_tcvae"]["sae_public_code"]
    parts = decompose_kl_as_published_tcvae(data.samples, data.mu, data.scale, data.expected["dataset_size"])
    for part, key in zip(parts, ("mi", "tc", "dwkl"), strict=True):
        assert_close(part, expected[key])
    assert_close(parts[0] + 4 * parts[1] + parts[2], expected["reg"])
    for constant in parts[1:]:
        assert_gradients(constant, {"mu": data.mu, "logvar": data.logvar}, {"mu": None, "logvar": None}, 1e-12)


@pytest.mark.parametrize("estimator", ESTIMATORS)
def test_one_latent_has_no_total_correlation(estimator):
    for seed in range(20):
        generator = torch.Generator().manual_seed(seed)
        loc, noise = (torch.randn(33, 1, generator=generator) for _ in range(2))
        scale = torch.rand(33, 1, generator=generator) + 0.1
        samples = loc + scale * noise
        assert decompose_kl(samples, loc, scale, 1000, estimator).total_correlation.item() == 0
        assert total_correlation(samples, loc, scale).item() == 0


@pytest.mark.parametrize(("batch_size", "dataset_size"), [(2, 2), (2, 10), (3, 7), (5, 5), (6, 480000)])
def test_stratified_weights(batch_size, dataset_size):
    stratified, published = (weights(batch_size, dataset_size, each) for each in ("mss", "published"))
    assert_close(stratified.sum(dim=1), np.ones(batch_size))
    assert_close(stratified.diagonal(), np.full(batch_size, 1 / dataset_size))
    others = batch_size - 1
    rest = (dataset_size - others) / (dataset_size * others)
    expected = np.full((batch_size, batch_size), 1 / others)
    expected.flat[:: others + 1] = 1 / dataset_size
    expected.flat[1 :: others + 1] = rest
    expected[others - 1, 0] = rest
    assert_close(published, expected)


def test_batches_that_cannot_be_stratified():
    one = torch.ones(1, 2)
    assert decompose_kl(one, one, one, 5).total_correlation.isfinite()
    for estimator in ("mss", "published"):
        with pytest.raises(ValueError, match=f"estimator {estimator} .* at least two points"):
            decompose_kl(one, one, one, 5, estimator)
        three = torch.ones(3, 2)
        assert decompose_kl(three, three, three, 3, estimator).total_correlation.isfinite()
        with pytest.raises(ValueError, match="dataset_size, 2, must be at least the number of points in a batch, 3"):
            decompose_kl(three, three, three, 2, estimator)


def test_stratified_sampling_estimates_the_parts():
    # Equal weights are exact with all points; batches of half of them agree on average.
    generator = torch.Generator().manual_seed(0)
    loc = (
        torch.randn(400, 2, generator=generator, dtype=torch.float64) @ torch.tensor([[1.0, 0.8], [0.0, 0.6]]).double()
    )
    scale = torch.full_like(loc, 0.5)
    samples = loc + scale * torch.randn(400, 2, generator=generator, dtype=torch.float64)
    exact = decompose_kl(samples, loc, scale, 400, "mws").total_correlation - math.log(400 * 400) + math.log(400)
    halves = [torch.randperm(400, generator=generator).chunk(2) for _ in range(10)]
    estimates = [
        decompose_kl(samples[h], loc[h], scale[h], 400, "mss").total_correlation for pair in halves for h in pair
    ]
    assert torch.stack(estimates).mean().item() == pytest.approx(exact.item(), abs=0.05)
