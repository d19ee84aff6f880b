"""Overlap and multiple encoding score, OMES (Dapueto, Noceti and Odone, "Transferring disentangled representations:
bridging the gap between synthetic and real images", NeurIPS 2024).

For each factor k, pairs of observations that differ in that factor only. S_jk = 1 - |correlation of code j between
the two members| says how much code j follows factor k. Codes of a standard deviation below 0.05 are left out.
Overlap of code j for k: o_jk = 1 - mean over factors k' of |1[k' = k] - S_jk'| (1 if the code follows k alone).
Multiple encoding: m_jk = 1 - mean over codes j' of |1[j' = j] - S_j'k| (1 if k is in code j alone).
Per factor both are pooled over codes, o_jk S_jk and m_jk S_jk: weighted by S_jk (`avg`) or the largest (`max`).
OMES = mean over factors of alpha * overlap + (1 - alpha) * multiple encoding.

Range 0 to 1: near 1 when every factor moves one code and every code moves with one factor. Codes of pure noise follow
everything (S = 1) and score (1/K + 1/D) / 2. A code that ignores a factor but is noisy has S above 0, and the
correlation of a code that follows it is not quite 0 but about 0.8 / sqrt(n) with n pairs, by which few pairs lower the
score. Codes of different length compare, apart from the threshold, which depends on their scale.

The members of `published` pairs never share the value of the factor, so that even a perfect code has
S = 1 - 1 / (C - 1) for C values only: 0 for a binary factor, which then counts as not encoded.
"""

import math
from collections.abc import Sequence
from typing import Literal, get_args

import numpy as np
from numpy.typing import ArrayLike

from sae_src.metrics.arrays import as_codes, check_data, constant_columns
from sae_src.metrics.class_factors import check_classes
from sae_src.metrics.metric import Metric
from sae_src.metrics.sampling import (
    ROWS_PER_CALL,
    Sampler,
    check_sampler,
    draw_factors,
    grid_sampler,
    has_single_valued_factor,
    sample_codes,
)

LEAST_DEVIATION = 0.05
"""Codes of a smaller standard deviation are not active."""

Pooling = Literal["avg", "max"]
"""How a factor's values for the codes become one: their mean weighted by S, or the largest."""

Pairing = Literal["independent", "published"]
"""How the second value of a pair's factor is drawn: independently of the first, or by splitting the shuffled values of
the factor in two halves, so that it differs."""


def score(
    codes_train: ArrayLike,
    factors_train: ArrayLike,
    codes_test: ArrayLike | None = None,
    factors_test: ArrayLike | None = None,
    *,
    seed: int = 0,
    sample: Sampler | None = None,
    factor_sizes: Sequence[int] | None = None,
    num_pairs: int = 2000,
    pairing: Pairing = "independent",
    alpha: float = 0.5,
    pooling: Pooling = "avg",
    decimals: int | None = None,
) -> dict[str, float | np.ndarray]:
    """OMES of codes (N, D) and factors (N, K), or of what `sample` gives for factors; the test arrays are not used.

    Args:
        codes_train: codes (N, D) that tell which are active, and to look up without `sample`.
        factors_train: factors (N, K) to look up without `sample`.
        codes_test: not used.
        factors_test: not used.
        seed: of the pairs drawn.
        sample: codes (n, D) of any factors (n, K) of indices. Without it the training rows are looked up, which needs
            every combination of factor values among them (`ValueError` otherwise).
        factor_sizes: number of values of each factor, with `sample`.
        num_pairs: pairs of points for each factor, which differ in this factor only, at least 2: with few of them the
            score is lower. With `published` pairing at least as many, and each of the combinations of the other
            factors once if that is fewer.
        pairing: how the second value of a pair's factor is drawn: independently of the first, or, as published, always
            another one. See `Pairing`.
        alpha: what the score is made of, from 0 (only whether each factor moves one code) to 1 (only whether each code
            moves with one factor), 0.5 being their mean.
        pooling: how the values of a factor for the single codes become one: their mean, weighted by how closely each
            code follows the factor, or the largest.
        decimals: decimal places to keep of how closely each code follows each factor (S), all of them by default. The
            published system keeps 4.

    Returns what `score_pairs` does, or with a factor of one value `omes` alone, which is NaN then.
    """
    data = check_data(codes_train, factors_train, codes_test, factors_test)
    check_classes(data.factors_train)
    num_codes, num_factors = data.codes_train.shape[1], data.factors_train.shape[1]
    sizes = check_sampler(sample, factor_sizes, num_factors)
    _check_settings(alpha, pooling)
    if pairing not in get_args(Pairing):
        raise ValueError(f"pairing must be one of {', '.join(get_args(Pairing))}, not {pairing!r}")
    if num_pairs < 2:
        raise ValueError(f"num_pairs must be at least 2, got {num_pairs}")
    if has_single_valued_factor(data.factors_train, sizes):
        return {"omes": np.nan}
    if sample is None or sizes is None:
        sample, sizes = grid_sampler(data.codes_train, data.factors_train)
    generator = np.random.default_rng(seed)
    draw = _independent_pairs if pairing == "independent" else _published_pairs
    pairs = []
    for k in range(num_factors):
        first, second = draw(generator, sizes, k, num_pairs)
        pairs.append((_codes_of(sample, first, num_codes), _codes_of(sample, second, num_codes)))
    return score_pairs(data.codes_train, pairs, alpha=alpha, pooling=pooling, decimals=decimals)


def score_pairs(
    codes: ArrayLike,
    pairs: Sequence[tuple[ArrayLike, ArrayLike]],
    *,
    alpha: float = 0.5,
    pooling: Pooling = "avg",
    decimals: int | None = None,
) -> dict[str, float | np.ndarray]:
    """OMES of given pairs.

    Args:
        codes: codes (N, D) that tell which are active.
        pairs: for each of the K factors the codes (n, D) of the first and those of the second members of its pairs.
        alpha: weight of the overlap, 0 to 1.
        pooling: see `Pooling`.
        decimals: to round S to; the published system uses 4.

    Returns `omes`, `num_active_dims`, per factor `overlap` (K,) and `multiple_encoding` (K,), and `association`
    (D, K), which is S, with NaN for codes that are not active. A code that is constant within the pairs of a factor
    has S = 0. Without active codes the score is 0.
    """
    _check_settings(alpha, pooling)
    codes = as_codes(codes)
    if len(pairs) == 0:
        raise ValueError("there must be pairs for at least one factor")
    with np.errstate(over="ignore"):  # a deviation beyond all numbers is above the least
        deviations = codes.std(axis=0, ddof=1, dtype=np.float64) if len(codes) > 1 else np.zeros(codes.shape[1])
    active = (deviations >= LEAST_DEVIATION) & ~constant_columns(codes)
    association = np.stack([_association(*members, k, codes.shape[1]) for k, members in enumerate(pairs)], axis=1)
    if decimals is not None:
        association = association.round(decimals)
    association[~active] = np.nan
    overlap, multiple_encoding = _pooled(association[active], pooling)
    return {
        "omes": float(np.mean(alpha * overlap + (1 - alpha) * multiple_encoding)),
        "num_active_dims": int(active.sum()),
        "overlap": overlap,
        "multiple_encoding": multiple_encoding,
        "association": association,
    }


def _check_settings(alpha: float, pooling: Pooling) -> None:
    if not 0 <= alpha <= 1:
        raise ValueError(f"alpha must be between 0 and 1, got {alpha}")
    if pooling not in get_args(Pooling):
        raise ValueError(f"pooling must be one of {', '.join(get_args(Pooling))}, not {pooling!r}")


def _association(first: ArrayLike, second: ArrayLike, factor: int, num_codes: int) -> np.ndarray:
    """1 - |correlation| (D,) of the codes (n, D) of the two members of each pair."""
    x, y = as_codes(first, f"first codes of factor {factor}"), as_codes(second, f"second codes of factor {factor}")
    if x.shape != y.shape or x.shape[1] != num_codes:
        raise ValueError(f"the pairs of factor {factor} have shapes {x.shape} and {y.shape}, not (n, {num_codes}) both")
    constant = constant_columns(x) | constant_columns(y)
    x, y = (each.astype(np.float64) for each in (x, y))
    # By the largest value first: squares of very large numbers leave the range of numbers.
    x, y = (each / np.maximum(np.abs(each).max(axis=0), 1) for each in (x, y))
    x, y = x - x.mean(axis=0), y - y.mean(axis=0)
    lengths = np.sqrt(np.square(x).sum(axis=0)) * np.sqrt(np.square(y).sum(axis=0))
    constant |= lengths == 0
    correlation = np.abs((x * y).sum(axis=0)) / np.where(constant, 1, lengths)
    return np.where(constant, 0, 1 - np.minimum(correlation, 1))


def _pooled(association: np.ndarray, pooling: Pooling) -> tuple[np.ndarray, np.ndarray]:
    """Overlap and multiple encoding of every factor, (K,) each, of the S (D, K) of active codes."""
    num_codes, num_factors = association.shape
    of_codes, of_factors = association.sum(axis=1, keepdims=True), association.sum(axis=0)
    # The sums over |1[.] - S| written out: 1 - S for the one itself, S for every other.
    overlap = 1 - (1 + of_codes - 2 * association) / num_factors
    multiple_encoding = 1 - (1 + of_factors - 2 * association) / max(num_codes, 1)
    if pooling == "max":
        return (overlap * association).max(axis=0, initial=0), (multiple_encoding * association).max(axis=0, initial=0)
    weights = np.square(association) / np.where(of_factors > 0, of_factors, 1)
    return (overlap * weights).sum(axis=0), (multiple_encoding * weights).sum(axis=0)


def _codes_of(sample: Sampler, factors: np.ndarray, num_codes: int) -> np.ndarray:
    parts = np.array_split(factors, -(-len(factors) // ROWS_PER_CALL))
    return np.concatenate([sample_codes(sample, part, num_codes) for part in parts])


def _independent_pairs(
    generator: np.random.Generator, sizes: Sequence[int], k: int, num_pairs: int
) -> tuple[np.ndarray, np.ndarray]:
    """Factors (n, K) of the members of pairs that share all factors but k, which is random in both."""
    first = draw_factors(generator, sizes, num_pairs)
    second = first.copy()
    second[:, k] = generator.integers(sizes[k], size=num_pairs)
    return first, second


def _published_pairs(
    generator: np.random.Generator, sizes: Sequence[int], k: int, num_pairs: int
) -> tuple[np.ndarray, np.ndarray]:
    """The same with two halves of the shuffled values of k, for random or else all combinations of the others."""
    half = sizes[k] // 2
    others = [1 if other == k else size for other, size in enumerate(sizes)]
    wanted, there_are = -(-num_pairs // half), math.prod(others)
    if there_are <= wanted:
        combinations = np.stack(np.unravel_index(np.arange(there_are), others), axis=1)
    else:
        combinations = draw_factors(generator, others, wanted)
    values = generator.permuted(np.tile(np.arange(sizes[k]), (len(combinations), 1)), axis=1)
    first = np.repeat(combinations, half, axis=0)
    second = first.copy()
    first[:, k], second[:, k] = values[:, :half].ravel(), values[:, half : 2 * half].ravel()
    return first, second


METRIC = Metric(
    name="omes",
    title="OMES",
    score=score,
    scores=("omes",),
    meaning="each factor moves one latent, and each latent moves with one factor",
    range="0 to 1, high",
    need="grid",
    ignores_test_points=True,
    at_least={"num_pairs": 2, "alpha": 0},
    at_most={"alpha": 1},
)
