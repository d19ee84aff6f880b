"""The penalties of further methods against reference numbers."""

import pytest
import torch

from sae_src.latent_quantisation import quantise
from tests.sae_src.further_methods.methods import make, posterior_of
from tests.sae_src.further_methods.reference_batches import (
    ReferenceDiscriminator,
    every_set,
    reference_batch,
    tensor,
    total,
)
from tests.sae_src.metrics.reference import MORE


@pytest.mark.parametrize(
    ("estimator", "key"), [("mws", "mws"), ("mss", "mss_paper"), ("published", "mss_published_matrix")]
)
@every_set
def test_tcvae(name, estimator, key):
    posterior, samples, expected = reference_batch(name)
    model = make("tcvae", estimator=estimator, dataset_size=expected["dataset_size"])
    assert total(model.penalties(posterior, samples)) == pytest.approx(expected["beta_tcvae"][key]["reg"], rel=1e-9)


@every_set
def test_each_part_of_the_tcvae_has_its_own_weight(name):
    posterior, samples, expected = reference_batch(name)
    model = make("tcvae", alpha=2.0, reg_wt=3.0, gamma=5.0, dataset_size=expected["dataset_size"])
    parts = expected["beta_tcvae"]["mws"]
    wanted = 2 * parts["mi"] + 3 * parts["tc"] + 5 * parts["dwkl"]
    assert total(model.penalties(posterior, samples)) == pytest.approx(wanted, rel=1e-9)


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
