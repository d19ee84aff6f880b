"""One process at a time: what two processes that start together would otherwise both do.

The locks are the system's own, on a file: they end with the process that holds them, however it dies. On disks without
locks a warning takes their place.
"""

import errno
import fcntl
import logging
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from omnilearn.errors import UserError
from omnilearn.files import cannot_write, handle_to_write

_WITHOUT_LOCKS = (errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP, errno.ENOTSUP)
_ATTEMPTS, _PAUSE = 5, 0.02  # seconds
_log = logging.getLogger(__name__)


class BeingTrained(UserError):
    """Another process trains in the folder of a run."""


@contextmanager
def exclusive(path: Path) -> Iterator[None]:
    """Run the block while no other process runs one for the same `path`; waits for the other to end.

    The folder of `path` is made; the lock's file beside `path` is gone afterwards. Raises `UserError` where the folder
    cannot be written to.
    """
    lock = path.with_name(f".{path.name}.lock")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle = _wait_for(lock)
    except OSError as error:
        raise cannot_write(lock, error) from error
    try:
        yield
    finally:
        lock.unlink(missing_ok=True)
        os.close(handle)


@contextmanager
def sole_writer(run: Path) -> Iterator[None]:
    """Keep every other process from training into the same folder.

    Raises `BeingTrained` where another one does.
    """
    lock = run / ".lock"
    try:
        handle = handle_to_write(lock)
    except OSError as error:
        raise cannot_write(lock, error) from error
    try:
        for _ in range(_ATTEMPTS):
            if _lock(handle, lock, wait=False):
                break
            time.sleep(_PAUSE)  # `is_being_trained` may be looking at it
        else:
            raise BeingTrained(f"{run} is being trained by another process")
        yield
    finally:
        os.close(handle)


def try_lock(lock: Path) -> int | None:
    """A handle of the file `lock`, locked; None where another process has it. The folder of the file is made.

    The lock lasts until every process that has the handle, this one and those that inherit it, has closed it or ended.
    The file stays. Raises `UserError` where the folder cannot be written to.
    """
    try:
        lock.parent.mkdir(parents=True, exist_ok=True)
        handle = handle_to_write(lock)
    except OSError as error:
        raise cannot_write(lock, error) from error
    if _lock(handle, lock, wait=False):
        return handle
    os.close(handle)
    return None


def is_being_trained(run: Path) -> bool:
    """Whether a process holds `sole_writer` of a run's folder."""
    try:
        handle = os.open(run / ".lock", os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError:
        return False
    try:
        fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
        return False
    except BlockingIOError:
        return True
    except OSError:  # a disk without locks
        return False
    finally:
        os.close(handle)


def _wait_for(lock: Path) -> int:
    """A handle of the file `lock`, locked."""
    while True:
        handle = handle_to_write(lock)
        try:
            if not _lock(handle, lock, wait=False):
                name = lock.name.removesuffix(".lock").lstrip(".")
                _log.warning("waiting for another process that works on %s", name)
                _lock(handle, lock, wait=True)
            # Whoever held the lock has removed the file: another process may hold a lock on a new one by now.
            if _is_still(handle, lock):
                return handle
        except BaseException:
            os.close(handle)
            raise
        os.close(handle)


def _lock(handle: int, lock: Path, *, wait: bool) -> bool:
    """Whether this process has the lock now; with `wait` it has it in the end."""
    try:
        fcntl.flock(handle, fcntl.LOCK_EX if wait else fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError as error:
        if error.errno not in _WITHOUT_LOCKS:
            raise cannot_write(lock, error) from error
        _log.warning("%s: this disk has no locks: make sure that no other process works here", lock.parent)
    return True


def _is_still(handle: int, lock: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(handle), lock.stat())
    except FileNotFoundError:
        return False
