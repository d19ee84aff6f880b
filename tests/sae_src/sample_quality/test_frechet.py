"""The Fréchet distance and the moments that it compares."""

import numpy as np
import pytest
import torch
from scipy.linalg import sqrtm

from sae_src.sample_quality.frechet import Moments, RunningMoments, frechet_distance


def moments_of(features) -> Moments:
    return Moments(torch.from_numpy(features.mean(0)), torch.from_numpy(np.cov(features, rowvar=False)))


def correlated(count: int, dim: int, seed: int, *, decay: float = 0.0) -> np.ndarray:
    """Features whose directions have standard deviations from 1 down to exp(-decay)."""
    random = np.random.default_rng(seed)
    mixing = np.linalg.qr(random.normal(size=(dim, dim)))[0] * np.exp(-decay * np.linspace(0, 1, dim))
    return random.normal(size=(count, dim)) @ mixing.T + random.normal(size=dim)


def by_scipy(first: Moments, second: Moments) -> float:
    (m1, s1), (m2, s2) = (tuple(part.numpy() for part in moments) for moments in (first, second))
    return float(np.sum((m1 - m2) ** 2) + np.trace(s1 + s2) - 2 * np.trace(sqrtm(s1 @ s2).real))


@pytest.mark.parametrize(("dim", "decay"), [(1, 0), (2, 0), (64, 0), (64, 6), (192, 3), (400, 0)])
def test_equals_scipy_on_full_rank(dim, decay):
    first, second = (moments_of(correlated(3 * dim + 10, dim, seed, decay=decay).reshape(-1, dim)) for seed in (1, 2))
    if dim == 1:
        first, second = (Moments(m.mean.view(1), m.covariance.view(1, 1)) for m in (first, second))
    assert frechet_distance(first, second) == pytest.approx(by_scipy(first, second), rel=1e-6)


@pytest.mark.parametrize("count", [2, 10, 63])
def test_is_finite_for_singular_covariances(count):
    first, second = (moments_of(correlated(count, 64, seed)) for seed in (1, 2))
    distance = frechet_distance(first, second)
    assert np.isfinite(distance) and distance > 0
    assert frechet_distance(first, first) == pytest.approx(0, abs=1e-5)


def test_is_zero_between_points_and_their_distance_squared_otherwise():
    nothing = torch.zeros(3, 3)
    assert frechet_distance(Moments(torch.ones(3), nothing), Moments(torch.ones(3), nothing)) == 0
    assert frechet_distance(Moments(torch.ones(3), nothing), Moments(torch.zeros(3), nothing)) == pytest.approx(3)


def test_known_value_of_spheres():
    first, second = Moments(torch.zeros(5), torch.eye(5)), Moments(torch.full((5,), 2.0), 9 * torch.eye(5))
    assert frechet_distance(first, second) == pytest.approx(5 * 4 + 5 * (3 - 1) ** 2)


def test_is_symmetric():
    first, second = (moments_of(correlated(100, 20, seed, decay=2)) for seed in (1, 2))
    assert frechet_distance(first, second) == pytest.approx(frechet_distance(second, first), rel=1e-9)


def test_refuses_moments_that_are_not_finite_or_do_not_fit():
    good = Moments(torch.zeros(3), torch.eye(3))
    with pytest.raises(ValueError, match="not finite"):
        frechet_distance(good, Moments(torch.full((3,), float("nan")), torch.eye(3)))
    with pytest.raises(ValueError, match="3 features cannot be compared with 2"):
        frechet_distance(good, Moments(torch.zeros(2), torch.eye(2)))


@pytest.mark.parametrize("batch_size", [1, 7, 50, 1000])
def test_running_moments_equal_numpy(batch_size):
    features = (correlated(300, 24, 0) + 1000).astype(np.float32)  # far from 0, where sums of squares lose digits
    running = RunningMoments()
    for start in range(0, len(features), batch_size):
        running.update(torch.from_numpy(features[start : start + batch_size]))
    mean, covariance = running.moments()
    np.testing.assert_allclose(mean, features.astype(np.float64).mean(0), rtol=1e-13)
    np.testing.assert_allclose(covariance, np.cov(features.astype(np.float64), rowvar=False), rtol=1e-9, atol=1e-10)


def test_one_sample_has_no_covariance():
    running = RunningMoments()
    running.update(torch.ones(1, 3))
    with pytest.raises(ValueError, match="at least 2"):
        running.moments()
