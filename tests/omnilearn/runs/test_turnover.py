"""Reading a run whose checkpoints are written and removed all the time: the newest that can be read whole is read."""

import shutil
import subprocess
import sys
import time

import omnifig
import pytest
import torch

import sae_src as sae
from omnilearn.errors import UserError
from omnilearn.runs.checkpoint import checkpoint_steps, newest_undamaged, remove_checkpoints, save_checkpoint
from tests.conftest import ROOT

TURN_OVER = """
import itertools, sys; sys.path.insert(0, sys.argv[1])
from pathlib import Path
from omnilearn.runs.checkpoint import load_model_state, load_training_state, remove_checkpoints, save_checkpoint
run, first = Path(sys.argv[2]), int(sys.argv[3])
model, training = (load(run / f"ckpt{first}") for load in (load_model_state, load_training_state))
for step in itertools.count(first + 1):
    save_checkpoint(run, step, {**model, "step": step}, training)
    remove_checkpoints(run, keep=1)
"""


@pytest.fixture
def run(tmp_path):
    words = (
        f"train a/conv12 m/ae d/vec --dataset.num-samples 300 --budget 2 --viz null --device cpu --saveroot {tmp_path}"
    )
    return omnifig.main([*words.split(), "--name", "busy", "--name-include-date", "no"])


@pytest.mark.slow
def test_while_checkpoints_turn_over(run):
    process = subprocess.Popen([sys.executable, "-c", TURN_OVER, str(ROOT), str(run), "2"])
    try:
        deadline = time.monotonic() + 60
        while checkpoint_steps(run)[-1:] in ([], [2]) and time.monotonic() < deadline:
            time.sleep(0.01)
        seen = []
        for _ in range(60):
            found = sae.load_run(run)
            seen.append(found.step)
            assert found.model.encode(torch.zeros(1, 100)).shape == (1, 12)
            assert found.state["step"] == found.step
        assert process.poll() is None
    finally:
        process.kill()
        process.wait()
    assert seen == sorted(seen) and len(set(seen)) > 5


def test_a_checkpoint_that_goes_while_it_is_read(tmp_path, monkeypatch, capsys):
    from omnilearn.runs import checkpoint

    for step in (1, 2):
        save_checkpoint(tmp_path, step, {"a": step}, {})
    look = checkpoint.checkpoint_steps

    def gone_after_the_look(run):
        steps = look(run)
        if 2 in steps:
            monkeypatch.setattr(checkpoint, "checkpoint_steps", look)
            save_checkpoint(tmp_path, 3, {"a": 3}, {})
            remove_checkpoints(tmp_path, keep=1)
        return steps

    monkeypatch.setattr(checkpoint, "checkpoint_steps", gone_after_the_look)
    found = newest_undamaged(tmp_path)
    assert found == (3, {"a": 3})
    assert capsys.readouterr().err == ""


def test_all_of_them_damaged_is_an_end(tmp_path, capsys):
    for step in (1, 2):
        save_checkpoint(tmp_path, step, {"a": step}, {})
        (tmp_path / f"ckpt{step}" / "model.pth.tar").write_bytes(b"torn")
    with pytest.raises(UserError, match="every checkpoint is damaged"):
        newest_undamaged(tmp_path)
    assert capsys.readouterr().err.count("is damaged") == 2
    shutil.rmtree(tmp_path / "ckpt1")
    shutil.rmtree(tmp_path / "ckpt2")
    assert newest_undamaged(tmp_path) is None
