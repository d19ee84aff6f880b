"""The average of the weights: what is evaluated and saved, beside which training goes on as it would without."""

import json
from pathlib import Path

import pytest
import torch
from torch import nn

from omnilearn.errors import UserError
from omnilearn.model import Model
from omnilearn.tensor_files import load_tensors
from omnilearn.training.settings import TrainSettings
from omnilearn.training.weight_average import WeightAverage

COMMAND = (
    "hybrid a/conv12 m/vae d/vec --dataset.num-samples 600 --budget 12 --checkpoint.freq 6 --validation.freq 12 "
    "--viz null --device cpu --name-include-date no"
)


class Small(Model):
    """A layer and a batch norm."""

    def __init__(self) -> None:
        super().__init__()
        self.layers = nn.Sequential(nn.Linear(3, 2), nn.BatchNorm1d(2))

    def losses(self, observations):
        return {"loss": self.layers(observations).square().mean()}


def state_of(run: Path, step: int) -> tuple[dict, dict]:
    """The model and the rest of a checkpoint."""
    checkpoint = run / f"ckpt{step}"
    return load_tensors(checkpoint / "model.pth.tar")["model"], load_tensors(checkpoint / "training.pth.tar")


@pytest.mark.parametrize("share", [0.2, 0.999])
def test_it_follows_the_formula(share):
    model = Small()
    average = WeightAverage(model, share)
    names = [*dict(model.named_parameters()), "layers.1.running_mean", "layers.1.running_var"]
    expected = {name: model.state_dict()[name].clone() for name in names}
    for step in range(1, 6):
        with torch.no_grad():
            for parameter in model.parameters():
                parameter.add_(torch.randn_like(parameter))
        model.train().losses(torch.randn(5, 3))
        average.update(step)
        d = min(share, (1 + step) / (10 + step))
        for name in names:
            expected[name] = d * expected[name] + (1 - d) * model.state_dict()[name]
    assert average.averages().keys() == expected.keys()
    for name, value in average.averages().items():
        assert torch.allclose(value, expected[name], atol=1e-6)


def test_the_model_has_it_for_a_while():
    model = Small()
    average = WeightAverage(model, 0.9)
    weight = model.layers[0].weight
    first = weight.detach().clone()
    with torch.no_grad():
        weight.add_(1)
    trained = weight.detach().clone()
    with pytest.raises(ZeroDivisionError), average.in_place():
        assert torch.equal(weight, first)
        raise ZeroDivisionError
    assert torch.equal(weight, trained) and model.layers[0].weight is weight


def test_training_goes_on_beside_it(fig):
    plain, averaged = fig(f"train {COMMAND} --name plain"), fig(f"train averaged {COMMAND} --name averaged")
    trained, (saved, rest) = state_of(plain, 12)[0], state_of(averaged, 12)
    assert all(torch.equal(value, trained[name]) for name, value in rest["trained_weights"].items())
    assert "trained_weights" not in state_of(plain, 12)[1]
    weights = [name for name in rest["trained_weights"] if name.endswith("weight")]
    assert weights and not any(torch.equal(saved[name], trained[name]) for name in weights)
    last, again = trained["_latent"], saved["_latent"]
    assert torch.equal(last, again)  # not a weight


def test_it_is_what_is_validated_evaluated_and_loaded(fig, capsys):
    run = fig(f"train averaged {COMMAND} --name averaged")
    assert "\nweights: an average that keeps 0.999 of itself is evaluated and saved\n" in capsys.readouterr().out
    fig("eval --load averaged --ident again")
    at_end, again = (json.loads((run / f"{name}.json").read_text())["scores"] for name in ("eval", "again"))
    assert at_end == again
    assert state_of(run, 12)[1]["best"]["loss"] == again["loss"]
    other = fig(f"train {COMMAND} --name plain")
    assert "\nweights: " not in capsys.readouterr().out
    assert json.loads((other / "eval.json").read_text())["scores"]["loss"] != again["loss"]


def test_a_run_cannot_begin_or_end_it_half_way(fig):
    fig(f"train {COMMAND} --name plain")
    with pytest.raises(UserError, match=r"^--weight.average would make this another experiment"):
        fig("train --resume plain --budget 20 --weight-average 0.9")


@pytest.mark.parametrize(
    ("command", "line", "begun"), [("averaged ", "weight_average: 0.999\n", "with"), ("", "", "without")]
)
def test_nor_by_a_changed_config(command, line, begun, fig):
    run = fig(f"train {command}{COMMAND} --name run")
    text = (run / "config.yaml").read_text()
    changed = text.replace(line, "") if line else f"{text}weight_average: 0.9\n"
    assert changed != text
    (run / "config.yaml").write_text(changed)
    with pytest.raises(UserError, match=f"it was trained {begun} weight_average, which cannot begin or end half way"):
        fig("train --resume run --budget 20 --accept-changes yes")


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda weights: {}, "of other names"),
        (lambda weights: {**weights, "more": weights["layers.0.bias"]}, "of other names: more"),
        (lambda weights: {**weights, "layers.0.bias": torch.zeros(1)}, r"layers.0.bias: \(1,\) torch.float32"),
        (lambda weights: {**weights, "layers.0.bias": torch.zeros(2, dtype=torch.int64)}, "torch.int64"),
    ],
)
def test_weights_of_another_model_are_refused(change, told):
    average = WeightAverage(Small(), 0.9)
    before = average.trained()
    with pytest.raises(ValueError, match=told):
        average.put_into_model(change(before))
    assert all(torch.equal(value, before[name]) for name, value in average.trained().items())


@pytest.mark.parametrize("share", [0.0, 1.0, -1.0, float("nan")])
def test_shares_that_are_none(share):
    with pytest.raises(UserError, match=r"^weight_average: must be between 0 and 1, got "):
        TrainSettings(budget=1, weight_average=share)
