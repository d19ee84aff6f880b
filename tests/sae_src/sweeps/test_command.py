"""`fig sweep` in processes of its own: skipped, resumed, failed, stopped, killed, and two at once."""

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch

from omnilearn.runs.info import read_info
from omnilearn.runs.stored_config import read_stored_config
from omnilearn.tensor_files import load_tensors
from tests.conftest import ROOT

pytestmark = pytest.mark.slow
KEYS = "budget: 30, checkpoint.freq: 5, viz: null, validation: null, records: null, device: cpu"
TEXT = """
sweep:
  models:
    SAE-4: hybrid a/e/conv12 a/d/strc/4 m/ae
    AE: hybrid a/conv12 m/ae
  data: d/vec --dataset.num-samples 600
  seed: [0]
  keys: {%s}
  then: [eval --mode test]
"""


@pytest.fixture
def sweep(tmp_path):
    """Start `fig sweep` on a small sweep, with more words; returns the process."""
    path = tmp_path / "small.yaml"
    path.write_text(TEXT % KEYS)

    def start(*words: str) -> subprocess.Popen:
        command = [sys.executable, str(ROOT / "main.py"), "sweep", str(path), "--workers", "2", *words]
        return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

    start.path = path
    return start


def ended(process: subprocess.Popen) -> tuple[int, str, str]:
    out, err = process.communicate(timeout=600)
    return process.returncode, out, err


def weights(run: Path) -> dict[str, torch.Tensor]:
    return load_tensors(run / "ckpt30" / "model.pth.tar")["model"]


def folders(root: Path) -> dict[tuple[str, int], Path]:
    """The folder of each run by its model's name and seed; fails where a run is there twice."""
    found: dict[tuple[str, int], Path] = {}
    for config in root.glob("*/config.yaml"):
        stored = read_stored_config(config.parent)
        key = stored["labels"]["model"], stored["seed"]
        assert key not in found
        found[key] = config.parent
    return found


def checkpoints(root: Path) -> int:
    return len(list(root.glob("*/ckpt*")))


def same_weights(one: Path, other: Path) -> bool:
    mine, theirs = weights(one), weights(other)
    return mine.keys() == theirs.keys() and all(torch.equal(value, theirs[name]) for name, value in mine.items())


def test_skipping_making_again_adding_failing_and_stopping(sweep, runs):
    process = sweep()
    while not list(runs.glob("*/ckpt5")):
        time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    code, out, err = ended(process)
    assert code == 4
    assert "to go on: python" in err and "sweep" in err
    assert "interrupted in" in out
    first = sweep(), sweep()
    for process in first:
        code, out, err = ended(process)
        assert (code, err) == (0, ""), out
        assert "2 runs: 2 done, 0 left" in out
    made = folders(runs)
    assert set(made) == {("SAE-4", 0), ("AE", 0)}
    assert all(read_info(run)["sweep"] == "small" for run in made.values())
    assert all((run / "test_results.json").is_file() for run in made.values())
    shutil.rmtree(made["AE", 0])
    (made["SAE-4", 0] / "test_results.json").unlink()
    sweep.path.write_text(
        (TEXT % KEYS).replace("    AE:", "    bad: hybrid a/conv12 m/ae --model.optim.lr 1e30\n    AE:")
    )
    code, out, err = ended(sweep())
    assert code == 2
    assert "1 of 3 runs failed" in err
    assert "not finite at step" in out or "failed in train" in out
    again = folders(runs)
    assert made["SAE-4", 0] == again["SAE-4", 0]
    assert made["AE", 0] != again["AE", 0]
    code, out, err = ended(sweep())
    assert "failed before" in out
    assert folders(runs) == again


def test_killed_again_and_again(sweep, runs, tmp_path):
    code, out, err = ended(sweep())
    assert (code, err) == (0, ""), out
    whole = tmp_path / "whole"
    runs.rename(whole)
    wanted = folders(whole)
    for kill_children, after in ((False, 3), (True, 5)):
        process, before = sweep(), checkpoints(runs)
        while checkpoints(runs) - before < after and process.poll() is None:
            time.sleep(0.05)
        children = subprocess.run(["pgrep", "-P", str(process.pid)], capture_output=True, text=True, check=False).stdout
        for number in children.split() if kill_children else ():
            os.kill(int(number), signal.SIGKILL)
        process.kill()
        process.communicate(timeout=60)
    code, out, err = ended(sweep())
    assert code == 0, out + err
    made = folders(runs)
    assert set(made) == set(wanted)
    assert all(same_weights(made[key], wanted[key]) for key in wanted)
