"""Codes of mean 0 and standard deviation 1."""

import numpy as np

from sae_src.metrics.arrays import constant_columns


def standardise(matrix: np.ndarray, by: np.ndarray | None = None) -> np.ndarray:
    """The columns of a matrix (N, D), less the means of `by` (M, D) and divided by its standard deviations.

    In double precision; the standard deviation divides by M. `by` is the matrix itself unless given, for example the
    training codes where the matrix holds test codes. A column that is constant in `by` becomes 0.
    """
    by = matrix if by is None else by
    # By the largest value first: squares of very small or very large numbers leave the range of floating-point numbers.
    unit = np.abs(by).max(axis=0).astype(np.float64)
    unit = np.where(unit > 0, unit, 1.0)
    scaled = by / unit
    mean, deviation = scaled.mean(axis=0), scaled.std(axis=0)
    undefined = constant_columns(by) | (deviation == 0)
    return np.where(undefined, 0.0, (matrix / unit - mean) / np.where(undefined, 1.0, deviation))
