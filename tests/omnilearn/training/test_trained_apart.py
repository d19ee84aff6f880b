"""A part of a model with an optimiser and a loss of its own: who updates what, and losses that are not finite."""

from functools import partial

import pytest
import torch
from torch import nn

import sae_src as sae
from omnilearn.assembly import build_optimisers
from omnilearn.config import call
from omnilearn.errors import UserError
from omnilearn.tensorboard.writer import TensorBoardWriter
from omnilearn.training.components import assemble
from omnilearn.training.interruption import NOT_FINITE, FiniteGuard, Stop
from omnilearn.training.loop import train_steps
from omnilearn.training.settings import TrainSettings
from omnilearn.training.train import begin

WORDS = ("a/conv12", "m/fvae", "d/vec")
KEYS = {"dataset.num_samples": 300, "budget": 3, "device": "cpu", "model.discriminator.hidden": [8]}


@pytest.fixture
def training(tmp_path):
    """Three steps of a FactorVAE on vectors."""
    config = sae.create_config(*WORDS, **KEYS)
    settings = call(TrainSettings, config)
    with TensorBoardWriter(tmp_path) as writer:
        yield begin(config, assemble(config, settings), settings, tmp_path, writer)


def test_each_optimiser_has_the_parameters_of_its_loss():
    config = sae.create_config(*WORDS, **KEYS, **{"model.optim.lr": 0.5, "model.discriminator.optim.lr": 0.25})
    model = sae.build_model(*WORDS, shape=(100,), **KEYS)
    optimisers = build_optimisers(config, model)
    assert list(optimisers) == ["loss", "discriminator_loss"]
    main, apart = (optimiser.torch_optimiser.param_groups[0] for optimiser in optimisers.values())
    assert (main["lr"], apart["lr"]) == (0.5, 0.25)
    names = {id(parameter): name for name, parameter in model.named_parameters()}
    assert {names[id(p)] for p in apart["params"]} == {n for n in names.values() if n.startswith("discriminator.")}
    assert len(main["params"]) + len(apart["params"]) == len(names)


def test_a_part_without_an_optimiser_takes_the_one_of_the_model():
    config = sae.create_config(*WORDS, **KEYS, **{"model.discriminator.optim": "_x_"})
    model = sae.build_model(*WORDS, shape=(100,), **KEYS)
    assert build_optimisers(config, model)["discriminator_loss"].rate == config.pull("model.optim.lr")
    with pytest.raises(UserError, match=r"there is no optimiser: set model\.optim"):
        build_optimisers(sae.create_config(*WORDS, **KEYS, **{"model.optim": "_x_"}), model)


def test_a_step_is_one_of_each_loss(training):
    model, data = training.components.model, training.components.data
    other = sae.build_model(*WORDS, shape=(100,), **KEYS).train()
    other.load_state_dict(model.state_dict())
    apart = list(other.discriminator.parameters())
    rest = [p for name, p in other.named_parameters() if not name.startswith("discriminator.")]
    adam = partial(torch.optim.Adam, fused=True)
    order = data.loading.training_batches(data.subset("train"), 0)
    state = torch.get_rng_state()
    train_steps(training, [])
    assert (model.step, training.progress.step) == (3, 3)
    torch.set_rng_state(state)
    optimisers = adam(rest, lr=0.001), adam(apart, lr=1e-4, betas=(0.5, 0.9))
    for _ in range(3):
        out = other.losses(data.subset("train").batch(next(order)))
        # The gradients of both, before either changes a weight.
        gradients = torch.autograd.grad(out["loss"], rest), torch.autograd.grad(out["discriminator_loss"], apart)
        for optimiser, parameters, of_loss in zip(optimisers, (rest, apart), gradients, strict=True):
            for parameter, gradient in zip(parameters, of_loss, strict=True):
                parameter.grad = gradient
            optimiser.step()
    assert all(torch.equal(value, other.state_dict()[name]) for name, value in model.state_dict().items())


@pytest.mark.parametrize("loss", ["loss", "discriminator_loss"])
def test_no_weight_changes_where_either_loss_is_not_finite(loss, training, monkeypatch):
    model = training.components.model
    before = {name: value.clone() for name, value in model.state_dict().items()}
    losses = model.losses

    def not_finite(observations):
        result = losses(observations)
        return {**result, loss: result[loss] * torch.nan}

    monkeypatch.setattr(model, "losses", not_finite)
    with pytest.raises(Stop) as stop:
        train_steps(training, [])
    assert stop.value.code == NOT_FINITE and f"{loss} not finite at step 1" in stop.value.message
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())


def test_on_a_device_every_optimiser_is_told():
    parameters = [nn.Parameter(torch.zeros(1)) for _ in range(2)]
    optimisers = {
        name: torch.optim.Adam([p], fused=True) for name, p in zip(("loss", "other"), parameters, strict=True)
    }
    guard = FiniteGuard(optimisers, torch.device("cpu"))
    guard._on_device = True  # what a GPU does, with the tensors of the CPU
    guard.before_update({"loss": torch.tensor(1.0), "other": torch.tensor(torch.nan)}, 1)
    for parameter, optimiser in zip(parameters, optimisers.values(), strict=True):
        parameter.grad = torch.ones(1)
        optimiser.step()
        assert parameter.item() == 0
    with pytest.raises(Stop):
        guard.check()
