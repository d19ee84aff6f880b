"""Arrays in .npz archives: read front to back, never all at once, and never as pickled objects."""

import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from math import prod
from pathlib import Path

import numpy as np

from omnilearn.data.download.paths import check_regular, damaged, missing, unreadable
from omnilearn.data.storage.made_up import READ_ERRORS
from omnilearn.errors import UserError


@dataclass(frozen=True)
class NpzMember:
    """An array in an archive, opened just behind its header."""

    shape: tuple[int, ...]
    stream: zipfile.ZipExtFile

    def slabs(self, step: int, start: int = 0) -> Iterator[np.ndarray]:
        """The array, `step` entries of its first axis at a time, from the entry `start` on.

        What comes before is read and dropped: only so is the archive's checksum of the whole array checked.
        """
        for first in range(0, self.shape[0], step):
            slab = np.empty((min(step, self.shape[0] - first), *self.shape[1:]), np.uint8)
            _fill(self.stream, slab.data.cast("B"))
            if first >= start:
                yield slab
        if self.stream.read(1):
            raise EOFError("it is longer than its header says")


@contextmanager
def open_npz(path: Path, key: str, config: str, *, shape: tuple[int | None, ...], at_most: int) -> Iterator[NpzMember]:
    """Open the uint8 array `key` of an archive to read it; errors inside the block are about the file.

    Args:
        path: the archive; it is never changed.
        key: name of the array.
        config: the config whose download command an error message names.
        shape: the expected shape, None for any length of an axis.
        at_most: the largest length of the first axis; more is refused before any memory is taken.

    Raises `UserError` where the file is missing or damaged, now or while it is read.
    """
    check_regular(path)
    try:
        with zipfile.ZipFile(path) as archive:
            name = f"{key}.npy"
            if name not in archive.namelist():
                raise ValueError(f"it has no array '{key}'")
            with archive.open(name) as stream:
                assert isinstance(stream, zipfile.ZipExtFile)  # as it is in every archive that is opened to be read
                found = _read_header(stream, archive.getinfo(name).file_size, key)
                fits = len(found) == len(shape) and all(
                    want in (None, size) for want, size in zip(shape, found, strict=True)
                )
                if not fits or not 1 <= found[0] <= at_most:
                    raise ValueError(f"'{key}' has the shape {found}")
                yield NpzMember(found, stream)
    except UserError:
        raise
    except FileNotFoundError:
        raise missing(path, config) from None
    except OSError as error:
        raise unreadable(path, error) from error
    except READ_ERRORS as error:
        raise damaged(path, error, config) from error


def _read_header(stream: zipfile.ZipExtFile, size: int, key: str) -> tuple[int, ...]:
    """The shape of a uint8 array in row order; leaves the stream just behind the header."""
    version = np.lib.format.read_magic(stream)
    read = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
    shape, column_order, dtype = read(stream)
    if dtype.hasobject:
        raise ValueError(f"'{key}' holds pickled objects, which could run code")
    if dtype != np.uint8 or column_order:
        raise ValueError(f"'{key}' has values of type {dtype}" + (" in column order" if column_order else ""))
    if size != stream.tell() + prod(shape):
        raise ValueError(f"'{key}' has {size:,} bytes but claims the shape {shape}")
    return shape


def _fill(stream: zipfile.ZipExtFile, buffer: memoryview) -> None:
    filled = 0
    while filled < len(buffer):
        count = stream.readinto(buffer[filled:])
        if not count:
            raise EOFError("it ends too early")
        filled += count
