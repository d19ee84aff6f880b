"""A curve in one line of text."""

import math
from collections.abc import Mapping

_LEVELS = "▁▂▃▄▅▆▇█"


def line_plot(curve: Mapping[int, float], width: int = 60) -> str:
    """A curve, value by step, as blocks of eight heights; steps are shared out over the width, and those in a column
    averaged. Values that are not finite leave a gap. The height is logarithmic where values are positive and span more
    than a factor of ten.
    """
    points = {step: value for step, value in curve.items() if math.isfinite(value)}
    if not points:
        return ""
    first, last = min(points), max(points)
    columns: list[list[float]] = [[] for _ in range(min(width, len(points)))]
    for step, value in points.items():
        place = (step - first) / (last - first) if last > first else 0.0
        columns[min(int(place * len(columns)), len(columns) - 1)].append(value)
    means = [sum(column) / len(column) if column else None for column in columns]
    known = [mean for mean in means if mean is not None]
    is_log = min(known) > 0 and max(known) > 10 * min(known)
    heights = [None if mean is None else math.log(mean) if is_log else mean for mean in means]
    low = min(height for height in heights if height is not None)
    span = max(height for height in heights if height is not None) - low
    return "".join(
        " " if height is None else _LEVELS[min(int((height - low) / span * 8), 7) if span else 0] for height in heights
    )
