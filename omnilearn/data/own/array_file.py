"""Arrays of images or vectors in .npy, .npz and .h5 files, with factor columns beside them; never pickled."""

import zipfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from omnilearn.data.download.paths import check_regular
from omnilearn.data.own.columns_file import column_of
from omnilearn.data.storage.made_up import READ_ERRORS
from omnilearn.data.storage.memory import free_memory
from omnilearn.errors import UserError, first_line, size_in_words

if TYPE_CHECKING:
    import h5py

NAMES = ("images", "vectors", "observations", "data")
FACTORS, FACTOR_NAMES = "factors", "factor_names"
SUFFIXES = (".npy", ".npz", ".h5", ".hdf5")


@dataclass(frozen=True)
class ArrayFile:
    """What an open file holds.

    Attributes:
        observations: images or vectors: an array, a mapped one, or a dataset of HDF5.
        columns: the factors (N,) by name; empty where there are none.
        others: the names of the arrays that are neither of them, which are not read.
    """

    observations: "np.ndarray | h5py.Dataset"
    columns: dict[str, np.ndarray]
    others: tuple[str, ...] = ()


@contextmanager
def open_array(path: Path) -> Iterator[ArrayFile]:
    """Open a file to read it; errors inside the block are about the file, which is never changed.

    Raises `UserError` where it is missing, damaged, pickled, or does not hold what it should.
    """
    if path.suffix not in SUFFIXES:
        raise UserError(f"{path}: expected a file that ends with {', '.join(SUFFIXES)}")
    check_regular(path)
    opened = {".npy": _open_npy, ".npz": _open_npz}.get(path.suffix, _open_h5)
    try:
        with opened(path) as file:
            yield file
    except UserError:
        raise
    except FileNotFoundError:
        raise UserError(f"{path}: there is no such file") from None
    except (*READ_ERRORS, OSError) as error:
        if "allow_pickle" in str(error) or "Python objects" in str(error):  # numpy has no error of its own for it
            raise UserError(
                f"{path}: an array of Python objects, which is never unpickled: save numbers, or text as .astype(str)"
            ) from error
        raise UserError(f"{path}: damaged or not the file its name says: {first_line(error)}") from error


@contextmanager
def _open_npy(path: Path) -> Iterator[ArrayFile]:
    array = np.load(path, mmap_mode="r", allow_pickle=False)
    if not isinstance(array, np.ndarray):
        array.close()
        raise UserError(f"{path}: several arrays in one file: rename it to end with .npz")
    yield ArrayFile(array, {})


@contextmanager
def _open_npz(path: Path) -> Iterator[ArrayFile]:
    with zipfile.ZipFile(path) as archive:
        size = sum(member.file_size for member in archive.infolist())
    free = free_memory()
    if free is not None and size > free:
        raise UserError(
            f"{path}: {size_in_words(size)} unpacked and {size_in_words(free)} are free; save it as .npy or .h5"
        )
    with np.load(path, allow_pickle=False) as arrays:
        name = _observations_in(arrays.files, path)
        names = arrays[FACTOR_NAMES] if FACTOR_NAMES in arrays.files else None
        columns = _columns(arrays[FACTORS], names, path) if FACTORS in arrays.files else {}
        yield ArrayFile(arrays[name], columns, _others(arrays.files, name))


@contextmanager
def _open_h5(path: Path) -> Iterator[ArrayFile]:
    import h5py

    from omnilearn.data.storage.hdf5 import own_dataset

    with h5py.File(path, "r") as file:
        found = {name: dataset for name in file if (dataset := own_dataset(file, name)) is not None}
        found = {
            name: dataset for name, dataset in found.items() if dataset.shape is not None
        }  # None: it holds nothing
        name = _observations_in([*found], path)
        factors = found.get(FACTORS)
        names: Any = found.get(FACTOR_NAMES)
        if names is None and factors is not None:
            names = factors.attrs.get(FACTOR_NAMES, file.attrs.get(FACTOR_NAMES))
        values = None if factors is None else factors.asstr()[:] if factors.dtype.kind == "O" else factors[()]
        columns = {} if values is None else _columns(values, names, path)
        yield ArrayFile(found[name], columns, _others([*found], name))


def _observations_in(names: Sequence[str], path: Path) -> str:
    others = [name for name in names if name not in (FACTORS, FACTOR_NAMES)]
    known = [name for name in NAMES if name in others]
    if known or len(others) == 1:
        return (known or others)[0]
    held = ", ".join(others) or "none"
    raise UserError(f"{path}: expected an array named {' or '.join(NAMES)}; there is {held}")


def _others(names: Iterable[str], observations: str) -> tuple[str, ...]:
    return tuple(name for name in names if name not in (observations, FACTORS, FACTOR_NAMES))


def _columns(factors: np.ndarray, names: Any, path: Path) -> dict[str, np.ndarray]:
    if factors.dtype.kind == "O":
        factors = factors.astype(str)
    factors = np.asarray(factors)
    if factors.ndim == 1:
        factors = factors[:, None]
    if factors.ndim != 2:
        raise UserError(f"{path}: '{FACTORS}' must have one row for each observation, not the shape {factors.shape}")
    if names is None:
        texts = [f"factor_{k}" for k in range(factors.shape[1])]
    else:
        texts = [name.decode() if isinstance(name, bytes) else str(name) for name in np.atleast_1d(np.asarray(names))]
    if len(texts) != factors.shape[1] or len(set(texts)) < len(texts) or "" in texts:
        raise UserError(f"{path}: '{FACTOR_NAMES}' must name each of the {factors.shape[1]} columns once")
    columns = {name: factors[:, k] for k, name in enumerate(texts)}
    if factors.dtype.kind == "U":  # an array has one type: numbers beside text are text in it, as in a table
        columns = {name: column_of(column.tolist()) for name, column in columns.items()}
    return columns
