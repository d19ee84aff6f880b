"""What holds for the losses of further methods, whatever the numbers."""

import math

import pytest
import torch
from torch.distributions import Normal

from omnilearn.errors import UserError
from omnilearn.optim.weight_schedules import LinearWeight
from sae_src.density_ratio import discriminator_loss
from sae_src.divergences import kl_divergence
from sae_src.further_methods.discriminator import Discriminator
from sae_src.further_methods.published_fvae import permute_within_points
from tests.sae_src.further_methods.methods import OTHER_TERMS, make
from tests.sae_src.further_methods.reference_batches import every_method, total


@every_method
def test_the_loss_is_the_weighted_sum_of_its_parts(method):
    torch.manual_seed(0)
    model = make(method, reg_wt=2.0)
    model.set_step(3)
    x = torch.randn(16, 5)
    out = model.train().losses(x)
    assert {"original", "latent", "reconstruction"} <= out.keys()
    expected = out["rec_loss"] + 2 * out["reg_loss"]
    expected = expected + sum(weight * out[term] for term, weight in OTHER_TERMS.get(method, {}).items())
    if method == "published/tcvae":
        expected = expected + 3 / 200 * out["dimension_wise_kl"]
    assert out["loss"].item() == pytest.approx(expected.item(), rel=1e-5)
    rec_loss = (out["reconstruction"] - x).square().sum() / 16
    assert out["rec_loss"].item() == pytest.approx(rec_loss.item(), rel=1e-5)
    assert all(value.dim() == 0 for name, value in out.items() if "loss" in name)


@every_method
def test_a_weight_follows_its_schedule(method):
    schedule = LinearWeight(6.0, 10, start=4.0)
    model, constant = make(method, reg_wt=schedule), make(method, reg_wt=5.0)
    constant.load_state_dict(model.state_dict())  # the weight is not in it
    x = torch.randn(8, 5)
    for each in (model, constant):
        each.set_step(5)
    assert model.scheduled()["reg_wt"] == 5.0 and "reg_wt" not in constant.scheduled()
    losses = []
    for each in (model, constant):
        torch.manual_seed(0)
        losses.append(each.losses(x)["loss"].item())
    assert losses[0] == pytest.approx(losses[1], rel=1e-6)
    model.set_step(100)
    torch.manual_seed(0)
    assert model.losses(x)["loss"].item() != losses[0]


@every_method
def test_outside_training_the_mean_is_decoded(method):
    model = make(method).eval()
    x = torch.randn(6, 5)
    out = model.losses(x)
    latent = out["latent"]
    decoded = model.decoder(latent.loc if isinstance(latent, Normal) else latent)
    assert torch.equal(out["reconstruction"], decoded)


@every_method
def test_bfloat16_networks_have_losses_in_float32(method):
    model = make(method)
    with torch.autocast("cpu", torch.bfloat16):
        out = model.losses(torch.randn(8, 5))
    assert all(value.dtype == torch.float32 for name, value in out.items() if name.endswith("loss"))


def test_the_autoencoder_and_the_discriminator_learn_from_their_own_losses():
    model = make("fvae")
    out = model.losses(torch.randn(8, 5))
    out["loss"].backward(retain_graph=True)
    apart = {f"discriminator.{name}" for name, _ in model.discriminator.named_parameters()}
    learned = {name for name, parameter in model.named_parameters() if parameter.grad is not None}
    assert learned == {name for name, _ in model.named_parameters()} - apart
    model.zero_grad(set_to_none=True)
    out["discriminator_loss"].backward()
    assert {name for name, parameter in model.named_parameters() if parameter.grad is not None} == apart


def test_a_discriminator_that_cannot_tell():
    model = make("fvae")
    for parameter in model.discriminator.parameters():
        parameter.data.zero_()
    out = model.losses(torch.randn(8, 5))
    assert out["reg_loss"].item() == 0
    assert out["discriminator_loss"].item() == pytest.approx(math.log(2))


def test_half_of_the_batch_is_permuted():
    model = make("fvae", permuted="half")
    seen = []
    model.discriminator.register_forward_hook(lambda module, inputs, output: seen.append(inputs[0]))
    samples = torch.arange(24.0).view(6, 4)
    loss = model.discriminator_loss(samples)
    assert torch.equal(seen[0][:3], samples[:3])
    assert torch.equal(seen[0][3:].sort(dim=0).values, samples[3:])
    logits = model.discriminator(seen[0])
    assert loss.item() == discriminator_loss(logits[:3], logits[3:]).item()
    with pytest.raises(UserError, match="at least two"):
        model.discriminator_loss(samples[:1])


def test_of_the_published_tcvae_only_the_kl_divergence_trains():
    x = torch.randn(8, 5)
    gradients = []
    for settings in ({"reg_wt": 1.0}, {"reg_wt": 50.0, "gamma": 9.0}):
        torch.manual_seed(0)
        model = make("published/tcvae", dataset_size=100, **settings)
        model.set_step(10)
        torch.manual_seed(1)
        model.losses(x)["loss"].backward()
        gradients.append([parameter.grad for parameter in model.parameters()])
    for one, other in zip(*gradients, strict=True):
        assert torch.allclose(one, other, atol=1e-4, rtol=1e-4)


def test_the_published_discriminator_stays_as_it_was_drawn():
    model = make("published/fvae")
    assert not model.trained_apart
    model.losses(torch.randn(8, 5))["loss"].backward()
    assert all(parameter.grad is None for parameter in model.discriminator.parameters())
    assert all(parameter.grad is not None for parameter in model.encoder.parameters())
    samples = torch.arange(24.0).view(6, 4)
    permuted = permute_within_points(samples)
    assert torch.equal(permuted.sort(dim=1).values, samples) and not torch.equal(permuted, samples)
    posterior = Normal(torch.ones(2, 4), torch.full((2, 4), 0.5))
    penalties = model.penalties(posterior, posterior.loc)
    assert penalties["kl_loss"][1].item() == pytest.approx(kl_divergence(posterior, "published").item() / 2)


def test_pairs_share_the_posteriors_of_some_latents_in_training():
    model = make("adagvae")
    x = torch.randn(12, 5)
    posterior = model.encode(x)
    averaged = model.averaged(posterior)
    first, second = averaged.loc.chunk(2)
    shared = first == second
    assert 0 < shared.sum() < shared.numel()
    one, other = posterior.loc.chunk(2)
    assert torch.allclose(first[shared], ((one + other) / 2)[shared])
    assert torch.equal(first[~shared], one[~shared])
    out = model.train().losses(x)
    assert torch.equal(out["latent"].loc, posterior.loc)
    assert out["reg_loss"].item() == pytest.approx(model.regulariser(averaged).item())
    assert out["reg_loss"].item() != pytest.approx(model.regulariser(posterior).item())
    out = model.eval().losses(x[:3])  # single ones
    assert out["reg_loss"].item() == pytest.approx(model.regulariser(model.encode(x[:3])).item())
    with pytest.raises(ValueError, match="even number"):
        model.train().losses(x[:3])


def test_encoded_are_quantised_and_gradients_pass():
    model = make("qlae", book_size=[2, 3, 4, 10])
    x = torch.randn(50, 5)
    codes = model.encode(x)
    values = [model.books[d, :size] for d, size in enumerate([2, 3, 4, 10])]
    for column, book in zip(codes.T, values, strict=True):
        assert (column[:, None] - book).abs().amin(dim=1).max() < 1e-6
    codes.sum().backward()
    assert all(parameter.grad is not None for parameter in model.encoder.parameters())
    assert model.books.grad is None
    drawn = model.sample_prior(4000)
    for column, book in zip(drawn.T, values, strict=True):
        found, counts = column.unique(return_counts=True)
        assert torch.allclose(found, book.detach().sort().values)
        assert (counts / 4000 - 1 / len(book)).abs().max() < 0.05
    fixed = make("qlae", books="global")
    assert not fixed.books.requires_grad and torch.equal(fixed.books[0], torch.linspace(-0.5, 0.5, 10))


def test_the_size_of_the_batch_stands_in_for_that_of_the_data():
    posterior, samples = Normal(torch.randn(8, 4), torch.ones(8, 4)), torch.randn(8, 4)
    one, other = (make("tcvae", estimator="mss", dataset_size=size) for size in (None, 8))
    assert total(one.penalties(posterior, samples)) == total(other.penalties(posterior, samples))


@pytest.mark.parametrize(
    ("method", "settings", "message"),
    [
        ("tcvae", {"dataset_size": 0}, "dataset_size must be at least 1"),
        ("dipvae", {"diagonal": -1.0}, "diagonal must be a number from 0 up"),
        ("annealed", {"capacity": -1.0}, "capacity must be a number from 0 up"),
        ("annealed", {"capacity_steps": -1}, "capacity_steps must be 0 or more"),
        ("infovae", {"alpha": 1.5}, "alpha must be at most 1"),
        ("infovae", {"reg_wt": 0.1}, r"reg_wt must be at least 1 - alpha, 1\.5, got 0\.1"),
        ("infovae", {"reg_wt": LinearWeight(5.0, 10)}, "reg_wt must be at least"),
        ("infovae", {"bandwidth": 0.0}, "bandwidth must be more than 0"),
        ("published/tcvae", {"warm_up": 0}, "steps must be at least 1"),
        ("qlae", {"book_size": 0}, "book_size must be at least 1"),
        ("qlae", {"book_size": [3, 3]}, "book_size: 2 numbers of values for 4 latents"),
        ("fvae", {"discriminator": lambda din, dout: Discriminator(din, dout, hidden=[0])}, "hidden: widths"),
        ("fvae", {"reg_wt": -1.0}, "reg_wt must be a number from 0 up"),
    ],
)
def test_settings_out_of_their_range(method, settings, message):
    with pytest.raises(ValueError, match=message):
        make(method, **settings)
