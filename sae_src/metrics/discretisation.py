"""Equal-width bins, and the mutual information and entropy of discrete variables."""

import numpy as np
from sklearn.metrics import mutual_info_score


def discretise(matrix: np.ndarray, num_bins: int = 20) -> np.ndarray:
    """The bin, 1 to `num_bins`, of every value of a matrix (N, D) among equal-width bins over its column's range.

    The edges are those of `numpy.histogram`, in the precision of the values. A constant column falls into one bin.
    Raises `ValueError` for fewer than one bin.
    """
    if num_bins < 1:
        raise ValueError(f"num_bins must be at least 1, got {num_bins}")
    return np.stack([_discretise_column(column, num_bins) for column in matrix.T], axis=1)


def mutual_information(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Mutual information (A, B) in nats of the columns of two matrices of discrete values, (N, A) and (N, B)."""
    columns_a, columns_b = ([np.unique(column, return_inverse=True)[1] for column in m.T] for m in (a, b))
    return np.array([[_mutual_information(x, y) for y in columns_b] for x in columns_a])


def entropy(matrix: np.ndarray) -> np.ndarray:
    """Entropy (K,) in nats of the columns of a matrix (N, K) of discrete values."""
    labels = [np.unique(column, return_inverse=True)[1] for column in matrix.T]
    return np.array([_mutual_information(column, column) for column in labels])


def gap_of_best_two(matrix: np.ndarray) -> np.ndarray:
    """Largest minus second largest entry of every column (D, K) -> (K,); NaN with a single row."""
    if len(matrix) < 2:
        return np.full(matrix.shape[1], np.nan)
    second, first = np.sort(matrix, axis=0)[-2:]
    return first - second


def _discretise_column(column: np.ndarray, num_bins: int) -> np.ndarray:
    low, high = column.min(), column.max()
    dtype = column.dtype if column.dtype.kind == "f" else np.float64
    if low == high:
        low, high = low - 0.5, high + 0.5
    # numpy.histogram refuses a range too narrow for distinct edges; here such bins are empty.
    edges = np.linspace(low, high, num_bins + 1, dtype=dtype)
    return np.digitize(column, edges[:-1])


def _mutual_information(x: np.ndarray, y: np.ndarray) -> float:
    rows, columns = x.max() + 1, y.max() + 1
    table = np.bincount(x * columns + y, minlength=rows * columns).reshape(rows, columns)
    return mutual_info_score(None, None, contingency=table)
