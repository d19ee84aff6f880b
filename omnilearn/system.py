"""Which operating systems this software runs on, and the cores and the memory that they give it."""

import ctypes
import os
import sys
from pathlib import Path

_PROGRAMS = ("fig", "fig.exe", "main.py")
# Names and meanings of two settings of the allocator of the GNU C library (mallopt(3)).
_TRIM_THRESHOLD, _MOST_MAPPINGS = -1, -4


def cores() -> int:
    """The cores that this process may use, where the system tells; else all of the machine."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def keep_freed_memory() -> None:
    """Have this process keep the memory that it frees, for what it needs next; results are the same to the bit.

    The GNU C library hands large blocks back to the system at once, which then clears each page anew in every training
    step: up to a third of a step on images. Elsewhere nothing changes.
    """
    set_option = getattr(ctypes.CDLL(None), "mallopt", None)
    if set_option is not None:
        set_option(_MOST_MAPPINGS, 0)
        set_option(_TRIM_THRESHOLD, -1)


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
