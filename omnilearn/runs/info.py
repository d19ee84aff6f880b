"""What made a run: command, code, libraries, machine. Stored beside every result."""

import os
import shlex
import socket
import subprocess
import sys
from collections.abc import Collection, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

import torch

from omnilearn.config.yaml_parts import load_shared_yaml
from omnilearn.config.yaml_text import dump_yaml, load_yaml
from omnilearn.device import describe_device
from omnilearn.errors import UserError
from omnilearn.files import read_text, write_text
from omnilearn.runs.ending import notes_end
from omnilearn.runs.folder import INFO
from omnilearn.versions import library_versions


def git_revision(folder: Path) -> str | None:
    """The commit that a folder's code stands at, with `+changes` where files differ from it; None outside git."""
    try:
        commit = _git(folder, "rev-parse", "HEAD")
        return commit + ("+changes" if _git(folder, "status", "--porcelain", "--untracked-files=no") else "")
    except (OSError, subprocess.SubprocessError):
        return None


def run_info(device: torch.device, seed: int) -> dict[str, Any]:
    """The description of a process for `info.yaml`."""
    return {
        "command": shlex.join([Path(sys.argv[0]).name, *sys.argv[1:]]),
        "started": datetime.now().isoformat(timespec="seconds"),
        "revision": git_revision(Path(__file__).parent),
        "versions": library_versions(),
        "host": socket.gethostname(),
        "device": describe_device(device),
        "threads": torch.get_num_threads(),
        "process": os.getpid(),
        "seed": seed,
    }


def read_info(run: Path, only: Collection[str] | None = None) -> dict[str, Any]:
    """The `info.yaml` of a run, empty where it has none; `UserError` where it is damaged.

    With `only`, which is faster, it may lack other keys than these, and must not be changed.
    """
    path = run / INFO
    try:
        text = read_text(path)
        info = load_yaml(text, str(path)) if only is None else load_shared_yaml(text, str(path), only)
    except FileNotFoundError:
        return {}
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(f"{path}: cannot be read: {error}") from error
    if not isinstance(info, dict):
        raise UserError(f"{path}: damaged: not a table of keys; move it away")
    return info


def add_info(run: Path, **entries: Any) -> None:
    """Put entries into the `info.yaml` of a run."""
    write_text(run / INFO, dump_yaml({**read_info(run), **entries}))


def complete_info(
    run: Path, step: int, seconds: float, evaluation: str | None, *, best: Mapping[str, float] | None = None
) -> None:
    """Note in `info.yaml` that a run has come to its end.

    Args:
        run: its folder.
        step: training steps done.
        seconds: time of its training.
        evaluation: what its evaluation is called.
        best: the best validation loss and its step, if there was a validation.
    """
    completed: dict[str, Any] = {"step": step, "seconds": round(seconds, 3), "evaluation": evaluation}
    if best:
        completed["best"] = dict(best)
    add_info(run, completed=completed)


def is_completed(run: Path, step: int, evaluation: str | None) -> bool:
    """Whether a run has come to its end at a step or later, with an evaluation of that name if one is wanted."""
    return notes_end(read_info(run, ["completed"]), step, evaluation)


def _git(folder: Path, *words: str) -> str:
    command = ["git", "-C", str(folder), *words]
    return subprocess.run(command, capture_output=True, text=True, check=True, timeout=10).stdout.strip()
