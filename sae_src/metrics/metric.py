"""What a metric says of itself: one `METRIC` at the end of each metric's module."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

Need = Literal["codes", "factors", "numbers", "grid", "pairs", "posteriors"]
"""What a metric takes beside codes: nothing, factors as classes, factors as any numbers, an observation for every
combination of factor values, pairs of observations that differ in one factor, or factors as classes and the standard
deviation of every code's posterior, as `scales`."""


@dataclass(frozen=True)
class Metric:
    """A metric as configs, results, help and documents know it; all of them derive from this.

    Attributes:
        name: its name in configs, such as `mig`.
        title: its name in results, such as `MIG`.
        score: the function. Its parameters say what it takes: codes, factors and test arrays, what metrics share
            (`classifiers`, `scales`, `sample` with `factor_sizes`), and by keyword its own settings, which are config
            keys.
        scores: which of the numbers that it returns are scores; the rest are results.
        need: what it cannot do without.
        also_results: scores that are kept among the results too.
        is_published: whether the published evaluations have it, and so the default ones.
    """

    name: str
    title: str
    score: Callable[..., Mapping[str, Any]]
    scores: tuple[str, ...]
    need: Need = "factors"
    also_results: tuple[str, ...] = ()
    is_published: bool = False
