"""What a few seeds say: mean, spread, an interval for the mean, and whether two models differ."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from scipy import stats

LEVEL = 0.95


@dataclass(frozen=True)
class Estimate:
    """A mean over seeds.

    Attributes:
        mean: the mean.
        sd: the standard deviation (with n - 1); NaN for one value.
        half_width: half the 95% interval of the mean by Student's t; NaN for one value.
        n: how many values.
    """

    mean: float
    sd: float
    half_width: float
    n: int


def estimate(values: Sequence[float]) -> Estimate:
    """The mean of values, at least one, and how sure it is."""
    found = np.asarray(values, dtype=float)
    n = len(found)
    if n == 1:
        return Estimate(float(found[0]), math.nan, math.nan, 1)
    sd = float(found.std(ddof=1))
    return Estimate(float(found.mean()), sd, float(stats.t.ppf((1 + LEVEL) / 2, n - 1)) * sd / math.sqrt(n), n)


def is_within_noise(one: Mapping[int, float], other: Mapping[int, float]) -> bool | None:
    """Whether the difference of two means may be 0 by a 95% interval; None where one seed each says nothing.

    Paired over the seeds that both have, where there are two or more; else by Welch's test, two values each at least.

    Args:
        one: values by seed.
        other: likewise.
    """
    common = sorted(one.keys() & other.keys())
    if len(common) > 1:
        differences = np.array([one[seed] - other[seed] for seed in common])
        if np.ptp(differences) == 0:
            return bool(differences[0] == 0)
        found = estimate(differences.tolist())
        return abs(found.mean) <= found.half_width
    if len(one) < 2 or len(other) < 2:
        return None
    first, second = list(one.values()), list(other.values())
    if np.ptp(first) == 0 and np.ptp(second) == 0:
        return first[0] == second[0]
    return bool(stats.ttest_ind(first, second, equal_var=False).pvalue > 1 - LEVEL)
