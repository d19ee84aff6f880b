"""Changes of codes and factors that a score by bins of the codes and labels of the factors must not notice."""

from collections.abc import Callable

import numpy as np

Change = Callable[[np.ndarray, np.ndarray], tuple[np.ndarray, np.ndarray]]


def _relabel(factors: np.ndarray) -> np.ndarray:
    return 7 * (factors.max(axis=0) - factors) ** 2 - 3


UNNOTICED: dict[str, Change] = {
    "codes in another order": lambda codes, factors: (codes[:, ::-1], factors),
    "factors in another order": lambda codes, factors: (codes, factors[:, ::-1]),
    "points in another order": lambda codes, factors: (codes[::-1], factors[::-1]),
    "other factor values": lambda codes, factors: (codes, _relabel(factors)),
    "codes twice as large": lambda codes, factors: (2 * codes, factors),
}


def noise(count: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Ten normal codes that know nothing of five factors."""
    generator = np.random.default_rng(seed)
    return generator.normal(size=(count, 10)), generator.integers([10, 10, 8, 4, 15], size=(count, 5))


def perfect() -> tuple[np.ndarray, np.ndarray]:
    """Every combination of three factors with equal frequency, which are the codes too."""
    factors = np.stack(np.meshgrid(range(4), range(3), range(5), indexing="ij"), axis=-1).reshape(-1, 3)
    return factors.astype(float), factors
