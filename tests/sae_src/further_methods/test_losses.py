"""The losses of each method: reference numbers, how the parts add up, what learns from what."""

import math

import pytest
import torch
from torch.distributions import Normal

from omnilearn.errors import UserError
from omnilearn.layers import Layer
from omnilearn.optim.weight_schedules import LinearWeight
from sae_src.density_ratio import discriminator_loss
from sae_src.divergences import kl_divergence
from sae_src.further_methods.discriminator import Discriminator
from sae_src.further_methods.published_fvae import permute_within_points
from sae_src.latent_quantisation import quantise
from tests.sae_src.further_methods.methods import METHODS, OTHER_TERMS, make, posterior_of
from tests.sae_src.metrics.reference import MORE, array

SETS = ("formula", "random")
every_set = pytest.mark.parametrize("name", SETS)
every_method = pytest.mark.parametrize("method", METHODS)


def tensor(name: str, key: str) -> torch.Tensor:
    return torch.tensor(array(f"loss_{name}_{key}"))


def reference_batch(name: str):
    """Posteriors, samples of them and the reference numbers of a set."""
    return posterior_of(tensor(name, "mu"), tensor(name, "logvar")), tensor(name, "z"), MORE["losses"][name]


def total(penalties) -> float:
    return sum(float(weight) * value.item() for weight, value in penalties.values())


# Reference numbers of whole regularisers


@pytest.mark.parametrize(
    ("estimator", "key"), [("mws", "mws"), ("mss", "mss_paper"), ("published", "mss_published_matrix")]
)
@every_set
def test_tcvae(name, estimator, key):
    posterior, samples, expected = reference_batch(name)
    model = make("tcvae", estimator=estimator, dataset_size=expected["dataset_size"])
    assert total(model.penalties(posterior, samples)) == pytest.approx(expected["beta_tcvae"][key]["reg"], rel=1e-9)


@every_set
def test_published_tcvae(name):
    posterior, samples, expected = reference_batch(name)
    model = make("published/tcvae", dataset_size=expected["dataset_size"])
    reference = expected["beta_tcvae"]["sae_public_code"]
    model.set_step(200)
    assert total(model.penalties(posterior, samples)) == pytest.approx(reference["reg"], rel=1e-9)
    model.set_step(50)  # a quarter of the growth of gamma
    expected_now = reference["mi"] + 4 * reference["tc"] + 0.25 * reference["dwkl"]
    assert total(model.penalties(posterior, samples)) == pytest.approx(expected_now, rel=1e-9)


@pytest.mark.parametrize("kind", ["i", "ii"])
@every_set
def test_dipvae(name, kind):
    posterior, samples, expected = reference_batch(name)
    model = make("dipvae", kind=kind, reg_wt=5.0)  # the ratio of the weights is that of the reference
    wanted = expected["beta_tcvae"]["kl"] + expected["dip"][kind]["penalty"]
    assert total(model.penalties(posterior, samples)) == pytest.approx(wanted, rel=1e-9)


@pytest.mark.parametrize(("absolute", "key"), [("mean", "penalty"), ("point", "penalty_per_sample_abs")])
@every_set
def test_annealed(name, absolute, key):
    posterior, samples, expected = reference_batch(name)
    model = make("annealed", absolute=absolute).double()
    for row in expected["annealed"]["rows"]:
        model.set_step(row["step"])
        assert total(model.penalties(posterior, samples)) == pytest.approx(row[key], rel=1e-9)
        assert model.scheduled() == {"capacity": pytest.approx(row["capacity"])}


@pytest.mark.parametrize(("kernel", "key"), [("multiscale", "imq"), ("gaussian", "rbf")])
@every_set
def test_infovae(name, kernel, key, monkeypatch):
    posterior, samples, expected = reference_batch(name)
    model = make("infovae", kernel=kernel)
    monkeypatch.setattr(model, "sample_prior", lambda count: tensor(name, "z_prior"))
    assert total(model.penalties(posterior, samples)) == pytest.approx(expected["infovae"][key]["reg"], rel=1e-9)


class ReferenceDiscriminator(Layer):
    """The discriminator of the reference numbers."""

    def __init__(self, name: str) -> None:
        super().__init__()
        for key in ("W1", "b1", "W2", "b2"):
            self.register_parameter(key, torch.nn.Parameter(tensor(name, f"disc_{key}")))

    def forward(self, latents: torch.Tensor) -> torch.Tensor:
        return torch.nn.functional.leaky_relu(latents @ self.W1 + self.b1, 0.2) @ self.W2 + self.b2


@every_set
def test_fvae(name, monkeypatch):
    posterior, samples, expected = reference_batch(name)
    samples = samples.requires_grad_()
    model = make("fvae", discriminator=lambda din, dout: ReferenceDiscriminator(name))
    penalties = model.penalties(posterior, samples)
    assert total(penalties) == pytest.approx(expected["beta_tcvae"]["kl"] + 40 * expected["factor"]["tc"], rel=1e-9)
    gradient = torch.autograd.grad(penalties["reg_loss"][1], samples)[0]
    assert torch.allclose(gradient, torch.tensor(expected["factor"]["grad_tc_wrt_z"]).double(), atol=1e-9)
    monkeypatch.setattr("sae_src.further_methods.fvae.random_permutations", lambda like: tensor(name, "perm"))
    loss = model.discriminator_loss(samples.detach())
    assert loss.item() == pytest.approx(expected["factor"]["discriminator_loss"], rel=1e-9)
    gradient = torch.autograd.grad(loss, model.discriminator.W1)[0]
    assert torch.allclose(gradient, torch.tensor(expected["factor"]["grad_disc_wrt_W1"]).double(), atol=1e-9)


@pytest.mark.parametrize("average", ["gvae", "ml_vae"])
@pytest.mark.parametrize(("symmetric", "key"), [(False, "kl"), (True, "symmetric_kl")])
@every_set
def test_adagvae(name, symmetric, key, average):
    pair = (torch.cat([tensor(name, part), tensor(name, f"{part}2")]) for part in ("mu", "logvar"))
    model = make("adagvae", average=average, symmetric=symmetric)
    averaged = model.averaged(posterior_of(*pair))
    expected = MORE["losses"][name]["ada"][key][average.replace("_", "")]
    wanted = torch.cat([torch.tensor(expected["mu1"]), torch.tensor(expected["mu2"])]).double()
    assert torch.allclose(averaged.loc, wanted, atol=1e-9)
    assert model.regulariser(averaged).item() == pytest.approx(expected["kl"], rel=1e-9)


@every_set
def test_qlae(name):
    expected = MORE["losses"][name]["qlae"]
    latents = tensor(name, "z_continuous")
    books = [tensor(name, f"book{d}") for d in range(latents.shape[1])]
    sizes = [len(book) for book in books]
    model = make("qlae", din=latents.shape[1], latent_dim=latents.shape[1], book_size=sizes).double()
    with torch.no_grad():
        for row, book in zip(model.books, books, strict=True):
            row[: len(book)] = book
    model.encoder = torch.nn.Identity()
    out = model.losses(latents)
    assert torch.equal(out["latent"], latents + (quantise(latents, books)[0] - latents))
    weighted = 0.01 * out["reg_loss"].item() / latents.shape[1]  # the number of values of an observation
    assert weighted == pytest.approx(expected["weighted"], rel=1e-9)
    gradient = torch.autograd.grad(out["reg_loss"] * 0.01 / latents.shape[1], model.books)[0]
    for row, wanted in zip(gradient, expected["grad_quantisation_wrt_books"], strict=True):
        assert torch.allclose(row[: len(wanted)], torch.tensor(wanted).double(), atol=1e-9)
        assert not row[len(wanted) :].any()


# How the parts add up


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


# What learns from what


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
