"""A run that is killed, at any moment and any number of times, resumes to the same bits."""

import itertools
import json
import re
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from tensorboard.backend.event_processing.event_file_loader import EventFileLoader

from omnilearn.runs.checkpoint import checkpoint_steps
from omnilearn.tensor_files import load_tensors
from omnilearn.training.interruption import STOPPED, Interruption, Stop
from tests.command_lines import with_keys
from tests.conftest import ROOT

# 900 observations for training: an epoch is 7 steps, so every kill lies in another epoch.
KEYS = (
    "--dataset.num-samples 1000 --budget 40 --checkpoint.freq 9 --validation.freq 15 --viz.freq 17 --records.freq 3 "
    "--print.freq 1 --viz-traversals no --name-include-date no --device cpu --threads 1"
)
METHODS = {
    "ae": "hybrid a/conv12 m/ae d/vec",
    "sae": "hybrid scheduler a/e/conv12 a/d/strc/6 m/ae d/vec --model.optim.lr.freq 4",
    "vae": "hybrid a/conv12 m/vae d/vec",
    "wae": "hybrid a/conv12 m/wae d/vec",
    "swae": "hybrid a/conv12 m/swae d/vec",
    "vlae": "hybrid a/ladder/6 m/vae d/vec",
    "averaged": "averaged hybrid a/conv12 m/ae d/vec",
}


def final_state(run: Path):
    """The weights, the optimiser and the scores at the end."""
    step = checkpoint_steps(run)[-1]
    model = load_tensors(run / f"ckpt{step}" / "model.pth.tar")["model"]
    training = load_tensors(run / f"ckpt{step}" / "training.pth.tar")
    return model, training, json.loads((run / "eval.json").read_text())["scores"]


def assert_same(one: Path, other: Path) -> None:
    (model, training, scores), (model2, training2, scores2) = final_state(one), final_state(other)
    assert model.keys() == model2.keys()
    assert all(torch.equal(model[name], model2[name]) for name in model)
    for key in ("step", "best", "order"):
        assert training[key] == training2[key]
    trained, trained2 = (state.get("trained_weights", {}) for state in (training, training2))
    assert trained.keys() == trained2.keys()
    assert all(torch.equal(trained[name], trained2[name]) for name in trained)
    for number, state in training["optimiser"]["state"].items():
        other_state = training2["optimiser"]["state"][number]
        assert all(torch.equal(torch.as_tensor(v), torch.as_tensor(other_state[k])) for k, v in state.items())
    assert torch.equal(training["generators"]["torch"], training2["generators"]["torch"])
    assert scores == scores2


def curve(run: Path, tag: str) -> list[tuple[int, float]]:
    """The points of a curve over all event files, doubled ones included."""
    points = []
    for path in sorted(run.glob("events.*")):
        for event in EventFileLoader(str(path)).Load():
            points += [(event.step, value.tensor.float_val[0]) for value in event.summary.value if value.tag == tag]
    return points


def start(words: str, **settings) -> subprocess.Popen:
    command = [sys.executable, str(ROOT / "main.py"), "train", *words.split()]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **settings)


def finish(process: subprocess.Popen) -> tuple[int, str, str]:
    """Exit code, output and errors of a process, once it has ended; one that does not is killed."""
    try:
        output, errors = process.communicate(timeout=180)
    finally:
        process.kill()
    return process.returncode, output, errors


def hear() -> None:
    """Take notice of SIGHUP and SIGINT, also where the tests run under nohup or in the background."""
    for number in (signal.SIGHUP, signal.SIGINT):
        signal.signal(number, signal.SIG_DFL)


def kill_at(words: str, step: int, number: int = signal.SIGKILL) -> tuple[int, str, str]:
    """Start a training process and send it a signal once it says that it has done `step` steps."""
    process = start(words, preexec_fn=hear)
    for line in process.stdout:
        match = re.search(r"step (\d+)/", line)
        if match and int(match[1]) >= step:
            process.send_signal(number)
            break
    return finish(process)


@pytest.mark.slow
@pytest.mark.parametrize("method", ["sae", "vlae"])
def test_killed_processes_resume_to_the_same_bits(method, runs):
    whole = start(f"{METHODS[method]} {KEYS} --name whole")
    code, _, _ = kill_at(f"{METHODS[method]} {KEYS} --name killed", 4)  # before the first checkpoint
    assert code == -signal.SIGKILL
    for step in (12, 38) if method == "sae" else (12,):
        kill_at("--resume killed", step)
    code, output, errors = finish(start("--resume killed"))
    assert code == 0, errors
    assert "Completed killed: 40 steps" in output
    assert finish(whole)[0] == 0
    assert_same(runs / "whole", runs / "killed")
    for tag in ("loss/train", "loss/val", "eval/loss"):
        assert curve(runs / "killed", tag) == curve(runs / "whole", tag)
    assert len(curve(runs / "killed", "loss/train")) == 14


@pytest.mark.parametrize(
    "method",
    [name if name == "vae" else pytest.param(name, marks=pytest.mark.slow) for name in METHODS],
)
def test_a_resumed_run_ends_with_the_same_bits(method, runs, fig):
    whole = fig(f"train {METHODS[method]} {KEYS} --name whole")
    part = fig(f"train {METHODS[method]} {KEYS} --name part --include-eval no --validation.mode val")
    shutil.rmtree(part / "ckpt40")
    shutil.rmtree(part / "ckpt36")
    fig("train --resume part --include-eval yes")
    assert_same(whole, part)


@pytest.mark.slow
def test_a_run_on_images_resumes_to_the_same_bits(runs, fig, shapes_root):
    words = (
        f"hybrid a/e/conv12 a/d/strc/4 m/vae d/shapes --dataroot {shapes_root} --model.channels 8 "
        "--dataset.batch-size 4 --budget 12 --checkpoint.freq 5 --validation.freq 4 --validation.step-limit 1 "
        "--evaluation.step-limit 1 --seed 1 --viz.freq 3 --viz-traversals no --records.freq 1 --name-include-date no "
        "--device cpu --threads 1"
    )
    whole = start(f"{words} --name whole --print.freq 1")
    code, _, _ = kill_at(f"{words} --name killed --print.freq 1", 7)
    assert code == -signal.SIGKILL
    assert checkpoint_steps(runs / "killed") == [5]
    fig("train --resume killed")
    assert finish(whole)[0] == 0
    assert_same(runs / "whole", runs / "killed")
    assert curve(runs / "killed", "loss/train") == curve(runs / "whole", "loss/train")


@pytest.mark.slow
def test_killed_inside_a_save(runs):
    code = """
import os, signal, sys, omnifig, pathlib
root = pathlib.Path(sys.argv[1]); sys.path.insert(0, str(root)); omnifig.switch_project(root)
from omnilearn.runs import checkpoint
count, real = 0, checkpoint.tensor_bytes
def tensor_bytes(state):
    global count
    count += 1
    if count < 4:
        return real(state)
    os.fsync = lambda handle: os.kill(os.getpid(), signal.SIGKILL)
    return b'torn'  # the second file of the second checkpoint
checkpoint.tensor_bytes = tensor_bytes
omnifig.main(sys.argv[2:])
"""
    whole = start(f"{METHODS['ae']} {KEYS} --name whole")
    words = f"train {METHODS['ae']} {KEYS} --name torn".split()
    torn = subprocess.run([sys.executable, "-c", code, str(ROOT), *words], capture_output=True, check=False)
    assert torn.returncode == -signal.SIGKILL
    assert checkpoint_steps(runs / "torn") == [9]
    assert list((runs / "torn").glob(".ckpt*.tmp"))
    assert finish(start("--resume torn"))[0] == 0
    assert not list((runs / "torn").glob(".ckpt*"))
    assert finish(whole)[0] == 0
    assert_same(runs / "whole", runs / "torn")


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGUSR1, signal.SIGINT])
def test_signals_save_and_exit_with_a_code_of_their_own(number, runs):
    code, _, errors = kill_at(with_keys(f"{METHODS['ae']} {KEYS}", "--budget 100000 --name s"), 5, number)
    assert code == 4
    assert errors.startswith(f"stopped by {number.name}\nto go on: ")
    assert checkpoint_steps(runs / "s")[-1] >= 5


# There is one question after each step and before each batch of a validation: 15 is in the validation after step 15, 42
# in that of the last step, 44 in the evaluation, where that is a pass of its own.
@pytest.mark.slow
@pytest.mark.parametrize(
    ("question", "words"), [(15, ""), (42, ""), (44, "--validation.step-limit 1"), (44, "--evaluation.mode test")]
)
def test_a_pass_that_is_cut_short_is_made_again(question, words, runs, fig, monkeypatch):
    command = f"train {METHODS['vae']} {KEYS} {words}"
    whole = fig(f"{command} --name whole")
    asked = itertools.count(1)
    with monkeypatch.context() as patch:
        patch.setattr(Interruption, "reason", lambda self: Stop(STOPPED, "-") if next(asked) == question else None)
        with pytest.raises(Stop) as stop:
            fig(f"{command} --name cut")
    assert stop.value.code == 4
    cut = fig("train --resume cut")
    assert_same(whole, cut)
    for tag in ("loss/train", "loss/val", "eval/loss"):
        assert curve(cut, tag) == curve(whole, tag)


@pytest.mark.slow
def test_a_time_limit_saves_and_exits_with_3(runs):
    code, _, errors = finish(
        start(with_keys(f"{METHODS['ae']} {KEYS}", "--budget 100000 --name t --time-limit 0.0003"))
    )
    assert (code, "time limit" in errors) == (3, True)
    assert checkpoint_steps(runs / "t")


@pytest.mark.slow
def test_a_loss_that_is_no_number_stops_before_the_weights(runs):
    keys = "--name n --model.optim.lr 1e30 --checkpoint.freq 1 --validation null"
    words = with_keys(f"{METHODS['vae']} {KEYS}", keys)
    code, _, errors = finish(start(words))
    assert code == 5
    assert re.match(r"(rec_loss|reg_loss|rec_loss and reg_loss) not finite at step \d+|the parameter", errors)
    for step in checkpoint_steps(runs / "n"):
        state = load_tensors(runs / "n" / f"ckpt{step}" / "model.pth.tar")["model"]
        assert all(value.isfinite().all() for value in state.values())
