"""Losses that are not finite outside the steps: told, stored as null with their names, exit code 5, never stuck."""

import json

import pytest
import torch

import sae_src as sae
from omnilearn.files import checksum, read_json, write_json
from omnilearn.layers.criteria import Criterion
from omnilearn.runs.checkpoint import CHECKSUMS, MODEL, checkpoint_path
from omnilearn.runs.info import read_info
from omnilearn.tensor_files import load_tensors, save_tensors
from omnilearn.training.interruption import NOT_FINITE, Stop
from sae_src.divergences import maximum_mean_discrepancy
from sae_src.methods import Autoencoder

SMALL = (
    "--dataset.num-samples 40 --dataset.batch-size 12 --device cpu --viz.freq 2 --viz-traversals no --records.freq 1"
)
METHODS = ("ae", "vae", "wae", "swae", "tcvae", "fvae", "dipvae", "infovae", "annealed", "qlae")


def stored(run, ident="eval") -> dict:
    return json.loads((run / f"{ident}.json").read_text())


def spoil(run, step: int) -> None:
    """Make the weights of a checkpoint so large that its losses overflow."""
    folder = checkpoint_path(run, step)
    state = load_tensors(folder / MODEL)
    state["model"] = {
        name: value * 1e30 if value.is_floating_point() else value for name, value in state["model"].items()
    }
    save_tensors(folder / MODEL, state)
    write_json(folder / CHECKSUMS, read_json(folder / CHECKSUMS) | {MODEL: checksum(folder / MODEL)})


@pytest.mark.parametrize("kernel", ["inverse_multiquadric", "multiscale", "gaussian"])
def test_one_point_has_no_discrepancy(kernel):
    latent = torch.randn(1, 3, requires_grad=True)
    value = maximum_mean_discrepancy(torch.randn(1, 3), latent, kernel)
    value.backward()
    assert value.item() == 0 and latent.grad.tolist() == [[0, 0, 0]]


@pytest.mark.slow
@pytest.mark.parametrize("method", METHODS)
def test_batches_of_one_observation(method, fig, recwarn):
    run = fig(f"train hybrid a/conv12 m/{method} d/vec {SMALL} --dataset.batch-size 1 --budget 3 --validation.freq 2")
    assert all(value is not None for value in stored(run)["scores"].values())
    assert not [warning for warning in recwarn if "degrees of freedom" in str(warning.message)]


@pytest.mark.slow
def test_a_last_batch_of_one(fig):
    # 36 observations to train on: five batches of 7, and one; 4 to validate on: one of 3, and one.
    words = "--dataset.batch-size 7 --dataset.drop-last no --validation.freq 6 --checkpoint.freq 6 --checkpoint.keep 1"
    run = fig(f"train a/conv12 m/wae d/vec {SMALL} {words} --budget 12")
    assert stored(run)["scores"]["reg_loss"] is not None
    assert read_info(run)["completed"]["best"]["step"] in (6, 12)


def test_cross_entropy_of_what_is_no_number():
    output = torch.tensor([0.2, float("nan"), 0.7], requires_grad=True)
    assert Criterion("bce")(output, torch.tensor([0.0, 1.0, 1.0])).isnan()
    with pytest.raises(RuntimeError, match="between 0 and 1"):
        Criterion("bce")(torch.tensor([1.5]), torch.tensor([1.0]))
    output, target = torch.rand(50, requires_grad=True), torch.rand(50)
    plain = torch.nn.functional.binary_cross_entropy(output, target, reduction="sum")
    loss = Criterion("bce")(output, target)
    assert loss.item() == plain.item()
    assert torch.equal(*(torch.autograd.grad(value, output)[0] for value in (loss, plain)))


def test_an_evaluation_that_is_not_finite(fig, capsys):
    run = fig(f"train a/conv12 m/vae d/vec {SMALL} --budget 1 --include-eval no --validation null")
    spoil(run, 1)
    with pytest.raises(Stop) as stop:
        fig(f"eval --load {run} --device cpu")
    assert stop.value.code == NOT_FINITE
    assert capsys.readouterr().err == f"{run}: rec_loss and reg_loss not finite\n"
    assert set(stored(run)["not_finite"]) == {"rec_loss", "reg_loss"}
    assert stored(run)["scores"]["loss"] is None
    assert load_tensors(run / "eval.pth.tar")["original"].shape == (4, 100)
    with pytest.raises(Stop):  # of many runs too
        fig(f"eval --runs {run.name} --device cpu --ident again")
    assert stored(run, "again")["not_finite"]


@pytest.fixture
def lost_validation(monkeypatch):
    """Of models whose losses overflow in evaluation mode from some step on."""

    losses = Autoencoder.losses

    def use(first: int) -> None:
        def lost(self, observations):
            result = losses(self, observations)
            return result if self.training or self.step < first else result | {"rec_loss": result["rec_loss"] / 0}

        monkeypatch.setattr(Autoencoder, "losses", lost)

    return use


def test_a_validation_that_is_not_finite_stops_and_resuming_gets_past_it(fig, lost_validation, capsys):
    lost_validation(4)
    words = f"train a/conv12 m/ae d/vec {SMALL} --budget 8 --validation.freq 2 --checkpoint.freq 100"
    with pytest.raises(Stop) as stop:
        fig(f"{words} --name x --name-include-date no --include-eval no")
    assert stop.value.code == NOT_FINITE
    error = capsys.readouterr().err
    assert error.startswith("rec_loss not finite in the validation at step 4\nto go on: ")
    run = sae.load_run("x").path
    assert [path.name for path in run.glob("ckpt*")] == ["ckpt4"]
    assert read_info(run)["failed"].startswith("rec_loss not finite")
    for step in (6, 8):
        with pytest.raises(Stop) as stop:
            fig("train --resume x")
        assert stop.value.code == NOT_FINITE
        assert (run / f"ckpt{step}").is_dir()
    assert read_info(run)["completed"]["step"] == 8
    assert "rec_loss not finite at the end, after step 8" in capsys.readouterr().err


def test_an_evaluation_at_the_end_that_is_not_finite(fig, lost_validation):
    lost_validation(2)
    with pytest.raises(Stop) as stop:
        fig(f"train a/conv12 m/ae d/vec {SMALL} --budget 2 --validation null --name x --name-include-date no")
    assert stop.value.code == NOT_FINITE
    run = sae.load_run("x").path
    assert stored(run)["not_finite"] == ["rec_loss"] and stored(run)["scores"]["rec_loss"] is None
    assert read_info(run)["completed"]["step"] == 2  # requeued jobs do not come back to it for ever


def test_a_step_that_is_not_finite_says_that_resuming_is_no_help(fig, capsys):
    with pytest.raises(Stop):
        fig(f"train a/conv12 m/ae d/vec {SMALL} --budget 9 --model.optim.lr 1e30")
    error = capsys.readouterr().err.splitlines()
    assert "not finite at step" in error[0] and error[1].startswith("resuming would come to the same step")
