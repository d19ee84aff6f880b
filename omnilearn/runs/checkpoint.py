"""Checkpoints: folders `ckpt{step}` that are whole or absent, and known to be undamaged when they are read."""

import os
import re
import shutil
import sys
from pathlib import Path
from typing import Any

import torch

from omnilearn.errors import UserError, first_line
from omnilearn.files import cannot_write, checksum, load_tensors, read_json, write_json

MODEL = "model.pth.tar"
TRAINING = "training.pth.tar"
CHECKSUMS = "checksums.json"
_NAME = re.compile(r"ckpt(\d+)")


def checkpoint_steps(run: Path) -> list[int]:
    """The steps of the checkpoints in a run folder, in ascending order."""
    matches = (_NAME.fullmatch(path.name) for path in run.iterdir() if path.is_dir())
    return sorted(int(match[1]) for match in matches if match)


def checkpoint_path(run: Path, step: int) -> Path:
    """Where the checkpoint of a step lies."""
    return run / f"ckpt{step}"


def save_checkpoint(run: Path, step: int, model: dict[str, Any], training: dict[str, Any]) -> Path:
    """Write the checkpoint of a step: all of it beside its place and flushed to the disk, then moved there at once.

    Args:
        run: the folder of the run.
        step: training steps done.
        model: what is needed to use the model.
        training: what else is needed to continue training.

    Raises:
        UserError: where the disk refuses; earlier checkpoints stay as they are.
    """
    target = checkpoint_path(run, step)
    temporary = run / f".{target.name}.{os.getpid()}.tmp"
    try:
        shutil.rmtree(temporary, ignore_errors=True)
        temporary.mkdir()
        for name, state in ((MODEL, model), (TRAINING, training)):
            with (temporary / name).open("wb") as file:
                torch.save(state, file)
                file.flush()
                os.fsync(file.fileno())
        write_json(temporary / CHECKSUMS, {name: checksum(temporary / name) for name in (MODEL, TRAINING)})
        if target.exists():  # of an earlier attempt at this step
            gone = run / f".{target.name}.{os.getpid()}.gone"
            os.rename(target, gone)
            os.rename(temporary, target)
            shutil.rmtree(gone, ignore_errors=True)
        else:
            os.rename(temporary, target)
        _flush_folder(run)
    except OSError as error:
        shutil.rmtree(temporary, ignore_errors=True)
        raise cannot_write(target, error) from error
    except RuntimeError as error:  # torch's own writer turns a full disk into one
        shutil.rmtree(temporary, ignore_errors=True)
        raise UserError(f"{target}: cannot be written: {first_line(error)}; free some space") from error
    return target


def remove_checkpoints(run: Path, *, keep: int, always: int | None = None) -> None:
    """Remove all but the newest `keep` checkpoints of a run, and never the one of the step `always`."""
    for step in checkpoint_steps(run)[:-keep]:
        if step != always:
            path = checkpoint_path(run, step)
            gone = run / f".{path.name}.{os.getpid()}.gone"
            os.rename(path, gone)  # first out of sight: what is half removed is no checkpoint
            shutil.rmtree(gone, ignore_errors=True)


def tidy_up(run: Path) -> None:
    """Put right what a process that was killed while saving or removing a checkpoint left behind.

    A process that replaces a checkpoint has both out of sight for a moment: one that is whole is put back.
    """
    for pattern in (".ckpt*.tmp", ".ckpt*.gone"):
        for path in run.glob(pattern):
            target = run / path.name.split(".")[1]
            if not target.exists() and damage(path) is None:
                os.rename(path, target)
            else:
                shutil.rmtree(path, ignore_errors=True)


def set_aside_after(run: Path, step: int) -> None:
    """Rename the checkpoints after a step: they are damaged, and what is trained from there on must not seem older."""
    for later in checkpoint_steps(run):
        if later > step:
            aside = run / f"damaged-{checkpoint_path(run, later).name}"
            shutil.rmtree(aside, ignore_errors=True)
            os.rename(checkpoint_path(run, later), aside)


def load_model_state(checkpoint: Path) -> dict[str, Any]:
    """What `save_checkpoint` got as `model`; `UserError` where it is damaged."""
    return load_tensors(checkpoint / MODEL)


def load_training_state(checkpoint: Path) -> dict[str, Any]:
    """What `save_checkpoint` got as `training`; `UserError` where it is damaged."""
    return load_tensors(checkpoint / TRAINING)


def newest_undamaged(run: Path) -> int | None:
    """The step of the newest checkpoint that is as it was written; None where there is none at all.

    Says on stderr which newer ones are damaged. Raises `UserError` where all of them are.
    """
    steps = checkpoint_steps(run)
    for step in reversed(steps):
        problem = damage(checkpoint_path(run, step))
        if problem is None:
            return step
        name = checkpoint_path(run, step).name
        print(f"warning: {name} is damaged ({problem}); trying an older one", file=sys.stderr)
    if steps:
        raise UserError(f"{run}: every checkpoint is damaged")
    return None


def damage(checkpoint: Path) -> str | None:
    """What is wrong with a checkpoint, or None where every file is as it was written."""
    try:
        checksums = read_json(checkpoint / CHECKSUMS)
        for name in (MODEL, TRAINING):
            if checksums[name] != checksum(checkpoint / name):
                return f"{checkpoint / name} has changed since it was written"
    except (UserError, OSError, KeyError, TypeError) as error:
        return str(error)
    return None


def _flush_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
