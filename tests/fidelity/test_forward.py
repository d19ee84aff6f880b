"""Latents, reconstructions, losses and gradients equal those of the published system, on formula-filled models."""

import math

import numpy as np
import pytest
import torch

import sae_src as sae
from sae_src.methods import mean_of
from tests.conftest import reference

FORWARD = reference("golden_forward.json.gz")
SHAPES = {"d/vec": (100,), "d/3ds": (3, 64, 64), "d/celeba": (3, 128, 128)}
LOSS, FIGURE, GRADIENT = 5e-5, 1e-4, 1e-3


def fill(model: torch.nn.Module) -> None:
    """Give every parameter the values of the reference's formula."""
    for number, (name, parameter) in enumerate(model.named_parameters()):
        wave = np.sin(0.7 * np.arange(parameter.numel(), dtype=np.float64) + 1.3 * number)
        if name.endswith("norm.weight"):
            values = 1 + 0.1 * wave
        elif parameter.dim() >= 2:
            values = wave / math.sqrt(math.prod(parameter.shape[1:]))
        else:
            values = 0.1 * wave
        parameter.data.copy_(torch.tensor(values.reshape(parameter.shape), dtype=torch.float32))


def batch(entry: dict, data: str) -> torch.Tensor:
    """The input of a reference case."""
    shape = (entry["batch"], *SHAPES[data])
    values = np.sin(0.013 * np.arange(math.prod(shape), dtype=np.float64))
    values = values if data == "d/vec" else 0.5 + 0.5 * values
    return torch.tensor(values.reshape(shape), dtype=torch.float32)


def assert_figures(values: torch.Tensor, expected: dict) -> None:
    values = values.detach().double().flatten()
    shown = np.concatenate([values[:8], values[-4:], values[::997]])
    stored = np.array([*expected["first8"], *expected["last4"], *expected["every997"]])
    assert np.abs(shown - stored).max() <= FIGURE * np.abs(stored).max()
    sums = [values.sum().item(), values.abs().sum().item(), values.mean().item(), values.std().item()]
    stored = [expected["sum"], expected["abs_sum"], expected["mean"], expected["std_unbiased"]]
    assert sums == pytest.approx(stored, rel=FIGURE, abs=FIGURE * max(map(abs, stored)))


def assert_values(values: torch.Tensor, expected: list) -> None:
    expected = np.array(expected)
    assert np.abs(values.detach().numpy().ravel() - expected).max() <= FIGURE * np.abs(expected).max()


@pytest.mark.slow
@pytest.mark.parametrize("key", [pytest.param(key, marks=[pytest.mark.slow] * ("d/celeba" in key)) for key in FORWARD])
def test_forward_and_gradients_equal_the_published_ones(key):
    entry, data = FORWARD[key], key.split()[-1]
    model = sae.build_model("hybrid", *key.split(), shape=SHAPES[data])
    fill(model)
    observations = batch(entry, data)

    model.eval()
    with torch.no_grad():
        latent = model.encode(observations)
        if "eval_loc" in entry:
            assert_values(latent.loc, entry["eval_loc"])
            assert_values(latent.scale, entry["eval_scale"])
        else:
            assert_values(latent, entry["eval_latent"])
        assert_figures(model.decode(latent), entry["eval_rec"])
        shape = mean_of(latent).shape
        wave = torch.tensor(np.sin(0.37 * np.arange(shape.numel()) + 0.5).reshape(shape), dtype=torch.float32)
        assert_figures(model.decode(wave), entry["eval_decode_sin"])
        torch.manual_seed(0)
        result = model.losses(observations)
    assert result["loss"].item() == pytest.approx(entry["eval_loss"], rel=LOSS)
    if entry["eval_reg_loss"] is None:
        assert "reg_loss" not in result
    else:
        assert result["reg_loss"].item() == pytest.approx(entry["eval_reg_loss"], rel=LOSS)
        total = result["rec_loss"] + model.reg_wt * result["reg_loss"]
        assert total.item() == pytest.approx(result["loss"].item(), rel=1e-6)

    model.train()
    torch.manual_seed(0)
    result = model.losses(observations)
    result["loss"].backward()
    assert result["loss"].item() == pytest.approx(entry["train_loss"], rel=LOSS)
    for name, parameter in model.named_parameters():
        gradient = 0.0 if parameter.grad is None else parameter.grad.double().norm().item()
        assert gradient == pytest.approx(entry["grad_l2"][name] or 0.0, rel=GRADIENT, abs=1e-12), name
    assert_values(model._latent, entry["stored_latent"])
