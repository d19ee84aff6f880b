"""Which models of a column are the best, or not told from the best by their seeds."""

import math
from collections.abc import Sequence
from typing import Literal

from sae_src.comparison.groups import Group
from sae_src.comparison.scores import direction
from sae_src.comparison.statistics import difference, estimate, told_apart

Mark = Literal["best", "within noise", ""]


def marks_of(groups: Sequence[Group], name: str) -> list[Mark]:
    """The mark of each group for a score, among those on the same data.

    The best mean is that of a group with two seeds or more, where any has them. The others are compared with it, each
    at a level that Holm's correction for all of these comparisons leaves. A mean that is not finite has no mark.
    """
    marks: list[Mark] = [""] * len(groups)
    means = [estimate(list(group.values[name].values())).mean if name in group.values else math.nan for group in groups]
    data = [group.runs[0].summary.data if name in group.values else None for group in groups]
    end = direction(name)
    for each in dict.fromkeys(data):
        rivals = [place for place, mean in enumerate(means) if data[place] == each and math.isfinite(mean)]
        if end == "none" or len(rivals) < 2:
            continue
        repeated = [place for place in rivals if len(groups[place].values[name]) > 1]
        best = (max if end == "high" else min)(repeated or rivals, key=lambda place: means[place])
        others = [place for place in rivals if place != best]
        found = [difference(groups[place].values[name], groups[best].values[name]) for place in others]
        marks[best] = "best"
        for place, is_told in zip(others, told_apart(found), strict=True):
            marks[place] = "" if is_told else "within noise"
    return marks
