"""Mutual information of a continuous and a discrete variable by nearest neighbours (Ross, "Mutual information between
discrete and continuous data sets", PLoS ONE 2014).

For a point i whose class has n_i points: k_i = min(10, n_i - 1); r_i is just below the distance to its k_i-th nearest
neighbour within the class; m_i is the number of points of all classes within r_i, itself included. Then
I = psi(n) + mean psi(k_i) - mean psi(n_i) - mean psi(m_i), at least 0. Classes of one point are left out.
"""

from collections.abc import Callable

import numpy as np
from scipy.special import digamma

NEIGHBOURS = 10


def neighbour_information(values: np.ndarray, labels: np.ndarray, neighbours: int = NEIGHBOURS) -> float:
    """Mutual information in nats of values (N,) and labels (N,) from 0; NaN where no two points share a label.

    Values must be distinct, or nearly all, and no two of one observation: distances of 0, or of what parts equal
    values, have no meaning here.
    """
    counts = np.bincount(labels)
    together = counts[labels] > 1
    values, labels = values[together], labels[together]
    if len(values) == 0:
        return np.nan
    order = np.lexsort((values, labels))
    by_class, labels = values[order], labels[order]
    # A point's class stands between `start` and `stop`; labels that were left out take no room.
    counts = np.bincount(labels, minlength=len(counts))
    start = (np.cumsum(counts) - counts)[labels]
    stop, size = start + counts[labels], counts[labels]
    wanted = np.minimum(neighbours, size - 1)
    radius = np.nextafter(_neighbour_distance(by_class, start, stop, wanted), 0)
    within = _count_within(np.sort(values), by_class, radius)
    estimate = digamma(len(values)) + np.mean(digamma(wanted) - digamma(size) - digamma(within))
    return max(0.0, float(estimate))


def _neighbour_distance(values: np.ndarray, start: np.ndarray, stop: np.ndarray, wanted: np.ndarray) -> np.ndarray:
    """Distance (N,) of each value to its `wanted`-th nearest among those of its own block, which is sorted."""
    position = np.arange(len(values))
    distance = np.full(len(values), np.inf)
    # The nearest ones are a window around the point: of all windows of that length, the one that reaches least far.
    for before in range(int(wanted.max()) + 1):
        left, right = position - before, position - before + wanted
        inside = (before <= wanted) & (left >= start) & (right < stop)
        left, right = np.where(inside, left, position), np.where(inside, right, position)
        reach = np.maximum(values - values[left], values[right] - values)
        distance = np.where(inside, np.minimum(distance, reach), distance)
    return distance


def _count_within(ordered: np.ndarray, values: np.ndarray, radius: np.ndarray) -> np.ndarray:
    """How many of the sorted numbers (N,) are at most `radius` (M,) away from each value (M,)."""
    # The sums value + radius would be rounded, and take in the very neighbour that the radius just leaves out.
    first = _first_true(lambda index: values - ordered[index] <= radius, len(ordered), len(values))
    last = _first_true(lambda index: ordered[index] - values > radius, len(ordered), len(values))
    return last - first


def _first_true(condition: Callable[[np.ndarray], np.ndarray], count: int, size: int) -> np.ndarray:
    """For `size` conditions that turn true at some index below `count` and stay so, that index, or else `count`."""
    low, high = np.zeros(size, dtype=np.intp), np.full(size, count, dtype=np.intp)
    for _ in range(count.bit_length()):
        middle = (low + high) // 2
        true = (low == high) | condition(np.minimum(middle, count - 1))
        low, high = np.where(true, low, middle + 1), np.where(true, middle, high)
    return low
