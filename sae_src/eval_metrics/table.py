"""The metrics: one line for the module of each. All else stands in the module, see `sae_src.metrics.metric`."""

from collections.abc import Mapping
from importlib import import_module

from omnilearn.errors import UserError, did_you_mean
from sae_src.metrics.metric import Metric

_MODULES = dict.fromkeys(
    (
        "sae_src.metrics.irs",
        "sae_src.metrics.fairness",
        "sae_src.metrics.unsupervised",
        "sae_src.metrics.modularity_explicitness",
        "sae_src.metrics.sap",
        "sae_src.metrics.mig",
        "sae_src.metrics.dci",
        "sae_src.latent_responses.metric",
        "sae_src.metrics.factor_vae",
        "sae_src.metrics.beta_vae",
        "sae_src.metrics.dcies",
        "sae_src.metrics.infomec",
        "sae_src.metrics.mcc",
        "sae_src.metrics.r2",
        "sae_src.metrics.med",
        "sae_src.metrics.dcimig",
        "sae_src.metrics.jemmig",
        "sae_src.metrics.rmig",
        "sae_src.metrics.omes",
        "sae_src.metrics.factorised_support",
        "sae_src.metrics.downstream",
    )
)


def metric_in(module: str) -> None:
    """Add the metric that a module describes as its `METRIC`; the module is imported when metrics are first used."""
    _MODULES[module] = None


def all_metrics() -> Mapping[str, Metric]:
    """Every metric by its name in configs, in the order of the table.

    Raises `UserError` for a module without a `METRIC`, and for two metrics of one name.
    """
    found: dict[str, Metric] = {}
    for module in _MODULES:
        metric = getattr(import_module(module), "METRIC", None)
        if not isinstance(metric, Metric):
            raise UserError(f"{module}: a module of a metric ends with METRIC = Metric(...)")
        if metric.name in found:
            raise UserError(f"{module}: there is a metric named '{metric.name}' already")
        found[metric.name] = metric
    return found


def published_metrics() -> tuple[str, ...]:
    """The names of the metrics of the published evaluations, which are the default ones."""
    return tuple(name for name, metric in all_metrics().items() if metric.is_published)


def metric_named(name: str) -> Metric:
    """The metric of that name, in which _ may stand for -; `UserError`, with similar ones, where there is none."""
    metrics = all_metrics()
    if name not in metrics and name.replace("_", "-") in metrics:  # as modules and scores are written
        name = name.replace("_", "-")
    if name not in metrics:
        hint = did_you_mean(name, metrics) or f": there are {', '.join(metrics)}"
        raise UserError(f"metrics: no metric named '{name}'{hint}")
    return metrics[name]
