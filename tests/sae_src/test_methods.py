"""Losses against their formulas, priors, and hybrid sampling."""

from functools import partial

import pytest
import torch
from scipy.stats import wasserstein_distance
from torch.distributions import Normal as NormalDistribution
from torch.distributions import kl_divergence as torch_kl

import sae_src as sae
from omnilearn.layers import MLP, GaussianOutput
from omnilearn.layers.criteria import _FUNCTIONS, Criterion
from sae_src.divergences import kl_divergence, maximum_mean_discrepancy, random_directions, sliced_wasserstein
from sae_src.hybrid import Hybrid, shuffle_dimensions, shuffle_segments
from sae_src.methods import (
    Autoencoder,
    SlicedWassersteinAutoencoder,
    VariationalAutoencoder,
    WassersteinAutoencoder,
    mean_of,
)
from sae_src.priors import GaussianPrior, UniformPrior
from tests.conftest import reference

GOLDEN = reference("golden_losses.json")
P, Q = torch.sin(torch.arange(20.0)).view(5, 4), torch.cos(torch.arange(20.0)).view(5, 4)


class GaussianMLP(GaussianOutput, MLP):
    """An encoder with normal outputs."""


class HybridAutoencoder(Hybrid, Autoencoder):
    """An autoencoder that remembers latents."""


def make(kind, encoder=MLP, **settings):
    return kind(encoder, partial(MLP, hidden=[6]), Criterion("mse"), din=5, latent_dim=4, **settings)


def test_reference_divergences():
    assert maximum_mean_discrepancy(P, Q).item() == pytest.approx(GOLDEN["mmd"]["value"], rel=1e-6)
    assert (maximum_mean_discrepancy(P, Q) / 5).item() == pytest.approx(GOLDEN["mmd"]["wae_reg"], rel=1e-6)
    posterior = NormalDistribution(P, (0.3 * Q).exp())
    assert kl_divergence(posterior).item() == pytest.approx(GOLDEN["kl"]["sum"], rel=1e-6)


def test_the_exact_kl_is_that_of_torch():
    posterior = NormalDistribution(P, (0.3 * Q).exp())
    expected = torch_kl(posterior, NormalDistribution(torch.zeros_like(P), torch.ones_like(P))).sum()
    assert kl_divergence(posterior, "exact").item() == pytest.approx(expected.item(), rel=1e-6)
    assert make(VariationalAutoencoder, GaussianMLP, kl="exact").regulariser(posterior).item() == pytest.approx(
        expected.item() / 5, rel=1e-6
    )


def test_sliced_distance_of_shifted_samples():
    directions = torch.eye(4)
    assert sliced_wasserstein(P + 2, P[torch.randperm(5)], directions).item() == pytest.approx(2.0, rel=1e-5)
    assert torch.allclose(random_directions(4, 7, P).norm(dim=0), torch.ones(7))


def test_the_sliced_distance_pairs_the_projections_by_rank():
    torch.manual_seed(0)
    p, q = torch.randn(30, 4), 0.3 * torch.randn(30, 4) - 0.5
    directions = random_directions(4, 6, p)
    expected = [wasserstein_distance(p @ each, q @ each) for each in directions.T]
    assert sliced_wasserstein(p, q, directions).item() == pytest.approx(sum(expected) / 6, rel=1e-5)
    assert sliced_wasserstein(p, p.flip(0), directions).item() == 0


def test_the_regulariser_of_the_sliced_wae_draws_directions_before_the_prior():
    model = make(SlicedWassersteinAutoencoder, slices=7)
    torch.manual_seed(1)
    value = model.regulariser(P)
    torch.manual_seed(1)
    directions = torch.randn(4, 7)
    expected = sliced_wasserstein(torch.randn(5, 4), P, directions / directions.norm(dim=0))
    assert value.item() == pytest.approx(expected.item(), rel=1e-6)
    assert make(SlicedWassersteinAutoencoder).slices == 4


@pytest.mark.parametrize(
    ("reg", "expected"), [("L1", P.abs().sum() / 5), ("L2", P.norm(dim=1).mean()), ("pow2", P.square().sum() / 5)]
)
def test_regularisers_of_the_autoencoder(reg, expected):
    assert make(Autoencoder, reg_wt=1.0, reg=reg).regulariser(P).item() == pytest.approx(expected.item(), rel=1e-6)


@pytest.mark.parametrize(
    ("kind", "encoder"),
    [
        (Autoencoder, MLP),
        (VariationalAutoencoder, GaussianMLP),
        (WassersteinAutoencoder, MLP),
        (SlicedWassersteinAutoencoder, MLP),
    ],
)
def test_one_step_lowers_the_loss_and_the_parts_add_up(kind, encoder):
    torch.manual_seed(0)
    model = make(kind, encoder, reg_wt=2.0).train()
    x = torch.randn(32, 5)
    optimiser = torch.optim.SGD(model.parameters(), lr=0.01)

    def loss():
        torch.manual_seed(1)
        return model.losses(x)

    before = loss()
    assert before["loss"].item() == pytest.approx(before["rec_loss"].item() + 2 * before["reg_loss"].item(), rel=1e-6)
    assert before["rec_loss"].item() == pytest.approx(
        (before["reconstruction"] - x).square().sum().item() / 32, rel=1e-5
    )
    before["loss"].backward()
    optimiser.step()
    assert loss()["loss"] < before["loss"]


def test_vae_samples_in_training_and_decodes_the_mean_otherwise():
    model = make(VariationalAutoencoder, GaussianMLP)
    x = torch.randn(3, 5)
    model.train()
    posterior = model.encode(x)
    assert not torch.equal(model.decode(posterior), model.decode(posterior))
    model.eval()
    assert torch.equal(model.decode(posterior), model.decoder(posterior.loc))


def test_vae_needs_distributions_and_a_weight(caplog):
    with pytest.raises(ValueError, match="normal"):
        make(VariationalAutoencoder).encode(torch.randn(3, 5))
    assert make(VariationalAutoencoder, GaussianMLP, reg_wt=0).reg_wt == 1
    assert "above 0" in caplog.text


def test_priors():
    assert GaussianPrior().sample(1000, 3).std().item() == pytest.approx(1, abs=0.1)
    uniform = UniformPrior().sample(1000, 3)
    assert 0 <= uniform.min() < uniform.max() < 1
    assert make(WassersteinAutoencoder, prior=UniformPrior()).sample_prior(7).min() >= 0
    assert make(WassersteinAutoencoder).generate(7).shape == (7, 5)
    with pytest.raises(ValueError, match="no prior"):
        make(Autoencoder).generate(7)


def test_reference_shuffle():
    torch.manual_seed(0)
    assert shuffle_dimensions(torch.arange(20).view(5, 4)).tolist() == GOLDEN["shuffle_dim"]["out"]


def test_independent_shuffles_permute_each_column():
    latent = torch.arange(24).view(6, 4)
    torch.manual_seed(0)
    shuffled = shuffle_dimensions(latent, "independent")
    torch.manual_seed(0)
    orders = [torch.randperm(6) for _ in range(4)]
    assert torch.equal(shuffled, torch.stack([latent[order, d] for d, order in enumerate(orders)], dim=1))
    assert len({tuple(order.tolist()) for order in orders}) == 4


@pytest.mark.parametrize("lengths", [[2, 2], [1, 3], [4], [1, 1, 1, 1]])
def test_segments_are_permuted_as_blocks_each_in_its_own_order(lengths):
    latent = torch.arange(32).view(8, 4)
    torch.manual_seed(0)
    shuffled = shuffle_segments(latent, lengths)
    torch.manual_seed(0)
    expected = [segment[torch.randperm(8)] for segment in latent.split(lengths, dim=1)]
    assert torch.equal(shuffled, torch.cat(expected, dim=1))
    rows = [tuple((segment[:, 0] // 4).tolist()) for segment in shuffled.split(lengths, dim=1)]
    assert len({*rows, tuple(range(8))}) == len(lengths) + 1  # no two alike, none as it was


def test_hybrids_come_from_the_last_training_batch():
    model = make(HybridAutoencoder)
    assert not model.has_latents
    with pytest.raises(ValueError, match="first training batch"):
        model.sample_hybrid()
    x = torch.randn(6, 5)
    latent = mean_of(model.train().losses(x)["latent"])
    model.eval().losses(torch.randn(3, 5))
    assert torch.equal(model._latent, latent)
    assert [model.sample_hybrid(n).shape[0] for n in (None, 4, 15, 0)] == [6, 4, 15, 0]
    values = model.sample_hybrid(15)
    assert all(torch.isin(values[:, d], latent[:, d]).all() for d in range(4))
    assert model.generate(4).shape == (4, 5)
    other = make(HybridAutoencoder)
    other.load_state_dict(model.state_dict())
    assert torch.equal(other._latent, latent)


def test_latents_of_a_training_in_16_bits_are_remembered_as_weights_are():
    model = make(HybridAutoencoder)
    with torch.autocast("cpu", torch.bfloat16):
        model.train().losses(torch.randn(6, 5))
    assert model._latent.dtype == torch.float32
    assert model.generate(4).isfinite().all()  # where there is no autocast
    short = model.state_dict() | {"_latent": model._latent.bfloat16()}  # as earlier checkpoints have them
    other = make(HybridAutoencoder)
    other.load_state_dict(short)
    assert torch.equal(other._latent, model._latent)  # they were of 16 bits
    assert other.generate(4).isfinite().all()


def test_hybrid_segments_follow_the_decoder():
    words = ("hybrid", "a/e/conv12", "a/d/strc/2", "m/ae", "d/vec")
    model = sae.build_model(*words, shape=(100,), hybridize_groups=True)
    assert model.hybridize_groups
    model.train().losses(torch.randn(8, 100))
    torch.manual_seed(3)
    drawn = model.sample_hybrid()
    torch.manual_seed(3)
    assert torch.equal(drawn, shuffle_segments(model._latent, [6, 6]))


def test_textbook_sets_every_choice():
    words = ("textbook", "hybrid", "a/conv12")
    assert sae.build_model(*words, "m/vae", "d/vec", shape=100).kl == "exact"
    wae = sae.build_model(*words, "m/wae", "d/vec", shape=100)
    assert (wae.divide_by_batch, wae.hybrid_shuffle) == (False, "independent")
    model = sae.build_model("textbook", "a/dislib", "m/ae", "d/3ds", shape=(3, 64, 64))
    assert (model.encoder.net[0].kernel_size, model.encoder.net[1].__class__.__name__) == ((4, 4), "ReLU")


@pytest.mark.parametrize("name", [*_FUNCTIONS, "rmse"])
def test_every_criterion_gives_one_number(name):
    output = torch.rand(6, 4) if name != "nll" else torch.rand(6, 4).log()
    target = torch.randint(4, (6,)) if name in ("nll", "cross-entropy") else torch.rand(6, 4)
    total = Criterion(name)(output, target)
    assert total.dim() == 0
    if name != "kl-div":  # torch warns that its mean of this one is about to change
        assert total > Criterion(name, reduction="mean")(output, target)


def test_criteria_are_in_float32_whatever_the_precision():
    output, target = torch.rand(6, 4), torch.rand(6, 4)
    with torch.autocast("cpu", torch.bfloat16):
        assert Criterion("bce")(output.bfloat16(), target).dtype == torch.float32


def test_a_perfect_pixel_of_the_cross_entropy_is_clamped():
    assert Criterion("bce")(torch.zeros(1), torch.ones(1)).item() == pytest.approx(100)
