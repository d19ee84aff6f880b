"""What a run does not resume from, or only if told to: damage, another process, another torch, code in a checkpoint."""

import os
import shutil
import time
from pathlib import Path

import omnifig
import pytest
import torch
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from omnilearn.errors import UserError
from omnilearn.runs.checkpoint import checkpoint_steps, save_checkpoint
from omnilearn.tensor_files import load_tensors
from tests.command_lines import with_keys
from tests.omnilearn.training.test_resume import KEYS, METHODS, curve, finish, start


@pytest.fixture(scope="module")
def template(tmp_path_factory) -> Path:
    words = with_keys(f"train {METHODS['ae']} {KEYS}", "--budget 20 --name run --include-eval no")
    return omnifig.main([*words.split(), "--saveroot", str(tmp_path_factory.mktemp("template"))])


@pytest.fixture
def run(template, runs) -> Path:
    """A run of 20 steps with checkpoints at 9, 18 and 20."""
    return Path(shutil.copytree(template, runs / "run"))


@pytest.mark.parametrize("harm", ["truncate", "flip", "remove"])
def test_a_damaged_checkpoint_is_noticed(harm, run, fig, capsys):
    path = run / "ckpt20" / "model.pth.tar"
    if harm == "remove":
        path.unlink()
    else:
        data = bytearray(path.read_bytes())
        data[len(data) // 2] ^= 1
        path.write_bytes(data[: len(data) // 2] if harm == "truncate" else data)
    fig("train --resume run")
    message = capsys.readouterr()
    assert "ckpt20 is damaged" in message.err
    assert "resuming at step 18" in message.out
    assert checkpoint_steps(run) == [9, 18, 20]


def test_pictures_can_be_left_off_and_nothing_else_of_them_changed(run, fig):
    with pytest.raises(UserError, match=r"^--viz\.without would make this another experiment"):
        fig("train --resume run --viz.without [losses] --budget 22")
    fig("train --resume run --viz null --budget 22")
    assert "\nviz: null\n" in (run / "config.yaml").read_text()
    assert checkpoint_steps(run)[-1] == 22


def test_old_checkpoints_are_removed(fig):
    keys = "--checkpoint.freq 4 --checkpoint.keep 2 --name k --validation.freq 4"
    path = fig(with_keys(f"train {METHODS['ae']} {KEYS}", keys))
    best = int(load_tensors(path / "ckpt40" / "training.pth.tar")["best"]["step"])
    assert checkpoint_steps(path) == sorted({best, 36, 40})


def test_a_full_disk_keeps_the_last_checkpoint(run, monkeypatch):
    def full(state, file):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(torch, "save", full)
    with pytest.raises(UserError, match="No space left on device; free some space"):
        save_checkpoint(run, 21, {}, {})
    assert checkpoint_steps(run) == [9, 18, 20]
    assert not list(run.glob("*.tmp"))


def test_auto_finds_the_unfinished_run_of_the_same_config(run, fig, runs):
    shutil.rmtree(run / "ckpt20")
    words = with_keys(f"{METHODS['ae']} {KEYS}", "--budget 20 --name run --include-eval no --resume auto")
    assert fig(f"train {words}") == run
    assert fig(f"train {words}").name == "run_2"
    assert fig(f"train {words} --seed 1").name == "run_3"


def test_a_run_is_trained_by_one_process_at_a_time(run, fig):
    import fcntl

    with (run / ".lock").open("w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        with pytest.raises(UserError, match="another process"):
            fig("train --resume run --budget 30")


def test_a_changed_config_or_torch_needs_a_word(run, fig, monkeypatch):
    text = (run / "config.yaml").read_text()
    (run / "config.yaml").write_text(text.replace("lr: 0.001", "lr: 0.002"))
    with pytest.raises(UserError, match=r"config.yaml of this run has been changed.*--accept-changes yes"):
        fig("train --resume run --budget 21")
    (run / "config.yaml").write_text(text)
    monkeypatch.setattr(torch, "__version__", "9.9")
    with pytest.raises(UserError, match=r"torch of this run was .* and is 9.9"):
        fig("train --resume run --budget 21")
    fig("train --resume run --budget 21 --accept-changes yes")
    assert checkpoint_steps(run)[-1] == 21


@pytest.mark.slow
def test_two_runs_that_start_together_do_not_share_a_folder(runs):
    words = with_keys(f"{METHODS['ae']} {KEYS}", "--budget 2 --name same --include-eval no --validation null")
    processes = [start(words) for _ in range(3)]
    assert [finish(process)[0] for process in processes] == [0, 0, 0]
    assert sorted(path.name for path in runs.iterdir()) == ["same", "same_2", "same_3"]
    for path in runs.iterdir():
        assert checkpoint_steps(path) == [2]


class Exploit:
    """Pickles into a command that makes a file."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self):
        return os.system, (f"touch {self.path}",)


@pytest.mark.parametrize("name", ["model.pth.tar", "training.pth.tar"])
def test_a_checkpoint_cannot_run_code(name, run, tmp_path, fig):
    target = tmp_path / "executed"
    torch.save({"model": Exploit(target)}, run / "ckpt20" / name)
    from omnilearn.files import checksum, write_json

    sums = {file: checksum(run / "ckpt20" / file) for file in ("model.pth.tar", "training.pth.tar")}
    write_json(run / "ckpt20" / "checksums.json", sums)
    with pytest.raises(UserError, match="more than tensors and plain data"):
        fig("train --resume run --budget 30")
    assert not target.exists()


def test_events_of_a_torn_file_are_cut_back(run, fig):
    shutil.rmtree(run / "ckpt20")
    events = max(run.glob("events.*"))
    events.write_bytes(events.read_bytes()[:-7])
    time.sleep(0.01)
    fig("train --resume run")
    steps = [step for step, _ in curve(run, "loss/train")]
    assert steps == [3, 6, 9, 12, 15, 18, 20]
    accumulator = EventAccumulator(str(run))
    accumulator.Reload()
    assert [event.step for event in accumulator.Scalars("loss/train")] == steps
    assert omnifig.get_current_project().name == "sae"
