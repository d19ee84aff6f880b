"""All metrics of one model on one dataset, sharing codes and classifiers."""

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property, partial
from typing import Any

import joblib
import numpy as np
from tqdm import tqdm

from omnilearn.data import Dataset
from omnilearn.evaluation.evaluate import evaluation_mode
from omnilearn.randomness import undisturbed
from sae_src import metrics
from sae_src.eval_metrics.codes import MetricData
from sae_src.eval_metrics.responses import latent_responses
from sae_src.eval_metrics.settings import MetricSettings
from sae_src.eval_metrics.table import METRICS, Metric
from sae_src.methods import Autoencoder
from sae_src.metrics.boosting import Classifier, fit_classifiers

_TRAIN, _TEST = 0, 1  # streams of random draws


@dataclass
class Outcome:
    """What `evaluate_metrics` returns.

    Attributes:
        scores: for each metric, its scores by name.
        results: for each metric, what else it returned.
        skipped: for each metric, or part of one, that could not be computed: why.
        seconds: time of each metric, and of what several share: `codes`, `classifiers`.
        samples: number of points of each kind, and `encoded`, how many observations went through the encoder.
    """

    scores: dict[str, dict[str, float]] = field(default_factory=dict)
    results: dict[str, dict[str, Any]] = field(default_factory=dict)
    skipped: dict[str, str] = field(default_factory=dict)
    seconds: dict[str, float] = field(default_factory=dict)
    samples: dict[str, int] = field(default_factory=dict)


def evaluate_metrics(
    model: Autoencoder, dataset: Dataset, settings: MetricSettings, *, batch_size: int | None = None
) -> Outcome:
    """Compute metrics of a model's codes.

    No global generator is disturbed. A metric that the dataset or the codes do not allow is skipped, with the reason.

    Args:
        model: on its device; used in evaluation mode.
        dataset: all observations, on the same device.
        settings: which metrics, how many points, and so on.
        batch_size: observations encoded or latents decoded at once; by default what fits the device.
    """
    outcome = Outcome()
    with evaluation_mode(model), undisturbed(settings.seed):
        data = MetricData(dataset, model, seed=settings.seed, batch_size=batch_size)
        suite = Suite(data, settings, outcome)
        bar = tqdm(settings.names, desc="metrics", unit="metric", leave=False, disable=None)
        for name in bar:
            bar.set_postfix_str(name)
            metric = METRICS[name]
            reason = missing(metric, data)
            if reason is None:
                try:
                    add_scores(metric, suite.compute(name), outcome)
                except ValueError as error:  # a metric's word for arrays that it cannot score
                    reason = str(error).split("\n")[0]
            if reason is not None:
                outcome.skipped[metric.title] = reason
        outcome.samples["encoded"] = data.table.encoded
    return outcome


def missing(metric: Metric, data: MetricData) -> str | None:
    """Why the data do not have what a metric needs; None where they do."""
    if metric.need == "grid" and not data.is_grid:
        return "needs an observation for every combination of factor values"
    if metric.need == "factors" and not data.has_factors:
        return "needs factors with a number of values each, which these data do not have"
    return None


class Suite:
    """The metrics on one set of points, which is drawn and encoded when the first metric asks for it."""

    def __init__(self, data: MetricData, settings: MetricSettings, outcome: Outcome) -> None:
        self.data, self.settings, self.outcome = data, settings, outcome

    def compute(self, name: str) -> Mapping[str, Any]:
        """What the metric `name` returns; its time is noted."""
        function, shared = self._functions()[name]
        given = [getattr(self, part) for part in shared]  # outside the time of the metric
        with self._timing(METRICS[name].title):
            return function(*given)

    @cached_property
    def drawn(self) -> tuple[np.ndarray, np.ndarray]:
        """Codes and factors of the points to train on; the responses start from the same ones."""
        with self._timing("codes"):
            return self.data.points(max(self.settings.num_train, self.settings.num_latent), _TRAIN)

    @cached_property
    def train(self) -> tuple[np.ndarray, np.ndarray]:
        """Codes (N, D) and factors (N, K) to train on; for unknown factors a single constant one."""
        count = self.settings.num_train
        self.outcome.samples["train"] = count
        codes, factors = self.drawn
        return codes[:count], np.zeros((count, 1), dtype=np.int64) if factors is None else factors[:count]

    @cached_property
    def test(self) -> tuple[np.ndarray, np.ndarray]:
        """Codes (M, D) and factors (M, K) to test on."""
        self.outcome.samples["test"] = self.settings.num_test
        with self._timing("codes"):
            return self.data.points(self.settings.num_test, _TEST)

    @cached_property
    def latents(self) -> np.ndarray:
        """Codes (num_latent, D) to intervene on."""
        self.outcome.samples["latent"] = self.settings.num_latent
        return self.drawn[0][: self.settings.num_latent]

    @cached_property
    def classifiers(self) -> list[Classifier | None]:
        """The boosted classifiers that DCI and Fairness share."""
        factor_count = self.train[1].shape[1]
        jobs = min(joblib.cpu_count(), factor_count) if self.settings.jobs == -1 else self.settings.jobs
        bar = partial(tqdm, desc="boosted classifiers", unit="factor", total=factor_count, leave=False, disable=None)
        train = self.train
        with self._timing("classifiers"):
            settings = self.settings
            return fit_classifiers(*train, seed=settings.seed, jobs=jobs, backend=settings.backend, progress=bar)

    def _functions(self) -> dict[str, tuple[Callable, tuple[str, ...]]]:
        """For each metric: a function, and which shared parts it takes."""
        settings, seed = self.settings, self.settings.seed
        sampler = {"sample": self.data.sample, "factor_sizes": self.data.dataset.factor_sizes}
        sampler = sampler if self.data.is_grid else {}
        votes = {"num_train": settings.num_train, "num_test": settings.num_test, "batch_size": settings.batch_size}
        both = ("train", "test")

        def on_points(score: Callable, **options: Any) -> Callable:
            return lambda train, test: score(*train, *test, seed=seed, **options)

        return {
            "irs": (lambda train: metrics.irs.score(*train, diff_quantile=settings.diff_quantile), ("train",)),
            "fairness": (self._fairness, ("train", "classifiers")),
            "unsupervised": (lambda train: metrics.unsupervised.score(*train), ("train",)),
            "modularity-explicitness": (on_points(metrics.modularity_explicitness.score), both),
            "sap": (on_points(metrics.sap.score, continuous_factors=settings.continuous_factors), both),
            "mig": (lambda train: metrics.mig.score(*train), ("train",)),
            "dci": (
                lambda train, test, classifiers: metrics.dci.score(*train, *test, classifiers=classifiers),
                (*both, "classifiers"),
            ),
            "factor-vae": (
                on_points(
                    metrics.factor_vae.score,
                    num_variance_estimate=settings.num_variance_estimate,
                    **votes,
                    **sampler,
                ),
                both,
            ),
            "beta-vae": (on_points(metrics.beta_vae.score, **votes, **sampler), both),
            "responses": (self._responses, ("latents",)),
        }

    def _fairness(self, train: tuple[np.ndarray, np.ndarray], classifiers: list) -> dict[str, float]:
        return metrics.fairness.score(
            *train,
            seed=self.settings.seed,
            sample=self.data.sample,
            factor_sizes=self.data.dataset.factor_sizes,
            num_test_points_per_class=self.settings.num_test_points_per_class,
            classifiers=classifiers,
        )

    def _responses(self, latents: np.ndarray) -> dict[str, Any]:
        result = latent_responses(self.data, latents, self.settings)
        if "factor_responses" not in result:
            self.outcome.skipped["LatentResponses: factor responses"] = (
                "need an observation for every combination of factor values, or a causal model to intervene on"
            )
        return result

    @contextmanager
    def _timing(self, name: str) -> Iterator[None]:
        start = time.perf_counter()
        try:
            yield
        finally:
            self.outcome.seconds[name] = self.outcome.seconds.get(name, 0.0) + time.perf_counter() - start


def add_scores(metric: Metric, returned: Mapping[str, Any], outcome: Outcome) -> None:
    """Put what a metric returned under scores and results; a score that it did not return is NaN.

    Scores that the published results list among the results are in both.
    """
    outcome.scores[metric.title] = {name: returned.get(name, float("nan")) for name in metric.scores}
    outcome.results[metric.title] = {
        name: value for name, value in returned.items() if name not in metric.scores or name in metric.also_results
    }
