"""Each method trains: its regulariser falls on its own, the loss falls on vectors, and every architecture takes it."""

import pytest
import torch

import sae_src as sae
from omnilearn.assembly import build_data
from tests.sae_src.further_methods.methods import METHODS, make

every_method = pytest.mark.parametrize("method", METHODS)


def observations(count: int = 64) -> torch.Tensor:
    """Vectors (count, 5) whose values depend on each other."""
    generator = torch.Generator().manual_seed(0)
    return torch.randn(count, 2, generator=generator) @ torch.randn(2, 5, generator=generator)


def small_discriminator(method: str) -> dict[str, list[int]]:
    """Keys for a discriminator that is quick to train, where there is one."""
    return {"model.discriminator.hidden": [16, 16]} if method.endswith("fvae") else {}


def regulariser(model, x: torch.Tensor, draws: int = 20) -> float:
    """The unweighted regulariser, a mean over draws of the noise."""
    torch.manual_seed(7)
    with torch.no_grad():
        return sum(model.losses(x)["reg_loss"].item() for _ in range(draws)) / draws


def entangle(model) -> None:
    """Let the latents depend on each other, and have little noise."""
    with torch.no_grad():
        model.encoder[-1].weight[:4] *= 4
        model.encoder[-1].bias[4:] -= 1.5


# What there is to fall: capacity to miss, latents that depend on each other and say much.
SETTINGS = {"annealed": {"capacity": 3.0, "capacity_steps": 0}, "tcvae": {"estimator": "mss", "dataset_size": 64}}


@pytest.mark.parametrize("method", [name for name in METHODS if name not in ("fvae", "published/tcvae")])
def test_the_regulariser_falls_when_it_is_all_there_is(method):
    torch.manual_seed(0)
    model, x = make(method, **SETTINGS.get(method, {})).train(), observations()
    if method == "tcvae":
        entangle(model)
    optimiser = torch.optim.Adam(model.parameters(), lr=0.01)
    before = regulariser(model, x)
    for _ in range(100):
        optimiser.zero_grad()
        model.losses(x)["reg_loss"].backward()
        optimiser.step()
    assert regulariser(model, x) < before - 0.3 * abs(before)


def test_the_total_correlation_falls_by_the_discriminator():
    torch.manual_seed(0)
    model, x = make("fvae").train(), observations(256)
    entangle(model)
    discriminator = torch.optim.Adam(model.discriminator.parameters(), lr=0.01, betas=(0.5, 0.9))

    def learn(steps: int, optimiser: torch.optim.Optimizer | None) -> float:
        for _ in range(steps):
            out = model.losses(x)
            if optimiser is not None:
                optimiser.zero_grad()
                out["reg_loss"].backward()
                optimiser.step()
            discriminator.zero_grad()
            out["discriminator_loss"].backward()
            discriminator.step()
        return regulariser(model, x)

    correlated = learn(200, None)
    assert correlated > 0.3
    assert learn(200, torch.optim.Adam(model.encoder.parameters(), lr=0.01)) < 0.3 * correlated


@pytest.mark.slow
@pytest.mark.parametrize("method", [name for name in METHODS if name != "adagvae"])
def test_the_reconstruction_of_vectors_improves(method):
    keys = small_discriminator(method) | {"reg_wt": 2.0}
    model = sae.build_model("hybrid", "a/conv12", f"m/{method}", "d/vec", shape=(100,), **keys).train()
    data = build_data(sae.create_config("a/conv12", f"m/{method}", "d/vec", **{"dataset.num_samples": 1000}))
    batches = data.loading.training_batches(data.subset("train"), 0)
    optimiser = torch.optim.Adam([p for p in model.parameters() if p.requires_grad], lr=0.001)
    losses = []
    for _ in range(60):
        out = model.losses(data.subset("train").batch(next(batches)))
        optimiser.zero_grad()
        out["loss"].backward()
        optimiser.step()
        losses.append(out["rec_loss"].item())
    assert sum(losses[-5:]) < 0.5 * sum(losses[:5])
    assert model.eval().generate(3).shape == (3, 100)


ARCHITECTURES = [("a/conv12",), ("a/e/conv12", "a/d/strc/4"), ("a/ladder/4",), ("a/dislib",)]


@pytest.mark.slow
@pytest.mark.parametrize("architecture", ARCHITECTURES, ids="+".join)
@every_method
def test_every_architecture_on_images(method, architecture, shapes_root):
    # The ladder needs channels beside those of its rungs.
    words = ("hybrid", *architecture, f"m/{method}", "d/shapes")
    keys = small_discriminator(method) | {"model.channels": 24, "latent_dim": 8}
    model = sae.build_model(*words, shape=(3, 64, 64), **keys).train()
    data = build_data(sae.create_config(*words, dataroot=str(shapes_root)))
    out = model.losses(data.subset("train").batch(torch.arange(4)))
    sum(value for name, value in out.items() if name in ("loss", "discriminator_loss")).backward()
    assert torch.isfinite(out["loss"])
    assert out["reconstruction"].shape == (4, 3, 64, 64)
    assert model.eval().sample_hybrid(4).shape == (4, 8)
    unused = [name for name, p in model.named_parameters() if p.requires_grad and p.grad is None]
    assert unused == []
