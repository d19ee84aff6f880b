"""The arguments that all metrics share: codes and factors as checked arrays, and factor values as class labels."""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike


class Data(NamedTuple):
    """Codes (N, D) and factors (N, K) to train on, and codes (M, D) and factors (M, K) to test on."""

    codes_train: np.ndarray
    factors_train: np.ndarray
    codes_test: np.ndarray
    factors_test: np.ndarray


def check_data(
    codes_train: ArrayLike,
    factors_train: ArrayLike,
    codes_test: ArrayLike | None = None,
    factors_test: ArrayLike | None = None,
) -> Data:
    """The four arrays as numpy arrays; the training arrays stand in for absent test arrays.

    Codes keep single or double precision, since the edges of a histogram depend on it. Raises `ValueError` for arrays
    that are not 2-D, empty or not finite, that differ in length or width, and for one test array without the other.
    """
    if (codes_test is None) != (factors_test is None):
        raise ValueError("codes_test and factors_test must be given together")
    train = _pair(codes_train, factors_train, "train")
    if codes_test is None or factors_test is None:
        return Data(*train, *train)
    test = _pair(codes_test, factors_test, "test")
    for name, one, other in zip(("codes", "factors"), train, test, strict=True):
        if one.shape[1] != other.shape[1]:
            raise ValueError(f"{name}_train has {one.shape[1]} columns but {name}_test has {other.shape[1]}")
    return Data(*train, *test)


def check_codes(
    codes_train: ArrayLike,
    factors_train: ArrayLike | None = None,
    codes_test: ArrayLike | None = None,
    factors_test: ArrayLike | None = None,
) -> np.ndarray:
    """The training codes, for a metric that needs no more; other arrays are checked where there are any."""
    if factors_train is None:
        return as_codes(codes_train, "codes_train")
    return check_data(codes_train, factors_train, codes_test, factors_test).codes_train


def as_codes(values: ArrayLike, name: str = "codes") -> np.ndarray:
    """A finite floating-point matrix (N, D) from an array or a tensor on any device; `ValueError` otherwise."""
    codes = _matrix(values, name)
    return codes if codes.dtype in (np.float32, np.float64) else codes.astype(np.float64)


def check_single_precision(codes: np.ndarray) -> None:
    """Raise `ValueError` for codes that single precision, in which scikit-learn's trees compute, cannot hold."""
    if np.abs(codes).max() > np.finfo(np.float32).max:
        raise ValueError("the codes are too large for a classifier: some are beyond 3.4e38")


def constant_columns(matrix: np.ndarray) -> np.ndarray:
    """Which columns of a matrix (N, D) hold one value only, as a mask (D,)."""
    # Not by a zero variance: the mean of equal numbers need not be that number.
    return matrix.max(axis=0) == matrix.min(axis=0)


def class_labels(train: np.ndarray, test: np.ndarray) -> tuple[np.ndarray, np.ndarray, int]:
    """One factor's values (N,) and (M,) as labels 0 to C - 1 in the order of the training values, and C.

    A test value that does not occur in training gets the label -1.
    """
    classes, labels = np.unique(train, return_inverse=True)
    nearest = np.minimum(np.searchsorted(classes, test), len(classes) - 1)
    return labels, np.where(classes[nearest] == test, nearest, -1), len(classes)


def _pair(codes: ArrayLike, factors: ArrayLike, split: str) -> tuple[np.ndarray, np.ndarray]:
    pair = as_codes(codes, f"codes_{split}"), _matrix(factors, f"factors_{split}")
    if len(pair[0]) != len(pair[1]):
        raise ValueError(f"codes_{split} has {len(pair[0])} rows but factors_{split} has {len(pair[1])}")
    return pair


def _matrix(values: ArrayLike, name: str) -> np.ndarray:
    if np.ma.is_masked(values):
        raise ValueError(f"{name} is a masked array that hides values: leave their rows out")
    matrix = np.asarray(_readable(values))
    if matrix.ndim != 2 or matrix.size == 0:
        raise ValueError(f"{name} must be a matrix with at least one row and one column, not of shape {matrix.shape}")
    if matrix.dtype.kind not in "biuf":
        raise ValueError(f"{name} must hold numbers, not {matrix.dtype}")
    if not np.isfinite(matrix).all():
        raise ValueError(f"{name} holds NaN or infinity")
    return matrix


def _readable(values: Any) -> ArrayLike:
    """What numpy can read: a tensor, known by its `detach`, on the CPU, and not in bfloat16, which numpy lacks."""
    # No import of torch, which the processes of `boosting` do without.
    if not hasattr(values, "detach"):
        return values
    tensor = values.detach().cpu()
    return tensor.float() if tensor.is_floating_point() and tensor.element_size() == 2 else tensor
