"""What the metrics of a model come to."""

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from sae_src.metrics.metric import Metric


@dataclass
class Outcome(Mapping[str, dict[str, float]]):
    """What `evaluate_metrics` returns; as a mapping, the scores of each metric by its title.

    Attributes:
        scores: for each metric, its scores by name.
        results: for each metric, what else it returned.
        skipped: for each metric, or part of one, that could not be computed: why.
        instead: where the data do not have what a metric needs: names of others that they allow.
        left_out: names of the factors that have one value in all observations, of which no metric knows.
        seconds: time of each metric, and of what several share: `codes`, `classifiers`.
        chance: for each metric, the scores of codes drawn at random, of the same number and points, where asked for.
        intervals: for each metric, the bootstrap interval (low, high) of every score, where asked for.
        without_interval: for each metric that has none then: why.
        trained_on: how many of the points to test on are among those to train on; None where none are tested on.
        samples: number of points of each kind, and `encoded`, how many observations went through the encoder.
    """

    scores: dict[str, dict[str, float]] = field(default_factory=dict)
    results: dict[str, dict[str, Any]] = field(default_factory=dict)
    skipped: dict[str, str] = field(default_factory=dict)
    instead: tuple[str, ...] = ()
    left_out: tuple[str, ...] = ()
    seconds: dict[str, float] = field(default_factory=dict)
    samples: dict[str, int] = field(default_factory=dict)
    trained_on: int | None = None
    chance: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    intervals: dict[str, dict[str, tuple[float, float]]] = field(default_factory=dict)
    without_interval: dict[str, str] = field(default_factory=dict)

    def __getitem__(self, title: str) -> dict[str, float]:
        """The scores of the metric of that title."""
        return self.scores[title]

    def __iter__(self) -> Iterator[str]:
        """The titles of the metrics that were computed."""
        return iter(self.scores)

    def __len__(self) -> int:
        """How many metrics were computed."""
        return len(self.scores)

    def __bool__(self) -> bool:
        """Always true: there is an outcome, even where every metric was skipped."""
        return True

    def add(self, metric: Metric, returned: Mapping[str, Any], given: Mapping[str, Any]) -> None:
        """Put what a metric returned under scores and results; a score that it did not return is NaN.

        What it was given says which are its scores. Those that the published results list among the results are in
        both.
        """
        scores = metric.scores_with(given)
        self.scores[metric.title] = {name: returned.get(name, float("nan")) for name in scores}
        self.results[metric.title] = {
            name: value for name, value in returned.items() if name not in scores or name in metric.also_results
        }

    @contextmanager
    def timing(self, name: str) -> Iterator[None]:
        """Add the time that is spent inside to the seconds of `name`."""
        start = time.perf_counter()
        try:
            yield
        finally:
            self.seconds[name] = self.seconds.get(name, 0.0) + time.perf_counter() - start
