"""Losses of further methods: reference values and gradients, identities, edge cases.

The reference numbers were computed in double precision, with z = mu + exp(logvar / 2) eps, and have ten digits.
"""

import math
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from torch.distributions import Normal
from torch.nn import functional as F

from sae_src import kl_decomposition
from sae_src.density_ratio import (
    discriminator_loss,
    estimated_total_correlation,
    permute_codes,
    random_permutations,
)
from sae_src.divergences import (
    annealed_capacity,
    capacity_penalty,
    covariance_penalty,
    decompose_kl,
    kl_divergence,
    kl_per_latent,
    maximum_mean_discrepancy,
)
from sae_src.kl_decomposition import decompose_kl_as_published_tcvae, total_correlation
from sae_src.latent_quantisation import commitment_loss, quantisation_loss, quantise, straight_through
from sae_src.shared_latents import average_shared, divergences, shared_latents
from tests.sae_src.metrics.reference import MORE, array

SETS = ("formula", "random")
ESTIMATORS = {"mws": "mws", "mss": "mss_paper", "published": "mss_published_matrix"}
every_set = pytest.mark.parametrize("name", SETS)


def assert_close(actual, expected, tolerance=1e-9) -> None:
    """Close relative to max(1, |value|)."""
    actual = actual.detach().numpy() if isinstance(actual, torch.Tensor) else np.asarray(actual)
    np.testing.assert_allclose(actual, np.asarray(expected, dtype=float), rtol=tolerance, atol=tolerance)


def tensor(set_name: str, name: str, dtype=torch.float64) -> torch.Tensor:
    values = torch.tensor(array(f"loss_{set_name}_{name}"))
    return values.to(dtype) if values.is_floating_point() else values


def batch(name: str, dtype=torch.float64) -> SimpleNamespace:
    """Means and log variances with gradients, the samples that they make, and the reference numbers of a set."""
    mu, logvar = (tensor(name, key, dtype).requires_grad_() for key in ("mu", "logvar"))
    scale = (logvar / 2).exp()
    samples = mu + scale * tensor(name, "eps", dtype)
    expected = MORE["losses"][name]
    return SimpleNamespace(mu=mu, logvar=logvar, scale=scale, samples=samples, expected=expected)


def gradients(loss: torch.Tensor, *inputs: torch.Tensor) -> list[torch.Tensor]:
    found = torch.autograd.grad(loss, inputs, allow_unused=True, retain_graph=True)
    return [torch.zeros_like(each) if grad is None else grad for each, grad in zip(inputs, found, strict=True)]


def assert_gradients(loss: torch.Tensor, inputs: dict[str, torch.Tensor], expected: dict, tolerance=1e-9) -> None:
    for (name, each), grad in zip(inputs.items(), gradients(loss, *inputs.values()), strict=True):
        assert_close(grad, torch.zeros_like(each) if expected[name] is None else expected[name], tolerance)


# KL divergence


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


def weights(batch_size: int, dataset_size: int, estimator: str) -> torch.Tensor:
    like = torch.zeros(1, dtype=torch.float64)
    return kl_decomposition._log_weights(batch_size, dataset_size, estimator, like).exp()


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


# DIP-VAE


@pytest.mark.parametrize("kind", ["i", "ii"])
@every_set
def test_covariance_penalty(name, kind):
    data = batch(name)
    expected = data.expected["dip"][kind]
    parts = [covariance_penalty(data.mu, data.scale, kind, off_diagonal=od, diagonal=d) for od, d in ((1, 0), (0, 1))]
    assert_close(parts[0], expected["off_diagonal"])
    assert_close(parts[1], expected["diagonal"])
    penalty = covariance_penalty(
        data.mu, data.scale, kind, off_diagonal=expected["lambda_od"], diagonal=expected["lambda_d"]
    )
    assert_close(penalty, expected["penalty"])
    assert_gradients(penalty, {"mu": data.mu, "logvar": data.logvar}, data.expected["dip"]["gradients"][kind])


def test_covariance_penalty_is_0_at_the_identity():
    corners = torch.tensor([[1.0, 1.0], [1.0, -1.0], [-1.0, 1.0], [-1.0, -1.0]])
    half = torch.full_like(corners, math.sqrt(0.5))
    weights = {"off_diagonal": 3.0, "diagonal": 7.0}
    assert covariance_penalty(corners, half, "i", **weights).item() == 0
    assert covariance_penalty(half * corners, half, "ii", **weights).item() == pytest.approx(0, abs=1e-12)
    assert covariance_penalty(corners[:1], half[:1], "i", **weights).item() == pytest.approx(14)


# Annealed VAE


@every_set
def test_annealed_capacity(name):
    data = batch(name)
    kl = kl_per_latent(Normal(data.mu, data.scale)).sum(dim=1)
    assert_close(kl.mean(), data.expected["annealed"]["kl"])
    for row in data.expected["annealed"]["rows"]:
        capacity = annealed_capacity(row["step"], 25, 100000)
        assert capacity == pytest.approx(row["capacity"], abs=1e-12)
        assert_close(capacity_penalty(kl, capacity, weight=1000), row["penalty"])
        assert_close(capacity_penalty(kl, capacity, weight=1000, absolute="point"), row["penalty_per_sample_abs"])


def test_capacity_at_its_ends():
    kl = torch.tensor([1.0, 3.0])
    assert capacity_penalty(kl, 2.0, weight=10).item() == 0
    assert capacity_penalty(kl, 2.0, weight=10, absolute="point").item() == 10
    assert [annealed_capacity(step, 8, 4) for step in (0, 1, 4, 9)] == [0, 2, 8, 8]
    assert annealed_capacity(0, 8, 0) == 8


# InfoVAE


@pytest.mark.parametrize(("kernel", "reference"), [("multiscale", "imq"), ("gaussian", "rbf")])
@every_set
def test_maximum_mean_discrepancy(name, kernel, reference):
    data = batch(name)
    expected = data.expected["infovae"]
    discrepancy = maximum_mean_discrepancy(data.samples, tensor(name, "z_prior"), kernel)
    assert_close(discrepancy, expected[reference]["mmd"])
    kl = kl_per_latent(Normal(data.mu, data.scale)).sum(dim=1).mean()
    assert_close(kl, expected["kl"])
    alpha, weight = -0.5, 5
    assert_close((1 - alpha) * kl + (alpha + weight - 1) * discrepancy, expected[reference]["reg"])
    assert torch.autograd.gradcheck(
        lambda p: maximum_mean_discrepancy(p, tensor(name, "z_prior"), kernel), data.samples.detach().requires_grad_()
    )


def test_kernels():
    p, q = torch.tensor([[0.0, 0.0], [3.0, 4.0]]), torch.tensor([[0.0, 0.0], [6.0, 8.0]])
    # Squared distances: 25 within p, 100 within q; 0, 100, 25 and 25 across.
    for bandwidth in (1.0, 3.0):
        width = 4 * bandwidth**2
        for kernel, of in (
            ("gaussian", lambda d, width=width: math.exp(-d / width)),
            (
                "multiscale",
                lambda d, width=width: sum(s * width / (s * width + d) for s in (0.1, 0.2, 0.5, 1, 2, 5, 10)),
            ),
        ):
            expected = of(25) + of(100) - 2 * (of(0) + of(100) + 2 * of(25)) / 4
            value = maximum_mean_discrepancy(p, q, kernel, bandwidth=bandwidth).item()
            assert value == pytest.approx(expected, abs=1e-5)
    assert maximum_mean_discrepancy(p, q).item() == pytest.approx(
        2 / 27 + 2 / 102 - (1 + 2 / 102 + 4 / 27) / 2, abs=1e-6
    )


# FactorVAE


def logits_of(name: str, samples: torch.Tensor, weights: dict[str, torch.Tensor]) -> torch.Tensor:
    hidden = F.leaky_relu(samples @ weights["W1"] + weights["b1"], 0.2)
    return hidden @ weights["W2"] + weights["b2"]


@every_set
def test_factor_vae(name):
    expected = MORE["losses"][name]["factor"]
    weights = {key: tensor(name, f"disc_{key}").requires_grad_() for key in ("W1", "b1", "W2", "b2")}
    samples = tensor(name, "z").requires_grad_()
    permuted = permute_codes(samples.detach(), tensor(name, "perm"))
    assert_close(permuted, expected["z_permuted"])
    logits, logits_permuted = (logits_of(name, each, weights) for each in (samples, permuted))
    assert_close(logits, expected["logits_z"])
    assert_close(logits_permuted, expected["logits_permuted"])
    correct = torch.cat([logits.argmax(dim=1) == 0, logits_permuted.argmax(dim=1) == 1])
    assert_close(correct.double().mean(), expected["discriminator_accuracy"])
    estimate = estimated_total_correlation(logits)
    assert_close(estimate, expected["tc"])
    assert_gradients(estimate, {"z": samples}, {"z": expected["grad_tc_wrt_z"]})
    loss = discriminator_loss(logits_of(name, samples.detach(), weights), logits_permuted)
    assert_close(loss, expected["discriminator_loss"])
    wanted = {key: expected[f"grad_disc_wrt_{key}"] for key in ("b2", "W1")}
    assert_gradients(loss, {key: weights[key] for key in wanted}, wanted)


def test_swapped_logits_and_what_cannot_be_told_apart():
    logits = torch.randn(8, 2, generator=torch.Generator().manual_seed(0))
    assert estimated_total_correlation(logits.flip(1)).item() == -estimated_total_correlation(logits).item()
    assert discriminator_loss(logits, logits).item() >= math.log(2)
    assert discriminator_loss(torch.zeros(8, 2), torch.zeros(3, 2)).item() == pytest.approx(math.log(2))
    extreme = torch.tensor([[1e4, -1e4]])
    assert discriminator_loss(extreme, extreme.flip(1)).item() == 0
    assert discriminator_loss(extreme.flip(1), extreme).item() == pytest.approx(2e4)


def test_permutations_of_each_latent_over_the_batch():
    torch.manual_seed(0)
    samples = torch.arange(60.0).reshape(20, 3)
    permutations = random_permutations(samples)
    permuted = permute_codes(samples, permutations)
    assert torch.equal(permuted.sort(dim=0).values, samples)
    assert not torch.equal(permutations[:, 0], permutations[:, 1])
    assert torch.equal(permute_codes(samples, torch.arange(20)[:, None].expand(20, 3)), samples)
    torch.manual_seed(0)
    assert torch.equal(random_permutations(samples), permutations)
    counts = torch.zeros(4, 4)
    for _ in range(2000):
        counts[torch.arange(4), random_permutations(samples[:4, :1])[:, 0]] += 1
    assert_close(counts / 2000, np.full((4, 4), 0.25), 0.05)


# Ada-GVAE


@pytest.mark.parametrize("average", ["gvae", "ml_vae"])
@pytest.mark.parametrize(("symmetric", "reference"), [(False, "kl"), (True, "symmetric_kl")])
@every_set
def test_shared_latents(name, symmetric, reference, average):
    expected = MORE["losses"][name]["ada"][reference]
    first, second = (
        Normal(tensor(name, f"mu{suffix}"), (tensor(name, f"logvar{suffix}") / 2).exp()) for suffix in ("", "2")
    )
    delta = divergences(first, second, symmetric=symmetric)
    assert_close(delta, expected["delta"])
    assert_close((delta.amin(dim=1) + delta.amax(dim=1)) / 2, expected["threshold"])
    assert torch.equal(shared_latents(delta), torch.tensor(expected["shared"]).bool())
    one, other = average_shared(first, second, average, symmetric=symmetric)
    wanted = expected[average.replace("_", "")]
    kls = []
    for posterior, suffix in ((one, "1"), (other, "2")):
        assert_close(posterior.loc, wanted[f"mu{suffix}"])
        assert_close(posterior.scale.square().log(), wanted[f"logvar{suffix}"])
        kls.append(kl_per_latent(posterior).sum(dim=1).mean())
        assert_close(kls[-1], wanted[f"kl{suffix}"])
    assert_close(sum(kls) / 2, wanted["kl"])


@pytest.mark.parametrize("average", ["gvae", "ml_vae"])
def test_swapped_pairs(average):
    first, second = (Normal(tensor("random", f"mu{s}"), (tensor("random", f"logvar{s}") / 2).exp()) for s in ("", "2"))
    there = average_shared(first, second, average, symmetric=True)
    back = average_shared(second, first, average, symmetric=True)
    for one, other in zip(there, reversed(back), strict=True):
        assert_close(one.loc, other.loc, 1e-12)
        assert_close(one.scale, other.scale, 1e-12)
    assert not torch.equal(divergences(first, second), divergences(second, first))


def test_nothing_is_shared_where_all_latents_differ_alike():
    ones = torch.ones(3, 1)
    for first, second in ((Normal(ones, ones), Normal(2 * ones, ones)), (Normal(ones, ones), Normal(ones, ones))):
        one, other = average_shared(first, second)
        assert torch.equal(one.loc, first.loc) and torch.equal(other.loc, second.loc)
    wide = torch.ones(3, 4)
    assert not shared_latents(wide).any()


@pytest.mark.parametrize("average", ["gvae", "ml_vae"])
def test_gradients_go_through_the_averages(average):
    loc = torch.tensor([[0.0, 1.0]], dtype=torch.float64, requires_grad=True)
    scale = torch.tensor([[1.0, 0.5]], dtype=torch.float64, requires_grad=True)
    second = Normal(torch.tensor([[0.1, 5.0]]).double(), torch.tensor([[0.9, 1.0]]).double())

    def averaged(loc, scale):
        one, other = average_shared(Normal(loc, scale), second, average)
        return one.loc, one.scale, other.loc, other.scale

    assert torch.autograd.gradcheck(averaged, (loc, scale))
    other_loc = averaged(loc, scale)[2]
    grads = gradients(other_loc[0, 0], loc)[0]
    assert grads[0, 0] > 0.3 and grads[0, 1] == 0


# QLAE


@every_set
def test_latent_quantisation(name):
    expected = MORE["losses"][name]["qlae"]
    latents = tensor(name, "z_continuous").requires_grad_()
    books = [tensor(name, f"book{d}").requires_grad_() for d in range(latents.shape[1])]
    quantised, indices = quantise(latents, books)
    assert torch.equal(indices, torch.tensor(expected["indices"]))
    assert_close(quantised, expected["quantised"])
    for_books, for_encoder = quantisation_loss(latents, quantised), commitment_loss(latents, quantised)
    assert_close(for_books, expected["quantisation_loss"])
    assert_close(for_encoder, expected["commitment_loss"])
    weighted = 0.01 * (for_books + for_encoder)
    assert_close(weighted, expected["weighted"])
    found = torch.autograd.grad(weighted, [latents, *books])
    assert_close(found[0], expected["grad_commitment_wrt_z"], 1e-12)
    for grad, wanted in zip(found[1:], expected["grad_quantisation_wrt_books"], strict=True):
        assert_close(grad, wanted, 1e-12)
    assert_close(found[0], 0.01 * 2 * (latents - quantised).detach() / latents.numel(), 1e-15)


def test_gradients_of_the_reconstruction_reach_the_encoder_unchanged_and_never_the_books():
    latents = torch.tensor([[0.3, -2.0]], requires_grad=True)
    books = [torch.tensor([0.0, 1.0], requires_grad=True), torch.tensor([-0.5, 0.0, 0.5], requires_grad=True)]
    quantised, _ = quantise(latents, books)
    passed = straight_through(latents, quantised)
    assert_close(passed, [[0.0, -0.5]], 1e-7)
    found = torch.autograd.grad((passed * torch.tensor([3.0, 5.0])).sum(), [latents, *books], allow_unused=True)
    assert found[0].tolist() == [[3, 5]]
    assert found[1:] == (None, None)
    found = torch.autograd.grad(quantisation_loss(latents, quantised), [latents, *books], allow_unused=True)
    assert found[0] is None
    assert found[1].tolist() == pytest.approx([-0.3, 0.0])
    assert found[2].tolist() == pytest.approx([1.5, 0.0, 0.0])


def test_values_of_the_books_stay_and_the_first_of_equally_near_ones_is_taken():
    books = [torch.tensor([-0.5, 0.5]), torch.tensor([2.0, 1.0, 0.0])]
    latents = torch.tensor([[-0.5, 1.0], [0.0, 0.5], [9.0, 1.5], [-9.0, float("inf")]])
    quantised, indices = quantise(latents[:3], books)
    assert indices.tolist() == [[0, 1], [0, 1], [1, 0]]
    assert quantised.tolist() == [[-0.5, 1.0], [-0.5, 1.0], [0.5, 2.0]]
    at_values, _ = quantise(quantised, books)
    assert torch.equal(at_values, quantised)
    assert quantisation_loss(quantised, at_values).item() == 0


def test_books_that_do_not_fit():
    with pytest.raises(ValueError, match="there are 1 books of values for 2 latents"):
        quantise(torch.zeros(3, 2), [torch.zeros(4)])
