"""The curves of a run, with few enough points for a page."""

import math
from pathlib import Path

from omnilearn.tensorboard.curves import read_curves

MOST_POINTS = 300
_PREFIXES = ("time",)


def curves_of(run: Path) -> dict[str, list[list[float | None]]]:
    """For each tag with several values but times: its steps and its values, None where one is not finite.

    Of a curve with more than `MOST_POINTS` points, equal stretches are put together: their mean, at the last step.
    """
    curves = {}
    for tag, curve in read_curves(run).items():
        if len(curve) > 1 and not tag.startswith(_PREFIXES):
            curves[tag] = _shortened(list(curve), list(curve.values()))
    return curves


def _shortened(steps: list[int], values: list[float]) -> list[list[float | None]]:
    length = math.ceil(len(steps) / MOST_POINTS)
    starts = range(0, len(steps), length)
    means = [_mean(values[start : start + length]) for start in starts]
    return [[steps[min(start + length, len(steps)) - 1] for start in starts], means]


def _mean(values: list[float]) -> float | None:
    finite = [value for value in values if math.isfinite(value)]
    return float(f"{sum(finite) / len(finite):.6g}") if finite else None
