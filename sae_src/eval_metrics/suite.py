"""All metrics of one model on one dataset, sharing codes and classifiers."""

from collections.abc import Sequence
from typing import Any

from omnilearn.data import Dataset
from omnilearn.evaluation.evaluate import evaluation_mode
from omnilearn.progress import with_progress
from omnilearn.randomness import undisturbed
from sae_src.eval_metrics.bootstrap import intervals, why_no_interval
from sae_src.eval_metrics.codes import MetricData
from sae_src.eval_metrics.outcome import Outcome
from sae_src.eval_metrics.settings import MetricSettings
from sae_src.eval_metrics.shared import WITHOUT, SharedParts
from sae_src.eval_metrics.table import all_metrics, metric_named
from sae_src.methods import Autoencoder
from sae_src.metrics.metric import SHARED, Metric


def evaluate_metrics(
    model: Autoencoder,
    dataset: Dataset,
    settings: MetricSettings,
    *,
    batch_size: int | None = None,
    bootstrap: int = 0,
) -> Outcome:
    """Compute metrics of a model's codes.

    No global generator is disturbed. A metric that the dataset or the codes do not allow is skipped, with the reason.
    Factors that have one value in all observations are left out, and named.

    Args:
        model: on its device; used in evaluation mode.
        dataset: all observations, on the same device.
        settings: which metrics, how many points, and so on.
        batch_size: observations encoded or latents decoded at once; by default what fits the device.
        bootstrap: how often points are resampled for an interval of every score; 0 for none.
    """
    outcome = Outcome()
    with evaluation_mode(model), undisturbed(settings.seed):
        data = MetricData(dataset, model, seed=settings.seed, batch_size=batch_size)
        outcome.left_out = data.left_out
        shared = SharedParts(data, settings, outcome)
        for name in with_progress(settings.names, "metrics", "metrics"):
            metric = metric_named(name)
            lacking = missing(metric, data)
            reason = lacking or compute(metric, shared, settings, outcome, bootstrap)
            if reason is not None:
                outcome.skipped[metric.title] = reason
            if lacking is not None and not outcome.instead:
                outcome.instead = _others(settings.names, data)
        outcome.samples["encoded"] = data.table.encoded
    return outcome


def compute(
    metric: Metric, shared: SharedParts, settings: MetricSettings, outcome: Outcome, bootstrap: int = 0
) -> str | None:
    """Add a metric to the outcome, and intervals if asked for; where the arrays do not allow it, return why."""
    try:
        given = arguments(metric, shared, settings)
        with outcome.timing(metric.title):
            returned = metric.score(**given)
    except ValueError as error:  # what a metric raises for arrays that it cannot score
        return str(error).split("\n")[0]
    outcome.add(metric, returned, given)
    for part, what in metric.optional.items():
        if part not in given:
            outcome.skipped[f"{metric.title}: {what}"] = WITHOUT[part]
    if bootstrap:
        _add_intervals(metric, given, settings, outcome, bootstrap)
    return None


def _add_intervals(
    metric: Metric, given: dict[str, Any], settings: MetricSettings, outcome: Outcome, bootstrap: int
) -> None:
    reason = why_no_interval(metric)
    if reason is None:
        try:
            with outcome.timing("bootstrap"):
                scores = outcome.scores[metric.title]
                outcome.intervals[metric.title] = intervals(
                    metric, scores, given, resamples=bootstrap, seed=settings.seed
                )
        except ValueError as error:
            reason = f"no interval: of a resample: {str(error).splitlines()[0]}"
    if reason is not None:
        outcome.without_interval[metric.title] = reason


def arguments(metric: Metric, shared: SharedParts, settings: MetricSettings) -> dict[str, Any]:
    """What the signature of a metric names: shared parts, as far as there are any, and settings."""
    known = settings.shared() | settings.of(metric)
    given: dict[str, Any] = {}
    for name in metric.parameters:
        value = shared.part(name, metric) if name in SHARED else known[name]
        if name not in SHARED or value is not None:
            given[name] = value
    return given


def _others(names: Sequence[str], data: MetricData) -> tuple[str, ...]:
    """The names of metrics beside these that the data allow."""
    others = {name: metric for name, metric in all_metrics().items() if name not in names}
    return tuple(name for name, metric in others.items() if missing(metric, data) is None)


def missing(metric: Metric, data: MetricData) -> str | None:
    """Why the data do not have what a metric needs; None where they do."""
    if "decode" in metric.parameters and not data.has_decoder:
        return "needs a decoder"
    if metric.need in ("numbers", "factors", "posteriors", "grid") and data.has_any_numbers and not data.has_numbers:
        return "needs factors of more than one value, and all of these data have one"
    if metric.need == "numbers":
        return None if data.has_numbers else "needs factors as numbers, which these data do not have"
    if metric.need == "grid" and data.grid is None:
        return "needs an observation for every combination of factor values"
    if metric.need in ("factors", "posteriors") and not data.has_factors:
        if not data.has_numbers:
            return "needs factors with a number of values each, which these data do not have"
        sizes = list(zip(data.dataset.factor_names, data.dataset.factor_values, strict=False))  # no values: numbers
        if any(values for _, values in sizes):
            real, classes = (", ".join(name for name, values in sizes if bool(values) is k) for k in (False, True))
            way = f"leave them out (--override.dataset.factors '[{classes}]' with a --save-ident of its own)"
            return f"needs factors as classes, and those of these data in {real} are numbers: {way}"
        names = [name for name, other in all_metrics().items() if other.need == "numbers"]
        return f"needs factors as classes, but those of these data are numbers (for {' and '.join(names)})"
    if metric.need == "posteriors" and not data.has_posteriors:
        return "needs a model whose codes are the means of normal distributions"
    return None
