"""What made a run: command, code, libraries, machine. Stored beside every result."""

import os
import platform
import socket
import subprocess
import sys
from datetime import datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import torch

LIBRARIES = (
    "torch",
    "torchvision",
    "numpy",
    "scikit-learn",
    "scipy",
    "omnifig",
    "omnibelt",
    "tensorboard",
    "h5py",
    "pytorch-fid",
)


def library_versions() -> dict[str, str]:
    """The versions of Python and of the libraries that numbers depend on."""
    versions = {"python": platform.python_version()}
    for library in LIBRARIES:
        try:
            versions[library] = version(library)
        except PackageNotFoundError:
            continue
    return versions


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
        "command": " ".join([Path(sys.argv[0]).name, *sys.argv[1:]]),
        "started": datetime.now().isoformat(timespec="seconds"),
        "revision": git_revision(Path(__file__).parent),
        "versions": library_versions(),
        "host": socket.gethostname(),
        "device": describe_device(device),
        "threads": torch.get_num_threads(),
        "process": os.getpid(),
        "seed": seed,
    }


def describe_device(device: torch.device) -> str:
    """The device and, for a GPU, its model."""
    return f"{device} ({torch.cuda.get_device_name(device)})" if device.type == "cuda" else str(device)


def _git(folder: Path, *words: str) -> str:
    command = ["git", "-C", str(folder), *words]
    return subprocess.run(command, capture_output=True, text=True, check=True, timeout=10).stdout.strip()
