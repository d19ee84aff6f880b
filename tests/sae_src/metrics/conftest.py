"""The synthetic problem of the reference numbers, and its boosted classifiers."""

from typing import NamedTuple

import numpy as np
import pytest

from sae_src.metrics.boosting import fit_classifiers

FACTOR_SIZES = (4, 3, 5)


class Problem(NamedTuple):
    codes_train: np.ndarray
    factors_train: np.ndarray
    codes_test: np.ndarray
    factors_test: np.ndarray


def noisy_codes(factors: np.ndarray, random: np.random.RandomState) -> np.ndarray:
    a, b, c = (factors + 0.7 * random.randn(*factors.shape)).T
    return np.stack([a + 0.1 * b, np.sin(b), 0.5 * c + 0.05 * a * b, np.cos(a + c), 0.2 * c], axis=1)


def draw(count: int, random: np.random.RandomState) -> tuple[np.ndarray, np.ndarray]:
    """Codes and factors in the batches of 64 of the published system."""
    codes, factors = [], []
    for start in range(0, count, 64):
        size = min(64, count - start)
        factors.append(np.stack([random.randint(values, size=size) for values in FACTOR_SIZES], axis=1))
        codes.append(noisy_codes(factors[-1], random))
    return np.concatenate(codes), np.concatenate(factors)


@pytest.fixture(scope="session")
def problem() -> Problem:
    random = np.random.RandomState(0)
    return Problem(*draw(500, random), *draw(300, random))


@pytest.fixture
def sampler() -> dict:
    random = np.random.RandomState(1)
    return {"sample": lambda factors: noisy_codes(factors, random), "factor_sizes": FACTOR_SIZES}


@pytest.fixture(scope="session")
def classifiers(problem):
    return fit_classifiers(problem.codes_train, problem.factors_train)


def grid(*sizes: int) -> np.ndarray:
    """All combinations of factor values (N, K)."""
    return np.stack(np.meshgrid(*(np.arange(size) for size in sizes), indexing="ij"), axis=-1).reshape(-1, len(sizes))
