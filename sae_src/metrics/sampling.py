"""Points that share a factor value, freshly sampled or drawn from given rows, for the metrics that fix factors."""

import math
from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import ArrayLike

from sae_src.metrics.arrays import as_codes, constant_columns

Sampler = Callable[[np.ndarray], ArrayLike]
"""From factors (n, K), each an index from 0 up to its factor's size, to codes (n, D)."""

SharedDraw = Callable[[np.random.Generator, np.ndarray, int], np.ndarray]
"""From a generator, factor indices (n,) and a group size B to codes (n, B, D): the B points of group i are random but
share one random value of the factor with the i-th index."""

ROWS_PER_CALL = 16384
"""At most about so many factor rows reach a sampler at once."""


def check_sampler(
    sample: Sampler | None, factor_sizes: Sequence[int] | None, num_factors: int
) -> tuple[int, ...] | None:
    """The factor sizes as a tuple, None without a sampler; `ValueError` if they are missing or do not fit."""
    if sample is None:
        return None
    if factor_sizes is None:
        raise ValueError("factor_sizes, the number of values of each factor, must be given along with sample")
    sizes = tuple(int(size) for size in factor_sizes)
    if len(sizes) != num_factors:
        raise ValueError(f"factor_sizes has {len(sizes)} entries but the factors have {num_factors} columns")
    if min(sizes) < 1:
        raise ValueError(f"every factor needs at least one value, but factor_sizes is {sizes}")
    return sizes


def has_single_valued_factor(factors: np.ndarray, factor_sizes: Sequence[int] | None) -> bool:
    """Whether some factor has one value only: fixing it fixes nothing. By the sizes, or else by factors (N, K)."""
    return bool(constant_columns(factors).any()) if factor_sizes is None else min(factor_sizes) < 2


def sample_codes(sample: Sampler, factors: np.ndarray, num_codes: int) -> np.ndarray:
    """Codes (n, D) of factors (n, K), checked; `ValueError` if the sampler returns another shape."""
    codes = as_codes(sample(factors), "the result of sample")
    if codes.shape != (len(factors), num_codes):
        raise ValueError(f"sample must return codes of shape {(len(factors), num_codes)}, not {codes.shape}")
    return codes


def draw_factors(generator: np.random.Generator, factor_sizes: Sequence[int], *shape: int) -> np.ndarray:
    """Uniformly random factors (*shape, K), each an index from 0 up to its factor's size."""
    return generator.integers(factor_sizes, size=(*shape, len(factor_sizes)))


def shared_draw(
    codes: np.ndarray, factors: np.ndarray, sample: Sampler | None, factor_sizes: Sequence[int] | None
) -> SharedDraw:
    """Draws of points that share a factor value, from the sampler or else from the rows of the arrays.

    Raises `ValueError` if rows have to serve and a factor has no value that two of them share.
    """
    if sample is None or factor_sizes is None:
        return _draw_from_rows(codes, factors)
    return _draw_from_sampler(sample, factor_sizes, codes.shape[1])


def grid_sampler(codes: np.ndarray, factors: np.ndarray) -> tuple[Sampler, tuple[int, ...]]:
    """A sampler that looks codes up among given rows, and the factor sizes.

    Raises `ValueError` unless every combination of factor values occurs in the rows (the first one counts).
    """
    values, labels = zip(*(np.unique(column, return_inverse=True) for column in factors.T), strict=True)
    sizes = tuple(len(value) for value in values)
    combinations = math.prod(sizes)
    rows = np.zeros(0, dtype=np.intp)
    if combinations <= len(factors):  # which also keeps huge grids out of the index arithmetic
        rows = np.unique(np.ravel_multi_index(labels, sizes), return_index=True)[1]
    if len(rows) < combinations:
        raise ValueError(
            f"the {len(factors)} rows do not hold all {combinations} combinations of factor values: "
            "a function `sample` must supply the codes of any combination"
        )
    return lambda wanted: codes[rows[np.ravel_multi_index(tuple(wanted.T), sizes)]], sizes


def _draw_from_sampler(sample: Sampler, factor_sizes: Sequence[int], num_codes: int) -> SharedDraw:
    def draw(generator: np.random.Generator, fixed: np.ndarray, group_size: int) -> np.ndarray:
        factors = draw_factors(generator, factor_sizes, len(fixed), group_size)
        groups = np.arange(len(fixed))
        factors[groups, :, fixed] = factors[groups, 0, fixed][:, None]
        codes = sample_codes(sample, factors.reshape(-1, len(factor_sizes)), num_codes)
        return codes.reshape(len(fixed), group_size, num_codes)

    return draw


def _draw_from_rows(codes: np.ndarray, factors: np.ndarray) -> SharedDraw:
    indices = [_RowsByValue(column, k) for k, column in enumerate(factors.T)]

    def draw(generator: np.random.Generator, fixed: np.ndarray, group_size: int) -> np.ndarray:
        rows = np.empty((len(fixed), group_size), dtype=np.int64)
        for k, index in enumerate(indices):
            groups = fixed == k
            rows[groups] = index.draw(generator, int(groups.sum()), group_size)
        return codes[rows]

    return draw


class _RowsByValue:
    """The rows of one factor (N,), sorted by value, to draw rows of equal value in one step."""

    def __init__(self, column: np.ndarray, k: int) -> None:
        _, self.labels, self.counts = np.unique(column, return_inverse=True, return_counts=True)
        self.order = np.argsort(self.labels, kind="stable")
        self.starts = np.cumsum(self.counts) - self.counts
        # A value with one row has no spread of codes to speak of.
        self.candidates = np.flatnonzero(self.counts[self.labels] > 1)
        if len(self.candidates) == 0:
            raise ValueError(f"factor {k} has no value that two rows share: a function `sample` must supply such codes")

    def draw(self, generator: np.random.Generator, num_groups: int, group_size: int) -> np.ndarray:
        """Rows (num_groups, group_size), with replacement; a value is as likely as it is frequent."""
        values = self.labels[generator.choice(self.candidates, size=num_groups)]
        positions = generator.integers(self.counts[values][:, None], size=(num_groups, group_size))
        return self.order[self.starts[values][:, None] + positions]
