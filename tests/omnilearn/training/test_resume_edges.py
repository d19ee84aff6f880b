"""What resuming does at the edges: at the end of a run, with changed keys, damaged files and batch norms."""

import json
import os
import shutil
import zipfile
from pathlib import Path

import omnifig
import pytest
import torch

from omnilearn.errors import UserError
from omnilearn.evaluation import results
from omnilearn.files import checksum, read_json, write_json
from omnilearn.runs.checkpoint import CHECKSUMS, checkpoint_steps, damage, tidy_up
from omnilearn.runs.info import read_info
from omnilearn.runs.summary import summarise
from omnilearn.tensor_files import load_tensors, save_tensors
from omnilearn.training.hooks import Validate
from omnilearn.training.interruption import STOPPED, Stop
from tests.command_lines import with_keys
from tests.omnilearn.training.test_resume import KEYS, METHODS, assert_same, curve

SHORT = with_keys(f"{METHODS['ae']} {KEYS}", "--budget 20 --checkpoint.freq 10")


@pytest.fixture(scope="module")
def template(tmp_path_factory) -> Path:
    return omnifig.main([*f"train {SHORT} --name run --saveroot {tmp_path_factory.mktemp('template')}".split()])


@pytest.fixture
def run(template, runs) -> Path:
    """A finished run of 20 steps with checkpoints at 10 and 20."""
    return Path(shutil.copytree(template, runs / "run"))


def seal(checkpoint: Path) -> None:
    """Give a changed checkpoint the right checksums."""
    write_json(checkpoint / CHECKSUMS, {path.name: checksum(path) for path in checkpoint.glob("*.pth.tar")})


def test_what_a_finished_run_says_of_itself(run, fig):
    completed = read_info(run)["completed"]
    assert completed["step"] == 20 and completed["seconds"] > 0 and completed["evaluation"] == "eval"
    with pytest.raises(UserError, match="has done its 20 steps"):
        fig("train --resume run")


@pytest.mark.parametrize("keys", ["--resume run", f"{SHORT} --name run --resume auto"])
def test_an_evaluation_that_was_cut_short_is_made_up_for(keys, run, fig, runs, monkeypatch):
    def stopped(*args, **kwargs):
        raise Stop(STOPPED, "-")

    with monkeypatch.context() as patch:
        patch.setattr(results, "save_tensors", stopped)  # after the curve has its point
        with pytest.raises(Stop):
            fig(f"train {SHORT} --name cut")
    keys = keys.replace("run", "cut", 1) if keys.startswith("--resume") else keys.replace("--name run", "--name cut")
    assert fig(f"train {keys}") == runs / "cut"
    assert_same(run, runs / "cut")
    assert curve(runs / "cut", "eval/loss") == curve(run, "eval/loss")


@pytest.mark.parametrize("keys", ["--checkpoint null", "--checkpoint.freq null"])
def test_stopped_in_the_evaluation_a_run_without_checkpoints_saves_its_last_step(
    keys, run, fig, runs, monkeypatch, capsys
):
    def stopped(*args, **kwargs):
        raise Stop(STOPPED, "-")

    with monkeypatch.context() as patch:
        patch.setattr(results, "save_tensors", stopped)
        with pytest.raises(Stop):
            fig(with_keys(f"train {SHORT} --name cut", keys))
    assert "the training is complete; to evaluate it" in capsys.readouterr().err
    assert checkpoint_steps(runs / "cut") == [20] and summarise(runs / "cut").state == "finished"
    fig("train --resume cut")
    assert_same(run, runs / "cut")


def test_a_longer_run_is_evaluated_again(run, fig):
    fig("train --resume run --budget 25")
    assert json.loads((run / "eval.json").read_text())["step"] == 25
    assert [step for step, _ in curve(run, "eval/loss")] == [20, 25]


def test_killed_in_the_last_validation_no_point_is_missing(run, fig, runs, monkeypatch):
    run_hook = Validate.run

    def killed_at_the_end(self, training, result):
        if training.progress.step == training.budget:
            raise MemoryError  # nothing is saved after this
        run_hook(self, training, result)

    with monkeypatch.context() as patch:
        patch.setattr(Validate, "run", killed_at_the_end)
        with pytest.raises(MemoryError):
            fig(f"train {SHORT} --name cut")
    fig("train --resume cut")
    assert_same(run, runs / "cut")
    for tag in ("loss/train", "loss/val", "eval/loss"):
        assert curve(runs / "cut", tag) == curve(run, tag)


def test_newer_damaged_checkpoints_do_not_outlive_new_ones(run, fig):
    (run / "ckpt20" / "model.pth.tar").write_bytes(b"damaged")
    fig("train --resume run --budget 15 --checkpoint.keep 1")
    assert checkpoint_steps(run)[-1] == 15
    assert (run / "damaged-ckpt20").is_dir()
    fig("train --resume run --budget 16")


def test_the_best_is_kept_whenever_it_is_found(fig):
    keys = "--checkpoint.freq 8 --checkpoint.keep 1 --validation.freq 3 --model.optim.lr 0.02 --include-eval no"
    path = fig(with_keys(f"train {METHODS['ae']} {KEYS} --name best", keys))
    steps = checkpoint_steps(path)
    best = int(load_tensors(path / "ckpt40" / "training.pth.tar")["best"]["step"])
    assert set(steps) == {best, 40}
    losses = dict(curve(path, "loss/val"))
    assert min(losses, key=losses.get) == best


def test_a_checkpoint_that_was_being_replaced_is_put_back(run):
    os.rename(run / "ckpt20", run / ".ckpt20.123.gone")
    (run / ".ckpt20.123.tmp").mkdir()
    tidy_up(run)
    assert damage(run / "ckpt20") is None
    assert not list(run.glob(".ckpt*"))


def test_what_was_said_once_is_not_inherited(run, fig):
    text = (run / "config.yaml").read_text()
    fig("train --resume run --budget 21 --accept-changes yes --time-limit 5")
    text = (run / "config.yaml").read_text()
    assert "accept_changes" not in text and "time_limit" not in text and "resume" not in text
    (run / "config.yaml").write_text(text.replace("lr: 0.001", "lr: 0.002"))
    with pytest.raises(UserError, match="has been changed"):
        fig("train --resume run --budget 22")


def test_auto_ignores_what_does_not_make_another_experiment(run, fig):
    shutil.rmtree(run / "ckpt20")
    words = f"train {SHORT} --name run --resume auto"
    assert fig(with_keys(words, "--time-limit 5 --print.freq 7")) == run
    assert checkpoint_steps(run)[-1] == 20


def test_a_schedule_keeps_its_length(runs, fig):
    run = fig(
        with_keys(
            f"train hybrid scheduler a/conv12 m/ae d/vec {KEYS}", "--model.optim.lr.freq 2 --budget 10 --name run"
        )
    )
    before = load_tensors(run / "ckpt10" / "training.pth.tar")["optimiser"]
    assert "limit: 10" in (run / "config.yaml").read_text()
    fig("train --resume run --budget 12")
    assert before["param_groups"][0]["lr"] == pytest.approx(1e-4)  # the end of the schedule
    with pytest.raises(UserError, match="another experiment"):
        fig("train --resume run --budget 14 --model.optim.lr.freq 3")


def test_data_may_move(run, fig, tmp_path):
    from sae_src.commands.train import check_override
    from sae_src.run import load_run

    check_override(load_run(run).config, {"dataset": {"dataroot": str(tmp_path)}, "dataroot": str(tmp_path)})


@pytest.mark.slow
def test_pictures_leave_a_batch_norm_alone(fig, tmp_path, monkeypatch):
    monkeypatch.setenv("OMNILEARN_DATA_DIR", str(tmp_path))
    words = "train a/conv12 m/vae d/shapes --model.norm batch --model.channels 8 --dataset.batch-size 4 --budget 4"
    words += " --include-eval no --validation null --name-include-date no --device cpu"
    with_pictures, without = (fig(f"{words} --viz.freq {freq} --name v{freq}") for freq in (1, 100))
    one, other = (load_tensors(run / "ckpt4" / "model.pth.tar")["model"] for run in (with_pictures, without))
    assert any("running_mean" in name for name in one)
    assert all(torch.equal(one[name], other[name]) for name in one)


def test_a_refused_resume_changes_nothing(run, fig):
    (run / "config.yaml").write_text((run / "config.yaml").read_text().replace("lr: 0.001", "lr: 0.002"))
    shutil.rmtree(run / "ckpt20")
    before = {path: path.read_bytes() for path in run.rglob("*") if path.is_file() and path.name != ".lock"}
    with pytest.raises(UserError, match="has been changed"):
        fig("train --resume run")
    assert before == {path: path.read_bytes() for path in run.rglob("*") if path.is_file() and path.name != ".lock"}


def test_a_state_that_does_not_fit_changes_nothing(run, fig):
    (run / "ckpt20" / "model.pth.tar").write_bytes(b"damaged")
    state = load_tensors(run / "ckpt10" / "training.pth.tar")
    save_tensors(run / "ckpt10" / "training.pth.tar", {**state, "optimiser": 3})
    seal(run / "ckpt10")
    before = {path: path.read_bytes() for path in run.rglob("*") if path.is_file() and path.name != ".lock"}
    with pytest.raises(UserError, match="does not fit the config of the run"):
        fig("train --resume run")
    assert before == {path: path.read_bytes() for path in run.rglob("*") if path.is_file() and path.name != ".lock"}


@pytest.mark.parametrize("state", [{}, [1], {"made_by": {}}, {"step": 20}, 3])
def test_states_of_something_else(state, run, fig):
    save_tensors(run / "ckpt20" / "training.pth.tar", state)
    seal(run / "ckpt20")
    with pytest.raises(UserError, match="does not fit the config of the run"):
        fig("train --resume run --budget 25")


@pytest.mark.parametrize("part", ["optimiser", "order", "generators", "best"])
def test_parts_of_a_state_that_are_something_else(part, run, fig):
    state = load_tensors(run / "ckpt20" / "training.pth.tar")
    save_tensors(run / "ckpt20" / "training.pth.tar", {**state, part: 3})
    seal(run / "ckpt20")
    with pytest.raises(UserError):
        fig("train --resume run --budget 25")


def test_other_sizes_are_a_changed_config(run, fig):
    text = (run / "config.yaml").read_text()
    (run / "config.yaml").write_text(text.replace("latent_dim: 12", "latent_dim: 11"))
    with pytest.raises(UserError, match="has been changed"):
        fig("train --resume run --budget 25")
    with pytest.raises(UserError, match="does not fit the config of the run"):
        fig("train --resume run --budget 25 --accept-changes yes")


def test_a_compressed_checkpoint_is_refused(run, fig):
    path = run / "ckpt20" / "model.pth.tar"
    with zipfile.ZipFile(path) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    seal(run / "ckpt20")
    with pytest.raises(UserError, match="compressed"):
        fig("eval --load run --ident again")


def test_checksums_that_are_nested_too_deeply(run, fig, capsys):
    (run / "ckpt20" / CHECKSUMS).write_text("[" * 100_000)
    fig("eval --load run --ident again")
    assert "ckpt20 is damaged" in capsys.readouterr().err
    with pytest.raises(UserError, match="cannot be read"):
        read_json(run / "ckpt20" / CHECKSUMS)


@pytest.mark.parametrize("content", [b"- 1", b"3", b"\xff\xfe", b"a: [1"])
def test_a_damaged_info_file_is_named(content, run, fig):
    (run / "info.yaml").write_bytes(content)
    with pytest.raises(UserError, match=r"info\.yaml"):
        fig("train --resume run --budget 25")


def test_curves_that_are_none(run, fig):
    (run / "events.out.tfevents.0.folder").mkdir()
    (run / "events.out.tfevents.1.length").write_bytes((10**12).to_bytes(8, "little") + b"0123456789")
    fig("train --resume run --budget 22")
    assert checkpoint_steps(run)[-1] == 22
