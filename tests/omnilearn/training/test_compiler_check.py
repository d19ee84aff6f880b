"""Compiled losses that are other ones than they were: found before a training begins, and told."""

import os
import random
import threading

import numpy as np
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


def of_images(method="m/vae", channels=32, **more):
    keys = {"model.channels": channels, **more}
    return sae.build_model("hybrid", "a/conv12", method, "d/shapes", shape=(3, 32, 32), **keys)


def found(model, compiled, shape=(100,), precision="float32", **more):
    observations = torch.rand(8, *shape, generator=torch.Generator().manual_seed(1))
    names = ["loss", *(f"{name}_loss" for name in model.trained_apart)]
    return differences(model, compiled, observations, names, 0, precision, **more)


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


def test_statistics_of_batches_stay():
    images = of_images(**{"model.norm": "batch"})
    before = {name: value.clone() for name, value in images.state_dict().items()}
    assert found(images, images.losses, (3, 32, 32)) == []
    after = images.state_dict()
    assert any("running_mean" in name for name in before)
    assert all(torch.equal(before[name], after[name]) for name in before)


def test_what_losses_leave_behind_is_put_back(model):
    model.count, model.seen, before = 0, torch.zeros(2), vars(model).keys()
    seen, losses = model.seen, model.losses

    def noted(observations):
        model.count += 1
        model.first = model.seen
        model.seen.add_(1)
        np.random.rand()
        random.random()
        return losses(observations)

    states = random.getstate(), np.random.get_state()[2]
    assert found(model, noted) == []
    assert (model.count, vars(model).keys()) == (0, before)
    assert model.seen is seen and torch.equal(seen, torch.zeros(2))
    assert (random.getstate(), np.random.get_state()[2]) == states


def test_a_model_that_cannot_be_copied(model):
    model.lock, encode = threading.Lock(), model.encode
    model.encode = lambda observations: encode(observations)  # which a copy of the model would call of this one
    assert found(model, model.losses) == []
    assert found(model, without_gradient_of(model, "encoder.layers.0"))


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
def test_rounding_is_no_difference_and_hides_none(precision):
    images = of_images()

    def rounded(observations):
        return images.losses(observations * (1 + 1e-6))

    assert found(images, rounded, (3, 32, 32), precision) == []
    weights = [name for name, parameter in images.named_parameters() if parameter.dim() == 4]
    lost = found(images, changed(images, lambda loss: 0 * loss + loss.detach()), (3, 32, 32), precision)
    assert len(set(weights) & set(lost)) > 0.9 * len(weights)


def test_gradients_that_are_only_rounding_are_left_out():
    images = of_images(channels=8)  # groups of a single value, whose rounding grows from layer to layer
    assert found(images, lambda observations: images.losses(observations * (1 + 1e-6)), (3, 32, 32)) == []


def test_gradients_that_are_no_numbers_hide_no_others(model):
    parameter = next(model.decoder.parameters())
    parameter.register_hook(lambda gradient: gradient * torch.nan)
    lost = found(model, without_gradient_of(model, "encoder.layers.0"))
    assert lost and all(name.startswith("encoder.layers.0.") for name in lost)


def test_what_a_schedule_begins_without_is_looked_at():
    model = sae.build_model("hybrid", "a/conv12", "m/cyclic", "d/vec", shape=(100,), budget=1000)
    losses = model.losses

    def without_regulariser(observations):
        result = losses(observations)
        return {**result, "loss": result["rec_loss"]}

    assert found(model, without_regulariser, step=0) == []
    assert found(model, without_regulariser, step=999) and model.step == 0


def test_parameters_that_are_not_trained_are_left_out(model):
    model.freeze("encoder")
    assert found(model, without_gradient_of(model, "encoder.layers.0")) == []


@pytest.fixture
def miscompiled(monkeypatch):
    """A compiler that leaves the gradients of the first layer out."""

    def compiled(losses, **_):
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
        with pytest.raises(
            UserError, match=r"^compile: torch .* another gradient .*; this run was begun with compiled"
        ):
            fig("train --resume goes --budget 4")


@pytest.mark.slow
def test_a_compiler_that_fails_is_done_without_where_that_was_left_open(shell, runs, tmp_path):
    compiler = tmp_path / "compiler"
    compiler.write_text("#!/bin/sh\nexit 1\n")
    compiler.chmod(0o755)
    env = {**os.environ, "CXX": str(compiler), "TORCHINDUCTOR_CACHE_DIR": str(tmp_path / "cache")}
    words = COMMAND.replace(
        "--budget 2", "--budget 10000000 --time-limit 0.0002 --threads 1 --compile auto --name open"
    )
    few = "--model.encoder.layers [] --model.decoder.layers []"
    result = shell(f"{words} {few} --saveroot {runs}", env=env)
    assert result.returncode == 3, result.stderr
    assert "losses: not compiled: torch cannot: " in result.stdout
