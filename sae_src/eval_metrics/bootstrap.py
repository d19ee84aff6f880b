"""Bootstrap intervals of scores: percentile intervals (Efron and Tibshirani, "An introduction to the bootstrap", 1993,
section 13), moved so that their middle is the score.

The points are resampled with replacement, those to train on and those to test on apart, and the score is computed again
each time. With s the score, q the quantiles of those of the resamples and m their median, the interval is from
s + (q_2.5 - m) to s + (q_97.5 - m). In about 95 of 100 draws of the points it holds the score that such draws have in
the middle, and it always holds s. It tells how much a score depends on the points that were drawn, not on the seed of
the training.

Resamples hold points twice, which moves what counts rare combinations, such as mutual information, by more than its
spread. Intervals from q_2.5 to q_97.5 keep that move: of 300 points they held the middle DCIMIG in none of 120 draws.
Basic ones, from 2 s - q_97.5 (Davison and Hinkley, "Bootstrap methods and their application", 1997, section 5.2), are
of the score of infinitely many points: they take the move off twice, and often do not hold s either. BCa intervals
(section 14 of the former) need resamples on both sides of s. How biased scores of few points are, their chance level
shows.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np

from omnilearn.errors import UserError
from omnilearn.progress import with_progress
from sae_src.metrics.metric import SHARED, Metric

LEVEL = 0.95

_STREAM = 2  # of random draws, after those of the points to train on and to test on
_TRAIN, _TEST = ("codes_train", "factors_train", "scales"), ("codes_test", "factors_test")


def check_resamples(count: int) -> None:
    """Raise `UserError` for a number of resamples that gives no interval; 0 asks for none."""
    if count != 0 and count < 2:
        raise UserError(f"bootstrap: must be at least 2, or 0 for none, got {count}")


def why_no_interval(metric: Metric) -> str | None:
    """Why the points of a metric cannot be resampled; None where they can."""
    if metric.no_interval:
        return f"no interval: {metric.no_interval}"
    more = [name for name in metric.parameters if name in SHARED and name not in (*_TRAIN, *_TEST, "classifiers")]
    return f"no interval: it is not a function of codes and factors alone, it takes {', '.join(more)}" if more else None


def intervals(
    metric: Metric, scores: Mapping[str, float], given: Mapping[str, Any], *, resamples: int, seed: int
) -> dict[str, tuple[float, float]]:
    """The 95% interval of every score of a metric; NaN where the points or a resample have no score.

    The same seed resamples the same points, for every metric alike. No interval ends where the range of a score does.

    Args:
        metric: one that `why_no_interval` says nothing of.
        scores: of the points as they are, by name.
        given: what it is called with. Classifiers are left out, since other points need others.
        resamples: how often the points are drawn, at least 2.
        seed: of the draws.

    Raises `ValueError` where the metric cannot score a resample.
    """
    generator = np.random.default_rng([seed, _STREAM])
    fixed = {name: value for name, value in given.items() if name != "classifiers"}
    found = np.empty((resamples, len(scores)))
    for k in with_progress(range(resamples), f"bootstrap of {metric.title}", "resamples"):
        drawn = dict(fixed)
        for names, first in ((_TRAIN, "codes_train"), (_TEST, "codes_test")):
            if first in fixed:
                rows = generator.integers(len(fixed[first]), size=len(fixed[first]))
                drawn |= {name: fixed[name][rows] for name in names if name in fixed}
        returned = metric.score(**drawn)
        found[k] = [returned.get(name, np.nan) for name in scores]
    with np.errstate(invalid="ignore"):  # of infinite scores
        low, middle, high = np.quantile(found, [(1 - LEVEL) / 2, 0.5, (1 + LEVEL) / 2], axis=0)
        below, above = middle - low, high - middle
    return {name: (float(score - below[j]), float(score + above[j])) for j, (name, score) in enumerate(scores.items())}
