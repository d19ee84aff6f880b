"""Data from Python: arrays, tensors and data sets of torch, kept in a file that a run can be built from again."""

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import ArrayLike
from torch import Tensor

from omnilearn.data.download.paths import data_root
from omnilearn.data.own.columns_file import column_of
from omnilearn.data.own.layout import Layout, channels_first, check_finite, check_range, layout_of
from omnilearn.data.own.one_array import as_array, is_frame, without_mask
from omnilearn.errors import UserError
from omnilearn.files import make_folder, replacing

_STEP = 1024  # observations checked at a time
Factors = ArrayLike | Tensor | Mapping[str, ArrayLike]
"""Columns (N, K), a single one (N,), or columns by name, as a frame of pandas has them."""


def as_columns(factors: Factors, count: int) -> dict[str, np.ndarray]:
    """The columns (count,) of factors by name.

    Raises `UserError` where there is not one row for each observation, and for columns of neither numbers nor text.
    """
    given: Any = factors
    if is_frame(given):
        columns = {str(name): _column(given[name]) for name in given.columns}
    elif isinstance(factors, Mapping):
        columns = {str(name): _column(column) for name, column in factors.items()}
    else:
        table = _column(factors)
        table = table[:, None] if table.ndim == 1 else table
        if table.ndim != 2:
            raise UserError(f"factors: expected columns (N, K), got an array {table.shape}")
        columns = {f"factor_{k}": table[:, k] for k in range(table.shape[1])}
    # Columns of several types in one array, as tables have them, are read as those of a file.
    columns = {
        name: column_of([str(value) for value in column]) if column.dtype.kind == "O" and column.ndim == 1 else column
        for name, column in columns.items()
    }
    for name, column in columns.items():
        if column.shape != (count,):
            raise UserError(f"factors: '{name}' has the shape {column.shape} for {count} observations")
        if column.dtype.kind not in "biufUS":
            raise UserError(f"factors: '{name}' holds neither numbers nor text but {column.dtype}")
        if "\0" in name:  # no file can hold it
            raise UserError(f"factors: the name {name!r} holds a character of code 0")
    return columns


def keep_given(data: Any, factors: Factors | None = None, *, dataroot: Path | None = None) -> Path:
    """Write observations and factors into a file below the data folder, named by what they are; returns where it is.

    It is what `d/array` reads. Data that are there already are not written again.
    """
    import h5py

    observations = as_array(data)
    layout = layout_of(observations.shape, observations.dtype, "data")
    columns = {} if factors is None else as_columns(factors, len(observations))
    digest = hashlib.sha256(f"{observations.dtype}{observations.shape}".encode())
    digest.update(np.ascontiguousarray(observations).data)
    for name, column in columns.items():
        digest.update(f"{name}{column.dtype}".encode())
        digest.update(np.ascontiguousarray(column).tobytes())
    path = data_root(dataroot).resolve() / "own" / f"given-{digest.hexdigest()[:16]}.h5"
    if path.is_file():
        return path
    _check(observations, layout)
    make_folder(path.parent)
    with replacing(path) as temporary, h5py.File(temporary, "w") as file:
        file["observations"] = observations
        if columns:
            table = np.stack([np.asarray(column) for column in columns.values()], 1)
            text = table.dtype.kind in "US"
            file.create_dataset(
                "factors", data=table.astype(object) if text else table, dtype=h5py.string_dtype() if text else None
            )
            file["factor_names"] = list(columns)
    return path


def as_observations(values: np.ndarray, *, source: str = "observations") -> Tensor:
    """Images of any layout as a tensor (N, C, H, W) of uint8 or float32, vectors as float32 (N, D)."""
    layout = layout_of(values.shape, values.dtype, source)
    if isinstance(layout.din, int):
        check_finite(values, source)
        return torch.from_numpy(np.array(values, dtype=np.float32))
    images = channels_first(values, layout)
    check_range(images, source)
    return images


def _check(observations: np.ndarray, layout: Layout) -> None:
    """Raise `UserError` for values that no data set would take, before they are written."""
    for first in range(0, layout.count, _STEP):
        some = observations[first : first + _STEP]
        if isinstance(layout.din, int):
            check_finite(some, "data", first)
        else:
            check_range(channels_first(some, layout), "data", first)


def _column(values: Any) -> np.ndarray:
    return as_array(values) if isinstance(values, Tensor) else np.asarray(without_mask(values, "factors"))
