"""Files that are whole or absent, and that hold data, never code."""

import errno
import hashlib
import json
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from glob import escape
from pathlib import Path
from typing import Any, BinaryIO

from omnilearn.errors import UserError
from omnilearn.processes import is_at_work

_MOST_TEXT = 2**28  # bytes: a file with holes may claim any size


def open_regular(path: Path, *, inside: int | None = None, follow_links: bool = False) -> BinaryIO:
    """Open a file to read it, where it is a regular one; never waits, as opening a pipe does.

    Args:
        path: the file.
        inside: the handle of its folder, where that may be moved meanwhile; then only the name of `path` counts.
        follow_links: whether the file may lie elsewhere, with a link to it here. What belongs to a run must not.

    Raises `UserError` for a link, pipe, device or folder, and `OSError` where the system refuses.
    """
    flags = os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC | (0 if follow_links else os.O_NOFOLLOW)
    try:
        handle = os.open(path if inside is None else path.name, flags, dir_fd=inside)
    except OSError as error:
        if error.errno in (errno.ELOOP, errno.ENXIO):  # a link; a device or socket
            raise not_regular(path) from None
        raise
    if not stat.S_ISREG(os.fstat(handle).st_mode):
        os.close(handle)
        raise not_regular(path)
    return os.fdopen(handle, "rb")


def open_to_write(path: Path) -> BinaryIO:
    """Open a file that is written bit by bit, at its start; raises as `handle_to_write`."""
    return os.fdopen(handle_to_write(path), "r+b")


def handle_to_write(path: Path) -> int:
    """A handle of a regular file, which is made where it is missing.

    Raises `UserError` for a link, pipe, device or folder, and `OSError` where the system refuses.
    """
    try:
        handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, 0o666)
    except OSError as error:
        if error.errno in (errno.ELOOP, errno.ENXIO, errno.EISDIR):
            raise not_regular(path) from None
        raise
    if not stat.S_ISREG(os.fstat(handle).st_mode):
        os.close(handle)
        raise not_regular(path)
    return handle


def is_regular(path: Path) -> bool:
    """Whether there is a regular file at `path` itself, not a link to one."""
    try:
        return stat.S_ISREG(path.lstat().st_mode)
    except OSError:
        return False


def is_own_folder(path: Path) -> bool:
    """Whether there is a folder at `path` itself, not a link to one."""
    try:
        return stat.S_ISDIR(path.lstat().st_mode)
    except OSError:
        return False


def not_regular(path: Path) -> UserError:
    """The error for what lies where a regular file belongs."""
    return UserError(f"{path}: not a regular file; move it away")


def read_bytes(path: Path, *, follow_links: bool = False, at_most: int | None = None) -> bytes:
    """The content of a regular file; raises as `open_regular`, and `UserError` for more than `at_most` bytes."""
    with open_regular(path, follow_links=follow_links) as file:
        if at_most is not None and os.fstat(file.fileno()).st_size > at_most:
            raise UserError(f"{path}: larger than any such file; move it away")
        return file.read()


def read_text(path: Path) -> str:
    """The content of a regular file in UTF-8; `UnicodeDecodeError` for other bytes, else raises as `open_regular`."""
    return read_bytes(path, at_most=_MOST_TEXT).decode("utf-8")


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """A temporary path beside `path` to write to, which takes its place when the block ends without an error.

    Whoever reads `path` meanwhile sees the old file or the new one, never a part. A link at `path` is replaced, not
    followed. Raises `UserError` where the disk refuses.
    """
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        temporary.unlink(missing_ok=True)  # of a killed process that had the same number, or planted
        os.close(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o666))
        try:
            yield temporary
            _flush(temporary)
            os.replace(temporary, path)
        finally:
            temporary.unlink(missing_ok=True)
    except OSError as error:
        raise cannot_write(path, error) from error


def check_can_be_named(path: Path) -> None:
    """Raise `UserError` for a place that a user names where a file would replace a device, a pipe or a socket."""
    try:
        mode = path.stat().st_mode
    except OSError:
        return
    if not (stat.S_ISREG(mode) or stat.S_ISDIR(mode)):
        raise UserError(f"{path}: not a regular file; name another")


def remove_leftovers(folder: Path, name: str = "") -> None:
    """Remove the temporary files of `replacing` that killed processes left in a folder, all or those of one file; those
    at work keep theirs.
    """
    for path in folder.glob(f".{escape(name)}.*.tmp" if name else ".*.tmp"):
        number = path.suffixes[-2][1:] if len(path.suffixes) > 1 else ""
        if number.isdigit() and not is_at_work(int(number)) and not is_own_folder(path):
            path.unlink(missing_ok=True)


def cannot_write(path: Path, error: OSError) -> UserError:
    """The error for a file that the disk refuses."""
    return UserError(f"{path}: cannot be written: {error.strerror or error}; free some space or check the permissions")


def make_folder(folder: Path) -> None:
    """Make a folder, and those above it, where there is none; raises `UserError` where the disk refuses."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise cannot_write(folder, error) from error


def write_bytes(path: Path, content: bytes) -> None:
    """Write a file, whole or not at all."""
    with replacing(path) as temporary:
        temporary.write_bytes(content)


def write_text(path: Path, text: str) -> None:
    """Write a text file, whole or not at all."""
    write_bytes(path, text.encode("utf-8"))


def write_json(path: Path, data: Any) -> None:
    """Write plain data as JSON; what is not a finite number is null."""
    write_text(path, json.dumps(_json_ready(data), indent=2, allow_nan=False) + "\n")


def read_json(path: Path, *, follow_links: bool = False) -> Any:
    """Read plain data; `UserError` where the file is missing, damaged or, unless links are followed, a link."""
    try:
        return json.loads(read_bytes(path, follow_links=follow_links, at_most=_MOST_TEXT))
    except UserError:
        raise
    except OSError as error:
        raise UserError(f"{path}: cannot be read: {error}") from error
    except (ValueError, RecursionError) as error:
        raise UserError(f"{path}: cannot be read: damaged: {error}; move it away") from error


def read_json_table(path: Path) -> dict[str, Any]:
    """Read plain data that is a table; `UserError` where it is missing, damaged, a link or something else."""
    table = read_json(path)
    if not isinstance(table, dict):
        raise UserError(f"{path}: damaged: not a table; move it away")
    return table


def checksum(path: Path, algorithm: str = "sha256") -> str:
    """The hash of a file's bytes, in hexadecimal digits; links are followed."""
    with open_regular(path, follow_links=True) as file:
        return checksum_of(file, algorithm)


def checksum_of(file: BinaryIO, algorithm: str = "sha256") -> str:
    """The hash of the bytes of an open file from where it stands to its end, in hexadecimal digits."""
    digest = hashlib.new(algorithm)
    while block := file.read(1 << 20):
        digest.update(block)
    return digest.hexdigest()


def _flush(path: Path) -> None:
    with path.open("rb+") as file:
        os.fsync(file.fileno())


def _json_ready(data: Any) -> Any:
    if isinstance(data, dict):
        return {str(key): _json_ready(value) for key, value in data.items()}
    if isinstance(data, list | tuple):
        return [_json_ready(value) for value in data]
    if hasattr(data, "tolist"):  # a tensor or an array
        return _json_ready(data.tolist())
    if isinstance(data, float) and (data != data or data in (float("inf"), float("-inf"))):
        return None
    return data if isinstance(data, str | int | float | bool | None) else str(data)
