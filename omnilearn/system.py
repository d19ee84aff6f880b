"""Which operating systems this software runs on, and the cores that they give it."""

import os
import sys
from pathlib import Path

_PROGRAMS = ("fig", "fig.exe", "main.py")


def cores() -> int:
    """The cores that this process may use, where the system tells; else all of the machine."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def check_system() -> None:
    """Refuse Windows, which lacks the locks that keep two processes from writing into one run.

    Raises `ImportError`; the programs of the command line end with one line and exit code 2 instead.
    """
    if sys.platform != "win32":
        return
    message = "this software runs on Linux and macOS; on Windows it runs in WSL"
    if Path(sys.argv[0]).name in _PROGRAMS:
        print(f"error: {message}", file=sys.stderr)
        raise SystemExit(2)
    raise ImportError(message)
