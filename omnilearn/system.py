"""Which operating systems this software runs on, and the cores and the memory that they give it."""

import ctypes
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_PROGRAMS = ("fig", "fig.exe", "main.py")
# Settings of the allocator of the GNU C library (mallopt(3)), and what it comes to by itself where blocks are large.
_TRIM_THRESHOLD, _MMAP_THRESHOLD, _MMAP_MAX = -1, -3, -4
_USUALLY = {_MMAP_MAX: 65536, _MMAP_THRESHOLD: 2**25, _TRIM_THRESHOLD: 2**26}
_FROM_OUTSIDE = ("MALLOC_TRIM_THRESHOLD_", "MALLOC_MMAP_THRESHOLD_", "MALLOC_MMAP_MAX_")


def cores() -> int:
    """The cores that this process may use, where the system tells; else all of the machine."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


@contextmanager
def freed_memory_kept() -> Iterator[None]:
    """Let the process keep the memory that the block frees, for what it needs next, and return it at the end.

    The GNU C library returns blocks of more than 32 MB to the system at once, which then clears each page anew in every
    training step: up to two fifths of a step on images. Results are the same to the bit. Nothing is changed with other
    libraries, or where the environment has set up this one (`MALLOC_TRIM_THRESHOLD_` and the like, `GLIBC_TUNABLES`).
    """
    library = ctypes.CDLL(None)
    is_set_up = any(name in os.environ for name in _FROM_OUTSIDE)
    is_set_up = is_set_up or "glibc.malloc." in os.environ.get("GLIBC_TUNABLES", "")
    if is_set_up or not hasattr(library, "mallopt"):
        yield
        return
    library.mallopt(_MMAP_MAX, 0)
    library.mallopt(_TRIM_THRESHOLD, -1)
    try:
        yield
    finally:
        for setting, value in _USUALLY.items():
            library.mallopt(setting, value)
        library.malloc_trim(0)


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
