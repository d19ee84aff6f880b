"""Binary matrices of NORB: a number for the type, the sizes as little-endian integers, then the values in row order."""

import gzip
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from io import BufferedIOBase
from math import prod
from pathlib import Path

import numpy as np

from omnilearn.data.download.paths import check_regular, damaged, missing, unreadable
from omnilearn.data.storage.made_up import READ_ERRORS

_TYPES: dict[int, np.dtype] = {0x1E3D4C55: np.dtype(np.uint8), 0x1E3D4C54: np.dtype("<i4")}
_LEAST_SIZES = 3  # a header has as many sizes even where the matrix has fewer


@dataclass(frozen=True)
class BinaryMatrix:
    """A matrix in a file, opened just behind its header."""

    shape: tuple[int, ...]
    dtype: np.dtype
    stream: BufferedIOBase

    def slabs(self, step: int) -> Iterator[np.ndarray]:
        """The matrix, `step` entries of its first axis at a time; the last slab may have fewer."""
        for first in range(0, self.shape[0], step):
            shape = (min(step, self.shape[0] - first), *self.shape[1:])
            size = prod(shape) * self.dtype.itemsize
            content = self.stream.read(size)
            if len(content) < size:
                raise EOFError("it ends too early")
            yield np.frombuffer(content, self.dtype).reshape(shape)
        if self.stream.read(1):
            raise EOFError("it is longer than its header says")


@contextmanager
def open_matrix(path: Path, config: str, *, shape: tuple[int, ...], dtype: np.dtype) -> Iterator[BinaryMatrix]:
    """Open a matrix to read it; errors inside the block are about the file.

    Args:
        path: the file, compressed where its name ends in .gz; it is never changed.
        config: the config whose download command an error message names.
        shape: the expected shape; another is refused before any memory is taken.
        dtype: the expected type of its values.

    Raises `UserError` where the file is missing or damaged, now or while it is read.
    """
    check_regular(path)
    try:
        with gzip.open(path) if path.suffix == ".gz" else path.open("rb") as file:
            found, of_type = _read_header(file)
            if (found, of_type) != (shape, dtype):
                raise ValueError(f"it has the shape {found} and values of type {of_type}, not {shape} and {dtype}")
            yield BinaryMatrix(found, of_type, file)
    except FileNotFoundError:
        raise missing(path, config) from None
    except (*READ_ERRORS, gzip.BadGzipFile) as error:
        raise damaged(path, error, config) from error
    except OSError as error:
        raise unreadable(path, error) from error


def read_matrix(path: Path, config: str, *, shape: tuple[int, ...], dtype: np.dtype) -> np.ndarray:
    """A whole matrix; arguments and errors as for `open_matrix`."""
    with open_matrix(path, config, shape=shape, dtype=dtype) as matrix:
        (values,) = matrix.slabs(shape[0])
    return values


def _read_header(file: BufferedIOBase) -> tuple[tuple[int, ...], np.dtype]:
    kind, dimensions = _integers(file, 2)
    if kind not in _TYPES or not 1 <= dimensions <= 4:
        raise ValueError("it does not begin like a matrix of NORB")
    return tuple(_integers(file, max(_LEAST_SIZES, dimensions))[:dimensions]), _TYPES[kind]


def _integers(file: BufferedIOBase, count: int) -> list[int]:
    content = file.read(4 * count)
    if len(content) < 4 * count:
        raise EOFError("it ends within its header")
    return np.frombuffer(content, "<i4").tolist()
