"""The parts of FactorVAE, Ada-GVAE and quantised latents, against reference numbers and their properties."""

import math

import numpy as np
import pytest
import torch
from torch.distributions import Normal

from sae_src.density_ratio import (
    discriminator_loss,
    estimated_total_correlation,
    permute_codes,
    random_permutations,
)
from sae_src.divergences import (
    kl_per_latent,
)
from sae_src.latent_quantisation import commitment_loss, quantisation_loss, quantise, straight_through
from sae_src.shared_latents import average_shared, divergences, shared_latents
from tests.sae_src.metrics.reference import MORE
from tests.sae_src.reference_losses import (
    assert_close,
    assert_gradients,
    every_set,
    gradients,
    logits_of,
    tensor,
)


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
