"""The runs of a sweep in one file, to be gone on with on another machine."""

import os
import re
import shutil
import tarfile
from collections.abc import Collection, Iterator, Sequence
from pathlib import Path
from typing import BinaryIO

from omnilearn.config.yaml_text import is_plain_text
from omnilearn.data.storage.made_up import READ_ERRORS
from omnilearn.errors import UserError
from omnilearn.files import (
    cannot_write,
    check_can_be_named,
    is_own_folder,
    is_regular,
    open_regular,
    remove_leftovers,
    replacing,
)
from omnilearn.locks import is_being_trained, sole_writer
from omnilearn.runs.checkpoint import checkpoint_path, checkpoint_steps
from omnilearn.runs.folder import CONFIG, INFO, remove_abandoned
from omnilearn.runs.identity import identity
from omnilearn.runs.stored_config import glance_at_config
from sae_src.sweeps.existing import FOLDER, ExistingRuns, is_trained, steps_saved
from sae_src.sweeps.plan import Job

_NAME = re.compile(r"[^./][^/]*/(?:ckpt\d+/)?[^./][^/]*")
_KEPT = re.compile(r".*\.json|.*\.pth\.tar|events\.out\.tfevents\..*", re.DOTALL)


def pack(jobs: Sequence[Job], existing: ExistingRuns, path: Path) -> int:
    """Write what there is of the runs of a sweep, each with its newest checkpoint, into a tar file; returns how many.

    Raises `UserError` where one of them is being trained, or there is none.
    """
    runs = [run for job in jobs if (run := existing.find(job.identity)) is not None]
    for run in runs:
        if is_being_trained(run):
            raise UserError(f"{run} is being trained: stop it before packing")
    if not runs:
        raise UserError("there is nothing to pack: no run of this sweep has begun")
    check_can_be_named(path)
    remove_leftovers(path.parent, path.name)
    with replacing(path) as temporary, tarfile.open(temporary, "w") as archive:
        for run in runs:
            for file in _files(run):
                archive.add(file, f"{run.name}/{file.relative_to(run).as_posix()}", recursive=False)
    return len(runs)


def unpack(path: Path, existing: ExistingRuns) -> list[str]:
    """Put the runs of a packed file beside those that there are; returns their names.

    A run that is here, as far or further, is left out; nothing that is here changes. Raises `UserError` for a file that
    was not packed by `pack`.
    """
    root = existing.root
    temporary = root / f".unpacking.{os.getpid()}.tmp"
    try:
        file = open_regular(path, follow_links=True)
    except FileNotFoundError:
        raise UserError(f"{path}: there is no such file") from None
    except OSError as error:
        raise UserError(f"{path}: cannot be read: {error.strerror or error}") from error
    try:
        with file:
            root.mkdir(parents=True, exist_ok=True)
            remove_abandoned(root, ".unpacking.*.tmp")
            temporary.mkdir()
            with sole_writer(temporary):
                _extract(file, path, temporary)
                found = sorted(run for run in temporary.iterdir() if is_own_folder(run))
                wanted = [run for run in found if not _is_here(run, existing, path)]  # all before any is moved
                if not found:
                    raise UserError(f"{path}: not a packed sweep: it holds no run")
                return [_moved(run, existing).name for run in wanted]
    except OSError as error:
        raise cannot_write(temporary, error) from error
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def _extract(file: BinaryIO, path: Path, folder: Path) -> None:
    """Write the files of a packed sweep below a folder."""
    files: set[str] = set()
    folders: set[str] = set()
    try:
        with tarfile.open(fileobj=file, mode="r:") as archive:
            for member in archive:
                source = archive.extractfile(member) if _belongs(member, files, folders) else None
                if source is None:
                    raise UserError(f"{path}: {member.name!r} does not belong into a packed sweep")
                files.add(member.name)
                folders.add(member.name.rpartition("/")[0])
                target = folder / member.name
                target.parent.mkdir(parents=True, exist_ok=True)
                with source, target.open("xb") as copy:
                    shutil.copyfileobj(source, copy)
    except READ_ERRORS as error:  # of headers that were made up
        raise error if isinstance(error, UserError) else UserError(f"{path}: not a packed sweep: {error}") from error


def _belongs(member: tarfile.TarInfo, files: Collection[str], folders: Collection[str]) -> bool:
    """Whether a member is a file of a run, whole, and in the place of none of those so far."""
    parts = member.name.split("/")
    is_named = _NAME.fullmatch(member.name) is not None and parts[0] != FOLDER and is_plain_text(member.name)
    is_file = member.isreg() and not member.issparse()  # one with holes claims any size
    is_free = member.name not in files and member.name not in folders and member.name.rpartition("/")[0] not in files
    return is_named and is_file and is_free and all(len(part.encode()) < 256 for part in parts)


def _files(run: Path) -> Iterator[Path]:
    """What is packed of a run; the config last, so that a file that is cut short holds no run without its files."""
    for path in sorted(run.iterdir()):
        if is_regular(path) and not path.name.startswith(".") and (path.name == INFO or _KEPT.fullmatch(path.name)):
            yield path
    for step in checkpoint_steps(run)[-1:]:
        yield from (path for path in sorted(checkpoint_path(run, step).iterdir()) if is_regular(path))
    yield run / CONFIG


def _is_here(run: Path, existing: ExistingRuns, source: Path) -> bool:
    try:
        known = existing.find(identity(glance_at_config(run)))
    except UserError as error:  # names a folder that is gone by the time it is read
        raise UserError(f"{source}: {str(error).replace(f'{run.parent}/', '')}") from None
    if known is None or (is_trained(run) and not is_trained(known)):
        return False
    return steps_saved(known) >= steps_saved(run)


def _moved(run: Path, existing: ExistingRuns) -> Path:
    target, count = existing.root / run.name, 1
    while os.path.lexists(target):
        count += 1
        target = existing.root / f"{run.name}_{count}"
    os.rename(run, target)
    return target
