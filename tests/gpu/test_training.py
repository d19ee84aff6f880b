"""Training on a GPU: every method and architecture, precisions, exact resuming, no waiting for the device in a step."""

import json
import math
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch

import sae_src as sae
from omnilearn.config import call
from omnilearn.evaluation.evaluate import observations_at
from omnilearn.layers.criteria import Criterion
from omnilearn.tensor_files import load_tensors
from omnilearn.tensorboard.writer import TensorBoardWriter
from omnilearn.training.components import Components, assemble
from omnilearn.training.interruption import NOT_FINITE, Stop
from omnilearn.training.loop import train_steps
from omnilearn.training.settings import TrainSettings
from omnilearn.training.speed import compiled
from omnilearn.training.train import begin
from tests.conftest import ROOT

pytestmark = pytest.mark.gpu

# Where torch's own warnings were errors, they would end its compiler and its graphs halfway.
compiles = pytest.mark.filterwarnings("default")

ARCHITECTURES = ("a/conv12", "a/e/conv12 a/d/strc/12", "a/ladder/6")
METHODS = sorted(
    path.relative_to(ROOT / "config").with_suffix("").as_posix() for path in ROOT.glob("config/m/**/*.yaml")
)
SHORT = (
    "--image-size 32 --dataset.batch-size 8 --model.channels 32 --records.freq 1 --viz null "
    "--validation null --include-eval no"
)


def losses_of(folder: Path) -> list[float]:
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    events = EventAccumulator(str(folder))
    events.Reload()
    return [event.value for event in events.Scalars("loss/train")]


def words_of(method: str, architecture: str) -> str:
    """The configs of a method on images; those that train on pairs are told how."""
    return f"hybrid {architecture} {method} d/shapes {SHORT}"


@pytest.mark.parametrize("architecture", ARCHITECTURES)
@pytest.mark.parametrize("method", METHODS)
def test_every_method_and_architecture_trains(method, architecture, device, fig, shapes_root):
    run = fig(f"train {words_of(method, architecture)} --dataroot {shapes_root} --budget 3 --device {device}")
    losses = losses_of(run)
    assert len(losses) == 3 and all(map(math.isfinite, losses))


@pytest.mark.parametrize("precision", ["bf16", "fp16", "tf32"])
def test_precisions_stay_close_to_float32(precision, device, fig, shapes_root):
    words = f"train {words_of('m/ae', ARCHITECTURES[1])} --dataroot {shapes_root} --budget 20 --device {device}"
    exact, other = (losses_of(fig(f"{words} --precision {name}")) for name in ("float32", precision))
    assert other[-1] == pytest.approx(exact[-1], rel=0.02)


# Rounding grows in these models: weights that differ by 1e-7 make losses on images differ by up to 1e-3 within ten
# steps, on a CPU too, so that there are few.
@compiles
@pytest.mark.parametrize("data", ["d/vec --budget 20", f"d/shapes {SHORT} --budget 5"])
@pytest.mark.parametrize("architecture", ARCHITECTURES[1:])
def test_compiled_losses_are_those_of_eager_steps(architecture, data, device, fig, shapes_root):
    method = "m/vae" if "ladder" in architecture else "m/ae"
    place = "" if "d/vec" in data else f"--dataroot {shapes_root}"
    words = f"train hybrid {architecture} {method} {data} {place} --records.freq 1 --device {device}"
    words += " --viz null --validation null --include-eval no"
    eager, fast = (losses_of(fig(f"{words} --compile {choice}")) for choice in ("no", "yes"))
    assert fast == pytest.approx(eager, rel=1e-4)


@compiles
@pytest.mark.parametrize("method", ["m/vae", "m/wae", "m/swae", "m/tcvae", "m/fvae", "m/qlae"])
def test_every_kind_of_method_is_replayed_as_graphs(method, device, fig):
    # Adam takes whole steps along gradients that are zero but for rounding, as many of a discriminator are at first:
    # noise of 1e-10 in them makes the losses of a FactorVAE differ by 1e-3 after seven steps, noise of 1e-9 after four.
    steps, tolerance = (3, 1e-3) if method == "m/fvae" else (6, 1e-4)
    words = f"train hybrid a/conv12 {method} d/vec --budget {steps} --records.freq 1 --viz null --device {device}"
    few = "--model.encoder.layers [] --model.decoder.layers [] --validation null --include-eval no"
    eager, fast = (losses_of(fig(f"{words} {few} --compile {choice}")) for choice in ("no", "yes"))
    assert fast == pytest.approx(eager, rel=tolerance)


@pytest.mark.parametrize(
    ("method", "more"),
    [
        ("m/ae", ""),
        ("m/vae", ""),
        ("m/fvae", ""),
        ("m/vae", "--compile yes"),
        ("m/ae", "--precision bf16"),
        ("m/ae", "--weight-average 0.9"),
    ],
)
def test_a_killed_run_resumes_to_the_same_bits(method, more, device, fig, runs, shapes_root):
    words = (
        f"{words_of(method, ARCHITECTURES[1])} --dataroot {shapes_root} --device {device} --deterministic yes {more}"
    )
    words = f"train {words} --budget 40 --checkpoint.freq 10 --name-include-date no --print.freq 1"
    command = [sys.executable, str(ROOT / "main.py"), *words.split()]
    for name in ("whole", "killed"):
        process = subprocess.Popen([*command, "--name", name], stdout=subprocess.DEVNULL)
        while name == "killed" and process.poll() is None and not (runs / name / "ckpt20").is_dir():
            time.sleep(0.01)
        if name == "killed":
            process.kill()
        process.wait(timeout=300)
    resume = [sys.executable, str(ROOT / "main.py"), "train", "--resume", "killed"]
    subprocess.run(resume, check=True, stdout=subprocess.DEVNULL, timeout=300)
    whole, killed = (load_tensors(runs / name / "ckpt40" / "model.pth.tar")["model"] for name in ("whole", "killed"))
    assert [name for name in whole if not torch.equal(whole[name], killed[name])] == []


def test_a_loss_that_is_not_finite_is_kept_from_the_weights(device, fig, runs, shapes_root):
    words = words_of("m/ae", "a/conv12")
    with pytest.raises(Stop) as stop:
        fig(
            f"train {words} --dataroot {shapes_root} --budget 60 --checkpoint.freq 1 --checkpoint.keep 1 "
            f"--device {device} --model.optim.lr 1e30 --name bad --name-include-date no"
        )
    assert stop.value.code == NOT_FINITE
    for path in (runs / "bad").glob("ckpt*/model.pth.tar"):
        weights = load_tensors(path)["model"]
        assert all(value.isfinite().all() for value in weights.values())


@compiles
def test_a_compiled_cross_entropy_of_what_is_no_number_is_none_either(device):
    criterion = Criterion("bce")

    def losses(output):
        return {"loss": criterion(output, torch.full_like(output, 0.25))}

    output = torch.full((64, 48), torch.nan, device=device, requires_grad=True)
    assert compiled(losses, graphs=True)(output)["loss"].isnan()


@pytest.fixture
def built(device, shapes_root):
    """Build the components of a training of images."""

    def build(*configs: str, **keys) -> tuple[Components, TrainSettings, object]:
        size = {} if "d/vec" in configs else {"dataroot": str(shapes_root), "image_size": 32, "model.channels": 32}
        config = sae.create_config("hybrid", *configs, device=device, budget=9, **size, **keys)
        settings = call(TrainSettings, config)
        return assemble(config, settings), settings, config

    return build


@pytest.mark.parametrize("data", ["d/vec", "d/shapes"])
def test_batches_are_made_on_the_device(data, built, device):
    components, _, _ = built("a/conv12", "m/ae", data)
    batch = components.train_subset.batch(next(components.batches))
    assert batch.device.type == device


@pytest.mark.filterwarnings("ignore:Synchronization debug mode is a prototype:UserWarning")
@pytest.mark.parametrize("data", ["d/vec", "d/shapes"])
@pytest.mark.parametrize("method", ["m/ae", "m/vae", "m/wae", "m/swae", "m/tcvae", "m/fvae"])
def test_no_step_waits_for_the_device(method, data, built, tmp_path, monkeypatch):
    components, settings, config = built("averaged", "a/e/conv12", "a/d/strc/12", method, data)
    model, told = components.model, components.model.set_step

    def watch(step: int) -> None:
        told(step)
        if step in (3, 8):  # the first steps may set things up; the last one ends with a look at the losses
            torch.cuda.set_sync_debug_mode("error" if step == 3 else "default")

    monkeypatch.setattr(model, "set_step", watch)
    with TensorBoardWriter(tmp_path) as writer:
        try:
            train_steps(begin(config, components, settings, tmp_path, writer), [])
        finally:
            torch.cuda.set_sync_debug_mode("default")


@pytest.mark.parametrize("data", ["d/vec", "d/shapes"])
def test_observations_are_read_ahead_on_the_stream_that_uses_them(data, built, monkeypatch):
    components, _, _ = built("a/conv12", "m/ae", data)
    subset, streams = components.train_subset, []
    kind, read = type(subset), type(subset).batch

    def batch(self, positions):
        streams.append(torch.cuda.current_stream())
        return read(self, positions)

    monkeypatch.setattr(kind, "batch", batch)
    with torch.cuda.stream(torch.cuda.Stream()):
        here = torch.cuda.current_stream()
        list(observations_at(torch.arange(12).split(4), subset))
    assert streams == [here] * 3


def test_a_run_of_a_gpu_is_read_on_a_cpu(device, fig, shapes_root):
    run = fig(f"train {words_of('m/vae', 'a/conv12')} --dataroot {shapes_root} --budget 2 --device {device}")
    loaded = sae.load_run(run)
    observations = loaded.dataset("val").batch(torch.arange(4)).cpu()
    model = loaded.model
    here = model.to("cpu").encode(observations).mean
    there = model.to(device).encode(observations.to(device)).mean
    assert torch.allclose(here, there.cpu(), rtol=1e-3, atol=1e-3)


def test_evaluations_and_metrics(device, fig, shapes_root):
    words = words_of("m/vae", ARCHITECTURES[1]).replace("--validation null --include-eval no", "--validation.freq 2")
    limits = "--validation.step-limit 2 --evaluation.step-limit 2"
    run = fig(f"train {words} {limits} --dataroot {shapes_root} --budget 4 --device {device}")
    fig(f"eval --load {run.name} --device {device} --mode test --step-limit 2")
    sizes = "--num-train 200 --num-test 100 --num-groups 2 --metrics '[mig,irs,responses]'".replace("'", "")
    fig(f"eval-metrics eval/shapes --load {run.name} --device {device} {sizes}")
    assert math.isfinite(json.loads((run / "test.json").read_text())["scores"]["loss"])
    assert json.loads((run / "metrics.json").read_text())["scores"]["MIG"]["discrete_mig"] is not None
