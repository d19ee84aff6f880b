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
    with np.errstate(all="ignore"):  # a score of a run that diverged may be infinite
        mean, sd = float(found.mean()), float(found.std(ddof=1)) if len(found) > 1 else math.nan
    return estimate_of(mean, sd, len(found))


def estimate_of(mean: float, sd: float, n: int) -> Estimate:
    """How sure a mean of n values is, whose standard deviation (with n - 1) is `sd`."""
    if n == 1:
        return Estimate(mean, math.nan, math.nan, 1)
    return Estimate(mean, sd, float(stats.t.ppf((1 + LEVEL) / 2, n - 1)) * sd / math.sqrt(n), n)


def difference(one: Mapping[int, float], other: Mapping[int, float]) -> float | None:
    """The p-value of the difference of two means, two-sided; None where one seed each, or NaN, says nothing.

    Paired over the seeds that both have, where there are two or more; else Welch's test, two values each at least.

    Args:
        one: values by seed.
        other: likewise.
    """
    common = sorted(one.keys() & other.keys())
    first, second = np.array(list(one.values())), np.array(list(other.values()))
    if len(common) > 1:
        first, second = np.array([one[seed] for seed in common]), np.array([other[seed] for seed in common])
    if min(len(first), len(second)) < 2 or not (np.isfinite(first).all() and np.isfinite(second).all()):
        return None
    if len(common) > 1:
        found = estimate((first - second).tolist())
        if found.sd == 0 or np.ptp(first - second) == 0:
            return float(found.mean == 0)
        return float(2 * stats.t.sf(abs(found.mean) / found.sd * math.sqrt(found.n), found.n - 1))
    if np.ptp(first) == 0 and np.ptp(second) == 0:
        return float(first[0] == second[0])
    return float(stats.ttest_ind(first, second, equal_var=False).pvalue)


def is_within_noise(one: Mapping[int, float], other: Mapping[int, float]) -> bool | None:
    """Whether the difference of two means, the only one that is looked at, may be 0 at 5%; None where that is unknown.

    Args: as of `difference`.
    """
    found = difference(one, other)
    return None if found is None else found >= 1 - LEVEL


def told_apart(values: Sequence[float | None]) -> list[bool]:
    """Which of several differences are there, so that one or more are wrong in 5% of such families (Holm 1979).

    Args:
        values: the p-value of each; those that are None are not told, and none of the family.
    """
    known = sorted((value, place) for place, value in enumerate(values) if value is not None)
    told = [False] * len(values)
    for rank, (value, place) in enumerate(known):
        if value >= (1 - LEVEL) / (len(known) - rank):
            break
        told[place] = True
    return told
