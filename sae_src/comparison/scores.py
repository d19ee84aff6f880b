"""The scores of a run: all that its evaluations and metrics have written, each with the settings that made it."""

import json
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any, Literal

from omnilearn.errors import UserError, did_you_mean
from omnilearn.evaluation.measures import high_is_good
from omnilearn.files import is_regular, read_json
from omnilearn.runs.identity import experiment_of
from omnilearn.runs.stored_config import glance_at_config
from omnilearn.runs.summary import RunSummary, summarise
from sae_src.eval_metrics.settings import MetricSettings
from sae_src.eval_metrics.table import all_metrics
from sae_src.metrics.metric import Metric

Direction = Literal["high", "low", "none"]
UDR = "udr"  # the score of runs that compares them with each other
# Settings of results that change no score, or only as the seeds of runs do.
_WITHOUT_EFFECT = {"seed", "jobs", "metrics", "own"}
# Settings that all metrics share.
SHARED_SETTINGS = tuple(each.name for each in fields(MetricSettings) if each.name not in ("metrics", "own"))
# Libraries whose version scores depend on.
_LIBRARIES = ("scikit-learn",)
# What a run is called after, what is found out as it begins, and what changes the last digits alone, as a device does.
_NO_SETTINGS = {"compile", "compiled", "din", "dout", "dataset_size", "info", "run", "seed"}
# Settings that are read as one: lists and tables of factors.
_WHOLE = ("correlate", "holdout")
# Of a run that others start with: what differs between its seeds, or follows from the rest.
_OF_ONE_ORIGIN = ("run", "weights", "din", "holdouts")
# Scores that are neither good nor bad: counts, and what others are compared with.
_NEITHER = ("active", "infoc_chance", "infom_chance", "jemmig_tied", "num_active_dims", "size", "top1_codes")
_LOW = ("largest_off_diagonal",)  # of a metric whose others are good when high


@dataclass(frozen=True)
class ScoredRun:
    """A run with its scores.

    Attributes:
        summary: the run at a glance.
        scores: by name: `RESULTS.rec_loss` for those of an evaluation, `METRIC.score` for those of metrics.
        made_with: for each score, the settings that it was computed with, by dotted name.
        settings: those that the run was trained with, by dotted name, the seed left out.
        files: for each score, the name of the results that it stands in.
    """

    summary: RunSummary
    scores: Mapping[str, float]
    made_with: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    settings: Mapping[str, Any] = field(default_factory=dict)
    files: Mapping[str, str] = field(default_factory=dict)

    @property
    def model(self) -> str:
        """The name of its model."""
        return self.summary.model


def scored(run: Path) -> ScoredRun:
    """Read the scores of a run; `UserError` where its config or a file of results is damaged."""
    config = glance_at_config(run)
    settings = dict(flat({key: _legible(v) for key, v in experiment_of(config).items() if key not in _NO_SETTINGS}))
    settings["budget"] = config.get("budget")
    scores: dict[str, float] = {}
    made_with: dict[str, Mapping[str, Any]] = {}
    files: dict[str, str] = {}
    for path in sorted(run.glob("*.json")):
        if not is_regular(path):
            continue
        results = read_json(path)
        if not isinstance(results, dict) or not isinstance(results.get("scores"), dict):
            continue
        for title, part in results["scores"].items():
            how = dict(_how(results, title))
            for name, value in named_scores(path.stem, {title: part}):
                scores[name], made_with[name], files[name] = value, how, path.stem
    return ScoredRun(summarise(run), scores, made_with, settings, files)


def of_other_steps(run: ScoredRun, names: Collection[str]) -> list[str]:
    """A note for each of its results that these scores stand in, where the run has come to another step than they."""
    steps = {run.files[name]: run.made_with[name].get("step") for name in names if name in run.files}
    now = run.summary.step
    return [
        f"{run.summary.name}: {file} is of step {step}, and the run has come to step {now}"
        for file, step in steps.items()
        if isinstance(step, int) and step != now
    ]


def matching(wanted: str, names: Collection[str]) -> str:
    """The score that a name means: its full name, or as much of its end or, for a metric, its beginning as is unique.

    A metric alone means its disentanglement, else its first score. Raises `UserError` where there is none, or several.
    """
    asked = _plain(wanted)
    plain = {name: _plain(name) for name in names}
    exact = [name for name, known in plain.items() if known == asked]
    metric = next((each for each in all_metrics().values() if _plain(each.name) == asked), None)
    if metric is not None and not exact:
        return matching(_headline(metric), names)
    found = exact or [name for name, known in plain.items() if known.endswith(f".{asked}")]
    if len(found) > 1:
        raise UserError(f"scores: '{wanted}' may be {' or '.join(sorted(found))}; write one of them")
    if not found:
        ends = {name.rpartition(".")[2] for name in names}
        metrics = {
            each.name for each in all_metrics().values() if any(name.startswith(f"{each.name}.") for name in names)
        }
        hint = (
            did_you_mean(wanted, {*names, *ends, *metrics})
            or f"; there are {', '.join(sorted(names)) or 'none at all'}"
        )
        raise UserError(f"scores: no run has '{wanted}'{hint}")
    return found[0]


def headlines(names: Collection[str]) -> list[str]:
    """One score of each metric that any of these names is of: that which `matching` means by the metric alone, or the
    first one that there is where no run has that.
    """
    found = []
    for metric in all_metrics().values():
        scores = [f"{metric.name}.{score}" for score in metric.scores]
        there = [name for name in (_headline(metric), *scores) if name in names]
        found += there[:1]
    return found


def _headline(metric: Metric) -> str:
    first = "disentanglement" if "disentanglement" in metric.scores else metric.scores[0]
    return f"{metric.name}.{first}"


def direction(name: str) -> Direction:
    """Which end of a score is good."""
    if name == UDR:
        return "high"
    group, _, last = name.rpartition(".")
    metric = all_metrics().get(group.rpartition(".")[2])
    if last in _NEITHER:
        return "none"
    if metric is None:  # losses, distances, and what else is measured
        return "high" if high_is_good(last) else "low"
    if last in _LOW:
        return "low"
    found = re.search(r"\b(?:high|low)\b", metric.range)  # not the "low" of "below"
    return "none" if found is None else "high" if found[0] == "high" else "low"


def flat(tree: Any, prefix: str = "") -> Iterator[tuple[str, Any]]:
    """The values in tables and lists by dotted names."""
    items = tree.items() if isinstance(tree, Mapping) else enumerate(tree) if isinstance(tree, list) else ()
    if not tree or not isinstance(tree, Mapping | list):
        yield prefix, tree
    for key, value in items:
        yield from flat(value, f"{prefix}.{key}" if prefix else str(key))


def _legible(section: Any) -> Any:
    """A section with what is one setting, however many values it holds, as a text; without what is of one run only."""
    if isinstance(section, Mapping) and "experiment" in section:
        section = {name: value for name, value in section.items() if name not in _OF_ONE_ORIGIN}
    whole = {name: json.dumps(section[name]) for name in _WHOLE if isinstance(section, Mapping) and section.get(name)}
    return {**section, **whole} if whole else section


def differing(settings: Sequence[Mapping[str, Any]]) -> dict[str, list[Any]]:
    """The settings that are not the same everywhere, each with its different values."""
    names = dict.fromkeys(name for each in settings for name in each)
    values = {name: list({repr(each.get(name)): each.get(name) for each in settings}.values()) for name in names}
    return {name: found for name, found in values.items() if len(found) > 1}


def named_scores(ident: str, scores: Mapping[str, Any]) -> Iterator[tuple[str, float]]:
    """The scores of a file of results by the names that they have in comparisons."""
    names = {metric.title: metric.name for metric in all_metrics().values()}
    for title, value in scores.items():
        if isinstance(value, Mapping):
            prefix = names.get(title, title) if ident == "metrics" else f"{ident}.{names.get(title, title)}"
            yield from ((f"{prefix}.{name}", float(one)) for name, one in value.items() if _is_score(one))
        elif _is_score(value):
            yield f"{ident}.{title}", float(value)


def _is_score(value: Any) -> bool:
    """Whether a value is a number that arithmetic takes: files hold integers of any length."""
    return not isinstance(value, bool) and (isinstance(value, float) or (isinstance(value, int) and abs(value) < 2**63))


def _how(results: Mapping[str, Any], title: str) -> Iterator[tuple[str, Any]]:
    """The settings of results that a score depends on, or those of the metric of this title."""
    yield "mode", results.get("mode")
    yield "step", results.get("step")
    for name, value in _settings(results.get("settings"), title).items():
        if name not in _WITHOUT_EFFECT:
            yield from flat(value, str(name))
    versions = results.get("versions")
    for library in _LIBRARIES:
        yield library, versions.get(library) if isinstance(versions, Mapping) else None


def _settings(settings: Any, title: str) -> Mapping[str, Any]:
    """All settings of results, or those of one metric and those that all share, where results tell them apart."""
    if not isinstance(settings, Mapping):
        return {}
    own = settings.get("own")
    metric = next((each.name for each in all_metrics().values() if each.title == title), None)
    if metric is None or not isinstance(own, Mapping) or not isinstance(own.get(metric), Mapping):
        return settings
    return {name: settings[name] for name in SHARED_SETTINGS if name in settings} | own[metric]


def _plain(name: str) -> str:
    return name.lower().replace("-", "_")
