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
from omnilearn.data.own.layout import layout_of
from omnilearn.errors import UserError
from omnilearn.files import cannot_write, replacing

Factors = ArrayLike | Tensor | Mapping[str, ArrayLike]
"""Columns (N, K), a single one (N,), or columns by name."""


def as_array(data: Any) -> np.ndarray:
    """Observations as one array: an array, a tensor, nested lists of numbers, or a data set of torch whose items are
    observations, or tuples that begin with one.
    """
    if isinstance(data, Tensor):
        return _numpy(data)
    if isinstance(data, np.ndarray):
        return data
    if (numbers := _nested_numbers(data)) is not None:
        return numbers
    if not hasattr(data, "__len__") or not hasattr(data, "__getitem__"):
        raise UserError(f"data: expected an array, a tensor or a data set of torch, got a {type(data).__name__}")
    items = (data[index] for index in range(len(data)))
    firsts = [item[0] if isinstance(item, tuple | list) and item else item for item in items]
    if not firsts:
        raise UserError("data: there are no observations")
    try:
        return np.stack([_numpy(each) if isinstance(each, Tensor) else np.asarray(each) for each in firsts])
    except ValueError as error:
        raise UserError(f"data: the observations differ in size: {error}") from error


def _nested_numbers(data: Any) -> np.ndarray | None:
    """The array that lists of lists of numbers are, row by row of one length; None for anything else."""
    innermost = data
    while isinstance(innermost, list | tuple) and innermost:
        innermost = innermost[0]
    if not isinstance(data, list | tuple) or not isinstance(innermost, int | float):
        return None
    try:
        return np.array(data)
    except ValueError:  # of several lengths, as tuples of an observation and a label are
        return None


def as_columns(factors: Factors, count: int) -> dict[str, np.ndarray]:
    """The columns (count,) of factors by name; `UserError` where there is not one row for each observation."""
    if isinstance(factors, Mapping):
        columns = {str(name): as_array(np.asarray(column)) for name, column in factors.items()}
    else:
        table = as_array(factors if isinstance(factors, Tensor) else np.asarray(factors))
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
    return columns


def keep_given(data: Any, factors: Factors | None = None, *, dataroot: Path | None = None) -> Path:
    """Write observations and factors into a file below the data folder, named by what they are; returns where it is.

    It is what `d/array` reads. Data that are there already are not written again.
    """
    import h5py

    observations = as_array(data)
    layout_of(observations.shape, observations.dtype, "data")
    columns = {} if factors is None else as_columns(factors, len(observations))
    digest = hashlib.sha256(f"{observations.dtype}{observations.shape}".encode())
    digest.update(np.ascontiguousarray(observations).data)
    for name, column in columns.items():
        digest.update(f"{name}{column.dtype}".encode())
        digest.update(np.ascontiguousarray(column).tobytes())
    path = data_root(dataroot).resolve() / "own" / f"given-{digest.hexdigest()[:16]}.h5"
    if path.is_file():
        return path
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise cannot_write(path, error) from error
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
    from omnilearn.data.own.layout import channels_first, check_range

    layout = layout_of(values.shape, values.dtype, source)
    if isinstance(layout.din, int):
        with np.errstate(over="ignore"):  # which is told below
            vectors = torch.from_numpy(np.array(values, dtype=np.float32))
        if not vectors.isfinite().all():
            raise UserError(f"{source}: values that are not finite (NaN)")
        return vectors
    images = channels_first(values, layout)
    check_range(images, source)
    return images


def _numpy(values: Tensor) -> np.ndarray:
    values = values.detach().cpu()
    return (values.float() if values.dtype == torch.bfloat16 else values).numpy()  # numpy has no bfloat16
