"""A whole run: its folder, its curves and pictures, its evaluation, and reading it back."""

import json

import pytest
import torch
import yaml
from PIL import Image
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

import sae_src as sae
from omnilearn.errors import UserError
from omnilearn.tensor_files import load_tensors
from tests.conftest import REFERENCE

SMALL = "--dataset.num-samples 2000 --budget 24 --validation.freq 10 --checkpoint.freq 10 --viz.freq 8 --records.freq 4"
VAE = f"train hybrid a/ladder/6 m/vae d/vec {SMALL} --name-include-date no --device cpu"


@pytest.fixture(scope="module")
def vae_run(tmp_path_factory):
    """A short run of a ladder VAE, in a folder that the tests of this module share."""
    import omnifig

    root = tmp_path_factory.mktemp("shared")
    return omnifig.main([*VAE.split(), "--saveroot", str(root), "--name", "vae"])


def events(run) -> EventAccumulator:
    accumulator = EventAccumulator(str(run), size_guidance={"images": 0, "scalars": 0, "histograms": 0})
    accumulator.Reload()
    return accumulator


def test_the_folder_of_a_run(vae_run):
    names = {path.name for path in vae_run.iterdir() if not path.name.startswith(("events", "."))}
    assert names == {"config.yaml", "info.yaml", "ckpt10", "ckpt20", "ckpt24", "eval.pth.tar", "eval.json"}
    info = yaml.safe_load((vae_run / "info.yaml").read_text())
    assert {"command", "versions", "device", "seed", "revision", "host", "threads"} <= set(info)
    assert {path.name for path in (vae_run / "ckpt24").iterdir()} >= {"model.pth.tar", "training.pth.tar"}


def test_curves(vae_run):
    scalars = events(vae_run)
    tags = set(scalars.Tags()["scalars"])
    losses = {f"{name}/{part}" for name in ("loss", "rec-loss", "reg-loss") for part in ("train", "val")}
    times = {f"time-{name}/train" for name in ("data", "train", "log", "viz", "val", "save")}
    assert tags >= losses | times | {"eval/loss", "eval/rec-loss", "eval/reg-loss"}
    assert [event.step for event in scalars.Scalars("loss/train")] == [4, 8, 12, 16, 20, 24]
    assert [event.step for event in scalars.Scalars("loss/val")] == [10, 20, 24]
    for part in ("train", "val"):
        loss, rec, reg = (scalars.Scalars(f"{name}/{part}")[-1].value for name in ("loss", "rec-loss", "reg-loss"))
        assert loss == pytest.approx(rec + reg, rel=1e-5)
    assert {"model-str/text_summary", "model-optim-str/text_summary"} <= set(events(vae_run).Tags()["tensors"])


def test_pictures(vae_run):
    accumulator = events(vae_run)
    pictures = ["rec", "gen-prior", "gen-hybrid"]
    expected = {f"{name}/{part}" for name in pictures for part in ("train", "val")}
    expected |= {"distrib/val", "traversals/val", "eval/distrib", "eval/traversals"} | {f"eval/{n}" for n in pictures}
    assert set(accumulator.Tags()["images"]) == expected
    histograms = {
        f"{name}/{part}" for name in ("latent-norm", "latent-std", "logstd-hist") for part in ("train", "val")
    }
    assert set(accumulator.Tags()["histograms"]) >= histograms
    import io

    animation = Image.open(io.BytesIO(accumulator.Images("traversals/val")[-1].encoded_image_string))
    assert (animation.format, animation.size) == ("GIF", (240, 180))
    durations = []
    for frame in range(animation.n_frames):  # pillow joins frames that are alike
        animation.seek(frame)
        durations.append(animation.info["duration"])
    assert sum(durations) == pytest.approx(20 * 1000 / 12, rel=0.03)  # milliseconds


def test_results_of_the_evaluation(vae_run):
    summary = json.loads((vae_run / "eval.json").read_text())
    assert (summary["mode"], summary["step"]) == ("val", 24)
    assert set(summary["scores"]) == {"loss", "rec_loss", "reg_loss"}
    assert summary["settings"]["samples"] == 128
    assert "torch" in summary["versions"]
    stored = load_tensors(vae_run / "eval.pth.tar")
    assert set(stored["latent"]) == {"loc", "scale"}
    assert stored["diffs"].shape == (16, 12)
    assert torch.equal(stored["batch"], stored["original"])


def test_a_run_is_read_back_from_its_folder_alone(vae_run, monkeypatch, tmp_path):
    run = sae.load_run(vae_run)
    observations = run.dataset("val").batch(torch.arange(5))
    stored = load_tensors(vae_run / "eval.pth.tar")
    posterior = run.model.encode(stored["batch"])
    assert torch.allclose(posterior.loc, stored["latent"]["loc"], atol=1e-6)
    assert run.model.decode(run.model.encode(observations)).shape == (5, 100)
    assert not run.model.training
    assert run.model.has_latents
    assert sae.load_run("vae", saveroot=vae_run.parent).path == vae_run
    assert sae.load_run(vae_run, step=10).step == 10
    with pytest.raises(UserError, match="no checkpoint of step 11"):
        sae.load_run(vae_run, step=11)


def test_eval_repeats_the_final_evaluation(vae_run, fig):
    outcome = fig(f"eval --load {vae_run} --ident again --device cpu")
    assert outcome.scores == json.loads((vae_run / "eval.json").read_text())["scores"]
    assert (vae_run / "again.pth.tar").is_file()
    tags = events(vae_run).Tags()
    for kind in ("images", "histograms", "scalars"):
        first, again = ({t for t in tags[kind] if t.startswith(f"{ident}/")} for ident in ("eval", "again"))
        assert first and again == {tag.replace("eval", "again", 1) for tag in first}


def test_eval_takes_overrides_and_modes(vae_run, fig):
    outcome = fig(f"eval --load {vae_run} --mode test --override.dataset.drop-last no --device cpu --ident t")
    assert outcome.samples == 2000
    assert fig(f"eval --load {vae_run} --step-limit 1 --device cpu --ident s").samples == 128


@pytest.mark.parametrize(
    ("words", "name"),
    [
        ("a/e/conv12 a/d/strc/12 m/ae d/vec", "vec_ae_e-c12_d-s12"),
        ("a/conv12 m/vae d/vec --reg-wt 0.5 --info.extra foo", "vec_vae0p5_e-c12_d-c12_foo"),
        ("a/conv12 m/vae d/vec --reg_wt 2", "vec_vae2_e-c12_d-c12"),
        ("mish a/conv12 m/swae d/vec", "vec_swae10_e-c12_d-c12_mish"),
        ("a/e/small a/d/conv12 m/wae d/vec", "vec_wae10_d-c12"),
        ("a/ladder/6 m/ae d/vec --reg-wt 0.1", "vec_ae0p1_e-l6_d-l6"),
    ],
)
def test_names_of_runs(words, name, fig, runs):
    options = "--dataset.num-samples 300 --budget 1 --viz null --validation null --include-eval no --device cpu"
    path = fig(f"train {words} {options}")
    assert path.parent == runs
    assert path.name.rsplit("_", 1)[0] == name


def test_runs_of_one_name_are_counted(fig):
    words = "train a/conv12 m/ae d/vec --dataset.num-samples 300 --budget 1 --viz null --validation null"
    paths = [fig(f"{words} --include-eval no --device cpu --name x --name-include-date no") for _ in range(3)]
    assert [path.name for path in paths] == ["x", "x_2", "x_3"]


def test_scheduled_rates_and_single_layers(fig):
    words = "scheduler a/conv12 m/ae d/vec --model.optim.lr.freq 2 --model.encoder.layers.0.nonlin relu"
    options = "--dataset.num-samples 300 --budget 4 --records.freq 1 --viz null --include-eval no --device cpu"
    run = fig(f"train {words} {options}")
    rates = [event.value for event in events(run).Scalars("lr/train")]
    assert rates[0] == pytest.approx(0.0005)
    assert rates[-1] == pytest.approx(0.0001)
    assert type(sae.load_run(run).model.encoder.layers[1].layer[1]).__name__ == "ReLU"


@pytest.mark.slow
def test_pictures_and_validation_do_not_disturb_training(fig):
    words = "train hybrid a/conv12 m/vae d/vec --dataset.num-samples 500 --budget 6 --include-eval no --device cpu"
    busy = fig(f"{words} --viz.freq 1 --validation.freq 1 --records.freq 1 --checkpoint.freq 1")
    calm = fig(f"{words} --viz null --validation null --records null")
    states = [load_tensors(run / "ckpt6" / "model.pth.tar")["model"] for run in (busy, calm)]
    assert all(torch.equal(states[0][name], states[1][name]) for name in states[0])


def test_bf16_trains_close_to_float32(fig):
    words = "train a/conv12 m/ae d/vec --dataset.num-samples 500 --budget 5 --device cpu --viz null --records.freq 5"
    losses = [events(fig(f"{words} --precision {p}")).Scalars("loss/train")[0].value for p in ("bf16", "float32")]
    assert losses[0] == pytest.approx(losses[1], rel=0.1)


@pytest.mark.slow
@pytest.mark.parametrize("data", ["d/vec --dataset.num-samples 500", "d/shapes --image-size 32 --model.channels 32"])
@pytest.mark.parametrize(
    "model", ["a/e/conv12 a/d/strc/12 m/ae", "a/ladder/6 m/vae", "a/conv12 m/wae", "a/conv12 m/qlae"]
)
def test_pictures_are_drawn_in_bf16(model, data, fig, shapes_root):
    limits = "--validation.step-limit 2 --evaluation.step-limit 2 --dataset.batch-size 8 --factor-distance null"
    root = "" if "d/vec" in data else f"--dataroot {shapes_root}"
    words = f"hybrid {model} {data} {root} --precision bf16 --budget 2 --device cpu --viz.freq 1 --validation.freq 1"
    run = fig(f"train {words} {limits}")
    assert events(run).Tags()["images"]


@pytest.mark.slow
def test_runs_of_the_published_system_load_as_they_are(fig, tmp_path, shell):
    import shutil

    path = tmp_path / "published"
    shutil.copytree(REFERENCE / "original_run" / "vec_ae_e-c12_d-s12_261124-073659", path)
    outcome = fig(f"eval --load {path} --device cpu")
    assert outcome.scores["loss"] == pytest.approx(0.0444, abs=1e-4)
    run = sae.load_run(path)
    assert run.is_published
    assert run.model.decoder.group_dims == [1] * 12
    refused = shell(f"train --resume {path}")
    assert (refused.returncode, refused.stderr.count("\n")) == (2, 1)
    assert "not resumed" in refused.stderr
