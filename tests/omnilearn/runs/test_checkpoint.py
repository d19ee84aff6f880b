"""Checkpoints: whole or absent, damage is noticed in every file, and which ones are kept."""

import os

import pytest
import torch

from omnilearn.errors import UserError
from omnilearn.runs.checkpoint import (
    checkpoint_path,
    checkpoint_steps,
    damage,
    load_model_state,
    load_training_state,
    newest_undamaged,
    remove_checkpoints,
    save_checkpoint,
    set_aside_after,
    tidy_up,
)

FILES = ("model.pth.tar", "training.pth.tar")


def save(run, *steps):
    for step in steps:
        save_checkpoint(run, step, {"step": step, "model": {"w": torch.full((3,), step)}}, {"seed": step + 1})


def spoil(path):
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


def test_a_checkpoint_reads_back(tmp_path):
    save(tmp_path, 3, 20, 100)
    assert checkpoint_steps(tmp_path) == [3, 20, 100]
    path = checkpoint_path(tmp_path, 20)
    assert path.name == "ckpt20"
    assert load_model_state(path)["model"]["w"].tolist() == [20, 20, 20]
    assert load_training_state(path)["seed"] == 21
    assert damage(path) is None
    assert {each.name for each in tmp_path.iterdir()} == {"ckpt3", "ckpt20", "ckpt100"}


@pytest.mark.parametrize("name", FILES)
def test_damage_to_either_file_is_noticed(tmp_path, name):
    save(tmp_path, 1, 2)
    spoil(tmp_path / "ckpt1" / name)
    (tmp_path / "ckpt2" / name).unlink()
    assert damage(tmp_path / "ckpt1") is not None
    assert damage(tmp_path / "ckpt2") is not None


def test_a_step_that_is_saved_again_replaces_the_old_one(tmp_path):
    save(tmp_path, 5)
    save_checkpoint(tmp_path, 5, {"step": 5, "model": {}}, {"seed": 77})
    assert load_training_state(tmp_path / "ckpt5")["seed"] == 77
    assert [path.name for path in tmp_path.iterdir()] == ["ckpt5"]


@pytest.mark.parametrize(
    ("keep", "always", "left"),
    [(1, (), [40]), (2, (), [30, 40]), (1, {10, 20}, [10, 20, 40]), (2, {0, 40}, [30, 40]), (9, (), [10, 20, 30, 40])],
)
def test_old_checkpoints_are_removed_but_never_the_best(tmp_path, keep, always, left):
    save(tmp_path, 10, 20, 30, 40)
    remove_checkpoints(tmp_path, keep=keep, always=always)
    assert checkpoint_steps(tmp_path) == left
    assert len(list(tmp_path.iterdir())) == len(left)


def test_what_a_killed_process_left_is_put_right(tmp_path):
    save(tmp_path, 1, 2, 3)
    os.rename(tmp_path / "ckpt2", tmp_path / ".ckpt2.99.gone")  # whole, and nothing in its place: put back
    save(tmp_path, 4)
    os.rename(tmp_path / "ckpt4", tmp_path / ".ckpt3.99.gone")  # whole, but replaced: removed
    (tmp_path / ".ckpt5.99.tmp").mkdir()  # half written: removed
    tidy_up(tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == {"ckpt1", "ckpt2", "ckpt3"}
    assert load_model_state(tmp_path / "ckpt3")["step"] == 3


def test_later_checkpoints_are_set_aside(tmp_path):
    save(tmp_path, 1, 2, 3)
    (tmp_path / "damaged-ckpt3").mkdir()
    set_aside_after(tmp_path, 1)
    assert checkpoint_steps(tmp_path) == [1]
    assert {path.name for path in tmp_path.iterdir()} == {"ckpt1", "damaged-ckpt2", "damaged-ckpt3"}
    assert load_model_state(tmp_path / "damaged-ckpt3")["step"] == 3


def test_a_folder_that_cannot_be_written_leaves_no_part(tmp_path, monkeypatch):
    save(tmp_path, 1)

    def full(descriptor):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(UserError, match="No space left"):
        save(tmp_path, 2)
    assert [path.name for path in tmp_path.iterdir()] == ["ckpt1"]


@pytest.mark.parametrize("name", ["ckpt0020", "ckpt\u0662", "ckpt-1", "ckpt"])
def test_folders_of_other_names_are_no_checkpoints(name, tmp_path):
    (tmp_path / name).mkdir()
    assert checkpoint_steps(tmp_path) == [] and newest_undamaged(tmp_path) is None
