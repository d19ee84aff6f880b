"""Compiled losses that are other ones than they were: found before a training begins, and told."""

import pytest
import torch

import sae_src as sae
from omnilearn.config.yaml_text import load_yaml
from omnilearn.errors import UserError
from omnilearn.training import components, speed
from omnilearn.training.compiler_check import differences

COMMAND = (
    "train hybrid a/conv12 m/ae d/vec --dataset.num-samples 600 --budget 2 --device cpu --name-include-date no "
    "--viz null --validation null --include-eval no"
)


@pytest.fixture(params=["m/vae", "m/fvae"])
def model(request):
    return sae.build_model("hybrid", "a/conv12", request.param, "d/vec", shape=(100,))


@pytest.fixture
def images():
    """A model whose convolutions are followed by norms of each channel, so that their biases have no gradient."""
    return sae.build_model("hybrid", "a/conv12", "m/ae", "d/shapes", shape=(3, 32, 32), **{"model.channels": 8})


def found(model, compiled, shape=(100,), precision="float32"):
    observations = torch.rand(8, *shape, generator=torch.Generator().manual_seed(1))
    names = ["loss", *(f"{name}_loss" for name in model.trained_apart)]
    return differences(model, compiled, observations, names, 0, precision)


def without_gradient_of(model, part):
    """Losses whose gradients stop behind a part of the model."""

    def losses(observations):
        handle = model.get_submodule(part).register_forward_hook(lambda _, __, output: output.detach())
        try:
            return model.losses(observations)
        finally:
            handle.remove()

    return losses


def changed(model, change, name="loss"):
    def losses(observations):
        result = dict(model.losses(observations))
        result[name] = change(result[name])
        return result

    return losses


def test_the_same_losses_are_the_same_and_leave_no_trace(model):
    before = {name: value.clone() for name, value in model.state_dict().items()}
    state = torch.get_rng_state()
    model.eval()
    assert found(model, model.losses) == []
    assert not model.training and torch.equal(torch.get_rng_state(), state)
    after = model.state_dict()
    assert before.keys() == after.keys() and all(torch.equal(before[name], after[name]) for name in before)
    assert all(parameter.grad is None for parameter in model.parameters()) and not model.has_latents


def test_statistics_of_batches_stay(images):
    images = sae.build_model(
        "hybrid", "a/conv12", "m/ae", "d/shapes", shape=(3, 32, 32), **{"model.channels": 8, "model.norm": "batch"}
    )
    before = {name: value.clone() for name, value in images.state_dict().items()}
    assert found(images, images.losses, (3, 32, 32)) == []
    after = images.state_dict()
    assert any("running_mean" in name for name in before)
    assert all(torch.equal(before[name], after[name]) for name in before)


def test_gradients_that_are_left_out_are_found(model):
    lost = found(model, without_gradient_of(model, "encoder.layers.0"))
    assert lost and all(name.startswith("encoder.layers.0") for name in lost)
    assert len(lost) == len(list(model.encoder.layers[0].parameters()))


def test_gradients_and_losses_that_are_other_ones_are_found(model):
    twice = found(model, changed(model, lambda loss: 2 * loss - loss.detach()))
    assert "loss" not in twice and any(name.startswith("decoder") for name in twice)
    no_number = found(model, changed(model, lambda loss: loss + 0 * (loss - loss.detach()).sqrt()))
    assert "loss" not in no_number and any(name.startswith("decoder") for name in no_number)
    assert found(model, changed(model, lambda loss: loss + 0.1 * loss.detach())) == ["loss"]
    assert found(model, changed(model, lambda loss: loss * torch.nan))[0] == "loss"


def test_losses_of_parts_trained_apart_are_looked_at():
    model = sae.build_model("hybrid", "a/conv12", "m/fvae", "d/vec", shape=(100,))
    lost = found(model, changed(model, lambda loss: loss.detach() + 0 * loss, "discriminator_loss"))
    assert lost and all(name.startswith("discriminator") for name in lost)


@pytest.mark.parametrize("precision", ["float32", "bf16"])
def test_rounding_is_no_difference(images, precision):
    def rounded(observations):
        return images.losses(observations * (1 + 1e-6))

    assert found(images, rounded, (3, 32, 32), precision) == []


def test_parameters_that_are_not_trained_are_left_out(model):
    model.freeze("encoder")
    assert found(model, without_gradient_of(model, "encoder.layers.0")) == []


@pytest.fixture
def miscompiled(monkeypatch):
    """A compiler that leaves the gradients of the first layer out."""

    def compiled(losses, *, graphs=False):
        return without_gradient_of(losses.__self__, "encoder.layers.0")

    monkeypatch.setattr(components, "compiled", compiled)
    monkeypatch.setattr(speed, "has_cpp_compiler", lambda: True)


def test_a_training_is_not_begun_with_other_gradients(fig, runs, miscompiled):
    with pytest.raises(
        UserError, match=r"^compile: torch .* computes another gradient than .*: encoder\.layers\.0\.\S+ and 1 more;"
    ):
        fig(f"{COMMAND} --name wrong --compile yes")
    assert not (runs / "wrong").exists()


def test_where_compiling_was_left_open_it_is_left(fig, miscompiled, monkeypatch, capsys):
    monkeypatch.setattr(speed, "_SECONDS_TO_COMPILE", 0.0)
    run = fig(f"{COMMAND} --name open --compile auto")
    config, info = (load_yaml((run / name).read_text(), name) for name in ("config.yaml", "info.yaml"))
    assert config["compiled"] is False and "computes another gradient" in info["compilation"]
    assert "losses: not compiled: torch" in capsys.readouterr().out


def test_a_run_that_was_compiled_does_not_go_on_with_other_gradients(fig, runs, monkeypatch):
    monkeypatch.setattr(speed, "has_cpp_compiler", lambda: True)
    with monkeypatch.context() as patch:
        patch.setattr(components, "compiled", lambda losses, **_: losses)
        fig(f"{COMMAND} --name goes --compile yes")
        patch.setattr(
            components, "compiled", lambda losses, **_: without_gradient_of(losses.__self__, "encoder.layers.0")
        )
        with pytest.raises(UserError, match=r"^compile: torch .* computes another gradient"):
            fig("train --resume goes --budget 4")
