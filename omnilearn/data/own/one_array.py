"""Observations of any kind as one array: arrays, tensors, frames, nested lists, data sets of torch."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from torch import Tensor

from omnilearn.errors import UserError

_EIGHT_BITS = {"L": "L", "1": "L", "LA": "L", "P": "RGB", "RGB": "RGB", "RGBA": "RGB", "CMYK": "RGB", "YCbCr": "RGB"}
"""How images of Pillow are read, by mode; those of more bits are left as they are, which is refused."""


def as_array(data: Any) -> np.ndarray:
    """Observations as one array: an array, a tensor, a frame of pandas, nested lists of numbers, or a data set of torch
    whose items are observations (arrays, tensors or images of Pillow), or tuples that begin with one.

    Raises `UserError` for anything else, arrays with masked values, and observations that differ in size.
    """
    if isinstance(data, Tensor):
        return _numpy(data)
    if isinstance(data, np.ndarray):
        return without_mask(data, "data")
    if is_frame(data):
        return np.asarray(data.to_numpy())
    if (numbers := _nested_numbers(data)) is not None:
        return numbers
    if hasattr(data, "toarray"):
        raise UserError(f"data: a sparse {type(data).__name__}: give its toarray()")
    is_data_set = hasattr(data, "__len__") and hasattr(data, "__getitem__")
    if not is_data_set or isinstance(data, str | bytes | Mapping):
        raise UserError(f"data: expected an array, a tensor or a data set of torch, got a {type(data).__name__}")
    items = (data[index] for index in range(len(data)))
    firsts = [_observation(item[0] if isinstance(item, tuple | list) and item else item) for item in items]
    if not firsts:
        raise UserError("data: there are no observations")
    try:
        return np.stack(firsts)
    except ValueError as error:
        raise UserError(f"data: the observations differ in size: {error}") from error


def is_frame(data: Any) -> bool:
    """Whether it is a frame of pandas, or one alike."""
    return hasattr(data, "columns") and hasattr(data, "to_numpy")


def without_mask(values: Any, source: str) -> Any:
    """The values themselves; `UserError`, about `source`, for a masked array that hides some of them."""
    if isinstance(values, np.ma.MaskedArray):
        if np.ma.is_masked(values):
            raise UserError(f"{source}: a masked array that hides values: fill them in, or leave their rows out")
        return values.data
    return values


def _observation(item: Any) -> np.ndarray:
    if isinstance(item, Tensor):
        return _numpy(item)
    if isinstance(item, Mapping | str | bytes) or item is None:
        raise UserError(
            f"data: the items of the data set are of type {type(item).__name__}: expected arrays, tensors or images "
            "of Pillow, or tuples that begin with one"
        )
    mode = getattr(item, "mode", None)
    if isinstance(mode, str) and hasattr(item, "convert"):  # Pillow's; a palette's numbers are no colours
        item = item.convert(_EIGHT_BITS.get(mode, mode))
    return np.asarray(without_mask(item, "data"))


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


def _numpy(values: Tensor) -> np.ndarray:
    values = values.detach().cpu()
    values = values if values.layout == torch.strided else values.to_dense()
    return (values.float() if values.dtype == torch.bfloat16 else values).numpy()  # numpy has no bfloat16
