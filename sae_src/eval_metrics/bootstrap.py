"""Bootstrap intervals of scores (Efron, "Bootstrap methods: another look at the jackknife", Annals of Statistics 1979).

The points are resampled with replacement, those to train on and those to test on apart, and the score is computed again
each time. An interval tells how much a score depends on the points that were drawn, not on the seed of the training.
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
    more = [name for name in metric.parameters if name in SHARED and name not in (*_TRAIN, *_TEST, "classifiers")]
    return f"no interval: it is not a function of codes and factors alone, it takes {', '.join(more)}" if more else None


def intervals(metric: Metric, given: Mapping[str, Any], *, resamples: int, seed: int) -> dict[str, tuple[float, float]]:
    """The percentile interval, from 2.5 to 97.5 %, of every score of a metric; NaN where a resample has no score.

    The same seed resamples the same points, for every metric alike.

    Args:
        metric: one that `why_no_interval` says nothing of.
        given: what it is called with. Classifiers are left out, since other points need others.
        resamples: how often the points are drawn, at least 2.
        seed: of the draws.

    Raises `ValueError` where the metric cannot score a resample.
    """
    generator = np.random.default_rng([seed, _STREAM])
    fixed = {name: value for name, value in given.items() if name != "classifiers"}
    found = np.empty((resamples, len(metric.scores)))
    for k in with_progress(range(resamples), f"bootstrap of {metric.title}", "resamples"):
        drawn = dict(fixed)
        for names, first in ((_TRAIN, "codes_train"), (_TEST, "codes_test")):
            if first in fixed:
                rows = generator.integers(len(fixed[first]), size=len(fixed[first]))
                drawn |= {name: fixed[name][rows] for name in names if name in fixed}
        returned = metric.score(**drawn)
        found[k] = [returned.get(name, np.nan) for name in metric.scores]
    low, high = np.quantile(found, [(1 - LEVEL) / 2, (1 + LEVEL) / 2], axis=0)
    return {name: (float(low[j]), float(high[j])) for j, name in enumerate(metric.scores)}
