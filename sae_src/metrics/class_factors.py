"""Factors as classes: which are refused, and classifiers of any number of them."""

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache

import numpy as np
from sklearn.exceptions import ConvergenceWarning
from threadpoolctl import ThreadpoolController

_FEW_POINTS = 20  # so few may all be of different classes


def check_classes(factors: np.ndarray, *, way_out: str = "use mcc or r2, which take any numbers") -> None:
    """Raise `ValueError` where a column of factors (N, K) looks like real numbers instead of classes.

    These are columns of numbers that are not all whole and of which more than half are different.

    Args:
        factors: the factors.
        way_out: what takes such factors instead.
    """
    for k, column in enumerate(factors.T):
        if len(column) <= _FEW_POINTS or column.dtype.kind != "f" or (column == np.round(column)).all():
            continue
        count = len(np.unique(column))
        if 2 * count > len(column):
            raise ValueError(
                f"factor {k} has {count} different values at {len(column)} points, but this score takes factors as "
                f"classes: put the factor into bins first, or {way_out}"
            )


@contextmanager
def small_fits() -> Iterator[None]:
    """Fit classifiers of codes on one thread, without warnings that say nothing new.

    Products of matrices with so few columns are not faster on more threads, and many times slower where another
    program keeps one of these from its core, since the others wait for it.

    The warnings are of scikit-learn, about too few iterations, of which the published scores stop after the default
    number as well, and about more classes than half the points, which is allowed.
    """
    with _matrix_products().limit(limits=1, user_api="blas"), warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        warnings.filterwarnings("ignore", message="The number of unique classes", category=UserWarning)
        yield


@cache
def _matrix_products() -> ThreadpoolController:
    """The libraries that numpy and scipy multiply matrices with; looking for them takes longer than a small fit."""
    return ThreadpoolController()
