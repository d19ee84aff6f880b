"""One process at a time: what two runs that start together would otherwise both do."""

import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from omnilearn.files import cannot_write

try:
    import fcntl
except ImportError:  # not on Windows, where two processes must not prepare the same dataset at once
    fcntl = None

_log = logging.getLogger(__name__)


@contextmanager
def exclusive(path: Path) -> Iterator[None]:
    """Run the block while no other process runs one for the same `path`; waits for the other to end.

    The folder of `path` is made. The lock is the system's own, on a file beside `path` that is gone afterwards: it ends
    with the process that holds it, however that dies. Raises `UserError` where the folder cannot be written to.
    """
    lock = path.with_name(f".{path.name}.lock")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle = _acquire(lock)
    except OSError as error:
        raise cannot_write(lock, error) from error
    try:
        yield
    finally:
        lock.unlink(missing_ok=True)
        os.close(handle)


def _acquire(lock: Path) -> int:
    while True:
        handle = os.open(lock, os.O_RDWR | os.O_CREAT, 0o666)
        try:
            if fcntl is not None:
                _wait_for(handle, lock)
            # Whoever held the lock has removed the file: another process may hold a lock on a new one by now.
            if _is_still(handle, lock):
                return handle
        except BaseException:
            os.close(handle)
            raise
        os.close(handle)


def _wait_for(handle: int, lock: Path) -> None:
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        _log.warning("waiting for another process that works on %s", lock.name.removesuffix(".lock").lstrip("."))
        fcntl.flock(handle, fcntl.LOCK_EX)


def _is_still(handle: int, lock: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(handle), lock.stat())
    except FileNotFoundError:
        return False
