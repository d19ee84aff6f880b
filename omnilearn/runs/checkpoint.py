"""Checkpoints: folders `ckpt{step}` that are whole or absent, and known to be undamaged when they are read."""

import hashlib
import json
import os
import re
import shutil
import sys
from collections.abc import Collection, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, BinaryIO

from omnilearn.errors import UserError
from omnilearn.files import (
    cannot_write,
    checksum_of,
    is_own_folder,
    not_regular,
    open_regular,
    remove_leftovers,
    write_json,
)
from omnilearn.tensor_files import tensor_bytes, tensors_in

MODEL = "model.pth.tar"
TRAINING = "training.pth.tar"
CHECKSUMS = "checksums.json"
_NAME = re.compile(r"ckpt(0|[1-9][0-9]*)")
_MOST_CHECKSUMS, _LARGE = 2**16, 2**30  # bytes


def checkpoint_steps(run: Path) -> list[int]:
    """The steps of the checkpoints in a run folder, in ascending order."""
    matches = (_NAME.fullmatch(path.name) for path in run.iterdir() if is_own_folder(path))
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
        _remove(temporary)
        temporary.mkdir()
        checksums = {}
        for name, state in ((MODEL, model), (TRAINING, training)):
            content = tensor_bytes(state)
            with (temporary / name).open("xb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            checksums[name] = hashlib.sha256(content).hexdigest()
        write_json(temporary / CHECKSUMS, checksums)
        if os.path.lexists(target):  # of an earlier attempt at this step
            gone = run / f".{target.name}.{os.getpid()}.gone"
            os.rename(target, gone)
            os.rename(temporary, target)
            _remove(gone)
        else:
            os.rename(temporary, target)
        _flush_folder(run)
    except OSError as error:
        raise cannot_write(target, error) from error
    finally:
        _remove(temporary)
    return target


def remove_checkpoints(run: Path, *, keep: int, always: Collection[int] = ()) -> None:
    """Remove all but the newest `keep` checkpoints of a run, and never those of the steps `always`."""
    for step in checkpoint_steps(run)[:-keep]:
        if step not in always:
            path = checkpoint_path(run, step)
            gone = run / f".{path.name}.{os.getpid()}.gone"
            os.rename(path, gone)  # first out of sight: what is half removed is no checkpoint
            _remove(gone)


def tidy_up(run: Path) -> None:
    """Put right what processes that were killed while they wrote into a run left behind; for its sole writer.

    A process that replaces a checkpoint has both out of sight for a moment: one that is whole is put back.
    """
    for folder in (run, run / "figures"):
        if is_own_folder(folder) or folder == run:
            remove_leftovers(folder)
    for pattern in (".ckpt*.tmp", ".ckpt*.gone"):
        for path in run.glob(pattern):
            target = run / path.name.split(".")[1]
            if not os.path.lexists(target) and damage(path) is None:
                os.rename(path, target)
            else:
                _remove(path)


def set_aside_after(run: Path, step: int) -> None:
    """Rename the checkpoints after a step: they are damaged, and what is trained from there on must not seem older."""
    for later in checkpoint_steps(run):
        if later > step:
            aside = run / f"damaged-{checkpoint_path(run, later).name}"
            _remove(aside)
            os.rename(checkpoint_path(run, later), aside)


def load_model_state(checkpoint: Path) -> dict[str, Any]:
    """What `save_checkpoint` got as `model`; `UserError` where it is damaged."""
    return _load(checkpoint, MODEL)


def load_training_state(checkpoint: Path) -> dict[str, Any]:
    """What `save_checkpoint` got as `training`; `UserError` where it is damaged."""
    return _load(checkpoint, TRAINING)


def newest_undamaged(run: Path) -> tuple[int, dict[str, Any]] | None:
    """The step of the newest checkpoint that is as it was written, and its model; None where there is none at all.

    Checkpoints may be written and removed meanwhile. Says on stderr which newer ones are damaged. Raises `UserError`
    where all of them are.
    """
    told: set[int] = set()
    while True:
        steps = checkpoint_steps(run)
        for step in reversed(steps):
            path = checkpoint_path(run, step)
            try:
                with _opened(path) as files:
                    problem = _what_changed(path, files)
                    if problem is None:
                        return step, tensors_in(files[MODEL], path / MODEL)
            except _Unreadable as error:
                problem = str(error)
            if not path.exists():
                break  # removed while it was read: there is a newer one by now
            if step not in told:
                print(f"warning: {path.name} is damaged ({problem}); trying an older one", file=sys.stderr)
                told.add(step)
        else:
            if steps:
                raise UserError(f"{run}: every checkpoint is damaged")
            return None


def undamaged_model(checkpoint: Path) -> dict[str, Any]:
    """The model of a checkpoint of which every file is as it was written; `UserError` says what is wrong with it."""
    with _opened(checkpoint) as files:
        problem = _what_changed(checkpoint, files)
        if problem is not None:
            raise UserError(problem)
        return tensors_in(files[MODEL], checkpoint / MODEL)


def damage(checkpoint: Path) -> str | None:
    """What is wrong with a checkpoint, or None where every file is as it was written."""
    try:
        with _opened(checkpoint) as files:
            return _what_changed(checkpoint, files)
    except _Unreadable as error:
        return str(error)


class _Unreadable(UserError):
    """A file of a checkpoint is missing, or not a regular file in its folder."""


@contextmanager
def _opened(checkpoint: Path, *names: str) -> Iterator[dict[str, BinaryIO]]:
    """Files of a checkpoint (default: all), every one opened before one is read: then they may be removed meanwhile.

    Raises `_Unreadable`.
    """
    files: dict[str, BinaryIO] = {}
    path = checkpoint
    with ExitStack() as stack:
        try:
            if os.path.lexists(checkpoint) and not is_own_folder(checkpoint):
                raise not_regular(checkpoint)
            folder = os.open(checkpoint, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
            stack.callback(os.close, folder)
            for name in names or (MODEL, TRAINING, CHECKSUMS):
                path = checkpoint / name
                files[name] = stack.enter_context(open_regular(path, inside=folder))
        except UserError as error:
            raise _Unreadable(str(error)) from None
        except OSError as error:
            raise _Unreadable(f"{path}: cannot be read: {error.strerror or error}") from error
        yield files


def _what_changed(checkpoint: Path, files: dict[str, BinaryIO]) -> str | None:
    """Which file does not have the checksum that was noted when it was written; None where all have."""
    try:
        if any(_has_holes(file) for file in files.values()):
            return f"{checkpoint}: has files that claim more than they hold"
        checksums = json.loads(files[CHECKSUMS].read(_MOST_CHECKSUMS))
        for name in (MODEL, TRAINING):
            if checksums[name] != checksum_of(files[name]):
                return f"{checkpoint / name} has changed since it was written"
    except (OSError, ValueError, RecursionError, KeyError, TypeError) as error:
        return f"{checkpoint / CHECKSUMS}: cannot be read: {error}"
    return None


def _has_holes(file: BinaryIO) -> bool:
    """Whether most of a large file is not on the disk: one from a stranger may claim any size."""
    status = os.fstat(file.fileno())
    return status.st_size > _LARGE and status.st_blocks * 512 < status.st_size // 100


def _load(checkpoint: Path, name: str) -> dict[str, Any]:
    with _opened(checkpoint, name) as files:
        return tensors_in(files[name], checkpoint / name)


def _remove(path: Path) -> None:
    """Remove a folder or, where something else has its name, that."""
    if is_own_folder(path):
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)


def _flush_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
