"""What the metrics of a run are computed with."""

import dataclasses
import inspect
from collections.abc import Mapping
from dataclasses import dataclass, field
from numbers import Integral, Real
from typing import Any, get_type_hints

from omnilearn.config import Node, read_key
from omnilearn.errors import UserError, did_you_mean
from sae_src.eval_metrics.table import all_metrics, metric_named, published_metrics
from sae_src.metrics.boosting import Backend
from sae_src.metrics.metric import SHARED, Metric

_NOT_GIVEN = object()


@dataclass(frozen=True)
class MetricSettings:
    """The settings that metrics share, and those that single metrics have; the defaults are the published ones.

    Attributes:
        metrics: names of the metrics to compute.
        num_train: points to train on; for FactorVAE and BetaVAE, votes and examples.
        num_test: points to test on, and votes and examples likewise.
        num_latent: points for the scales and the covariance of the latents.
        seed: of all draws.
        jobs: processes for boosted trees and forests; -1 for one per core. No result depends on it.
        backend: who trains boosted trees: a trainer that sorts once, or scikit-learn; see `boosting.Backend`.
        preset: name of the config that set the sizes, kept with the results.
        own: settings of single metrics by name, such as `diff_quantile`; each reaches every metric that has it. Under
            the name of a metric, those that reach it alone, and come first there: `{"mig": {"num_bins": 10}}`. A
            setting that is not here has the default in the signature of the metric.
    """

    metrics: str | tuple[str, ...] = field(default_factory=published_metrics)
    num_train: int = 10_000
    num_test: int = 5_000
    num_latent: int = 10_000
    seed: int = 0
    jobs: int = -1
    backend: Backend = "presort"
    preset: str | None = None
    own: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        chosen = [metric_named(name) for name in self.names]
        if len(set(self.names)) < len(self.names) or not self.names:
            raise UserError("metrics: name each metric once, and at least one")
        for name in ("num_train", "num_test", "num_latent", "seed", "jobs"):
            if not isinstance(getattr(self, name), Integral):
                raise UserError(f"{name}: must be a whole number, got {getattr(self, name)!r}")
        for name in ("num_train", "num_test", "num_latent"):
            if getattr(self, name) < 2:
                raise UserError(f"{name}: must be at least 2, got {getattr(self, name)}")
        if self.jobs < 1 and self.jobs != -1:
            raise UserError(f"jobs: must be at least 1, or -1 for one per core, got {self.jobs}")
        if not 0 <= self.seed < 2**32:
            raise UserError(f"seed: must be between 0 and 2^32 - 1, got {self.seed}")
        known = {name for metric in all_metrics().values() for name in own_settings(metric)}
        for name, value in self.own.items():
            if isinstance(value, Mapping):
                self._check_table(metric_named(name), value)
            elif name not in known:
                raise UserError(f"{name}: no metric has this setting")
        for metric in chosen:
            self._check(metric)

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the metrics; a single one may be given as text, and all as the published components.

        Raises `UserError` for a name that no metric has.
        """
        names = (self.metrics,) if isinstance(self.metrics, str) else self.metrics
        return tuple(metric_named(name.removeprefix("metric/")).name for name in names)

    def shared(self) -> dict[str, Any]:
        """The settings that metrics share, by name."""
        return {name: getattr(self, name) for name in _shared_settings()}

    def of(self, metric: Metric) -> dict[str, Any]:
        """The own settings of a metric, those that it has by default included."""
        tables = {metric_named(name).name: table for name, table in self.own.items() if isinstance(table, Mapping)}
        given = {**self.own, **tables.get(metric.name, {})}
        return {name: given.get(name, setting.default) for name, setting in own_settings(metric).items()}

    def described(self) -> dict[str, Any]:
        """All settings by name, for the results: those that metrics share, and those of every metric there is.

        Where metrics have different defaults for one name, that of the first metric of the table; `own` has the
        settings of each metric that was chosen.
        """
        flat: dict[str, Any] = {"metrics": self.names, **self.shared()}
        for metric in all_metrics().values():
            flat = self.of(metric) | flat
        return {**flat, "own": {name: self.of(metric_named(name)) for name in self.names}}

    def _check_table(self, metric: Metric, given: Mapping[str, Any]) -> None:
        """Raise `UserError` for settings of a metric alone that it does not have, or that is not computed."""
        if metric.name not in self.names:
            raise UserError(f"own: there are settings of {metric.name}, which is not among the metrics")
        known = own_settings(metric)
        for name in given:
            if name not in known:
                there = did_you_mean(name, known) or f": there are {', '.join(known) or 'none'}"
                raise UserError(f"own: {metric.name} has no setting '{name}'{there}")

    def _check(self, metric: Metric) -> None:
        """Raise `UserError` for an own setting of a metric that is out of its range."""
        values = self.shared() | self.of(metric)
        for name, least in metric.at_least.items():
            if not isinstance(values[name], Real):
                raise UserError(f"{name}: must be a number, got {values[name]!r}")
            if values[name] < least:
                raise UserError(f"{name}: must be at least {least:g}, got {values[name]}")
        for name, limit in metric.at_most.items():
            most = values[limit] if isinstance(limit, str) else limit
            if values[name] > most:
                what = f"{limit} ({most})" if isinstance(limit, str) else f"{most:g}"
                raise UserError(f"{name}: must be at most {what}, got {values[name]}")


def own_settings(metric: Metric) -> dict[str, inspect.Parameter]:
    """The parameters of a metric that are settings of its own: configs give them, by name, or else their defaults hold.

    Raises `UserError` for a parameter that neither an evaluation fills nor has a default.
    """
    filled = SHARED | set(_shared_settings())
    own = {name: parameter for name, parameter in metric.parameters.items() if name not in filled}
    for name, parameter in own.items():
        if parameter.default is parameter.empty:
            raise UserError(f"metric {metric.name}: nothing fills its parameter {name}, which has no default")
    return own


def read_settings(config: Node) -> MetricSettings:
    """The settings that a config gives, of all metrics, chosen or not."""
    types = get_type_hints(MetricSettings)
    given = _given(config, {name: types[name] for name in ("metrics", *_shared_settings())})
    own = {name: p.annotation for metric in all_metrics().values() for name, p in own_settings(metric).items()}
    return MetricSettings(**given, own=_given(config, own))


def _given(config: Node, types: Mapping[str, Any]) -> dict[str, Any]:
    values = {name: read_key(config, name, kind, _NOT_GIVEN) for name, kind in types.items()}
    return {name: value for name, value in values.items() if value is not _NOT_GIVEN}


def _shared_settings() -> tuple[str, ...]:
    return tuple(each.name for each in dataclasses.fields(MetricSettings) if each.name not in ("metrics", "own"))
