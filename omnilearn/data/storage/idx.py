"""IDX files, the format of MNIST and its relatives: a header of big-endian sizes, then bytes."""

import gzip
import zipfile
from io import BufferedIOBase
from math import prod
from pathlib import Path

import numpy as np

from omnilearn.data.download.paths import check_regular, damaged, unreadable
from omnilearn.data.storage.made_up import READ_ERRORS

_UNSIGNED_BYTES = 8
_MOST_BYTES = 2**30  # the largest relative, EMNIST by class, has 547 MB


def read_idx(path: Path, dimensions: int, config: str, *, member: str | None = None) -> np.ndarray:
    """The uint8 array of an IDX file.

    Args:
        path: the file, compressed where its name ends in .gz, or a zip archive.
        dimensions: 3 for images, 1 for labels.
        config: the config whose download command an error message names.
        member: the compressed IDX file to read from the zip archive `path`.

    Raises `UserError` where the file is missing, damaged or claims more than such files have.
    """
    check_regular(path)
    try:
        if member is not None:
            with zipfile.ZipFile(path) as archive, archive.open(member) as inner, gzip.open(inner) as file:
                return _read(file, dimensions)
        with gzip.open(path) if path.suffix == ".gz" else path.open("rb") as file:
            return _read(file, dimensions)
    except (*READ_ERRORS, gzip.BadGzipFile) as error:
        raise damaged(path, error, config) from error
    except OSError as error:
        raise unreadable(path, error) from error


def _read(file: BufferedIOBase, dimensions: int) -> np.ndarray:
    header = file.read(4 + 4 * dimensions)
    if header[:4] != bytes([0, 0, _UNSIGNED_BYTES, dimensions]) or len(header) < 4 + 4 * dimensions:
        raise ValueError(f"it does not begin like an IDX file of {dimensions} dimensions")
    shape = tuple(np.frombuffer(header, ">i4", offset=4).tolist())
    if min(shape) < 1 or prod(shape) > _MOST_BYTES:
        raise ValueError(f"it claims the shape {shape}")
    content = file.read(prod(shape) + 1)
    if len(content) != prod(shape):
        raise ValueError(f"it claims the shape {shape} but holds {'more' if len(content) > prod(shape) else 'less'}")
    return np.frombuffer(content, np.uint8).reshape(shape)
