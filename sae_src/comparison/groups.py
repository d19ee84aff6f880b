"""Runs that are repetitions of each other, seed by seed; what differs in its settings is told and kept apart."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from omnilearn.errors import UserError, did_you_mean
from sae_src.comparison.scores import ScoredRun, differing, of_other_steps

_BY_SUMMARY = ("method", "sweep", "budget", "state", "data")


@dataclass
class Group:
    """One row of a comparison.

    Attributes:
        key: what it is grouped by, by name.
        apart: the settings that keep it apart from other groups of the same key, by name.
        values: for each score, its value by seed.
        runs: the runs.
    """

    key: Mapping[str, str]
    apart: Mapping[str, Any]
    values: dict[str, dict[int, float]] = field(default_factory=dict)
    runs: list[ScoredRun] = field(default_factory=list)


def grouped(runs: Sequence[ScoredRun], by: Sequence[str], names: Sequence[str]) -> tuple[list[Group], list[str]]:
    """The groups of runs, in the order of their first run, and notes on what was kept apart or left out.

    Args:
        runs: the runs.
        by: what to group by: `model`, `data`, `method`, `sweep`, `budget`, or a setting such as `reg_wt`.
        names: the scores that are compared: only what these depend on keeps runs apart.

    Raises `UserError` for something to group by that no run has, and for nothing to group by.
    """
    if not by:
        raise UserError("by: name at least one thing to group by, such as model")
    notes: list[str] = []
    together: dict[tuple[str, ...], list[ScoredRun]] = {}
    settings = dict.fromkeys(setting for run in runs for setting in run.settings)
    sources = [_source(each, settings) for each in by]
    for run in runs:
        together.setdefault(tuple(_value(run, source) for source in sources), []).append(run)
    groups = []
    for values, alike in together.items():
        variants = _variants(alike, names)
        apart = differing([variant.settings | variant.made_with for variant in variants])
        if len(variants) > 1:
            shown = "; ".join(f"{name} {', '.join(map(str, found))}" for name, found in list(apart.items())[:4])
            more = f" and {len(apart) - 4} more" if len(apart) > 4 else ""
            notes.append(f"{' '.join(values)}: kept apart, since settings differ: {shown}{more}")
        for variant in variants:
            settings = variant.settings | variant.made_with
            own = {name: settings.get(name) for name in apart} if len(variants) > 1 else {}
            group = Group(dict(zip(by, values, strict=True)), own)
            for run in variant.runs:
                _add(group, run, names, notes)
            groups.append(group)
    return groups, notes


@dataclass
class _Variant:
    """Runs whose settings do not contradict each other: a run without results says nothing of theirs."""

    settings: dict[str, Any]
    made_with: dict[str, Any]
    runs: list[ScoredRun]


def _variants(runs: Sequence[ScoredRun], names: Sequence[str]) -> list[_Variant]:
    variants: list[_Variant] = []
    for run in runs:
        settings = dict(run.settings)
        made_with = {
            f"{name.rpartition('.')[0]}: {key}": value
            for name in names
            for key, value in run.made_with.get(name, {}).items()
        }
        for variant in variants:
            shared = made_with.keys() & variant.made_with.keys()
            if variant.settings == settings and all(variant.made_with[key] == made_with[key] for key in shared):
                variant.made_with |= made_with
                variant.runs.append(run)
                break
        else:
            variants.append(_Variant(settings, made_with, [run]))
    return variants


def _add(group: Group, run: ScoredRun, names: Sequence[str], notes: list[str]) -> None:
    seed = run.summary.seed or 0
    if any(other.summary.seed == run.summary.seed for other in group.runs):
        notes.append(f"{run.summary.name}: left out, another run of the same model has its seed {seed}")
        return
    notes += of_other_steps(run, names)
    group.runs.append(run)
    for name in names:
        if name in run.scores:
            group.values.setdefault(name, {})[seed] = run.scores[name]


def _source(name: str, settings: Collection[str]) -> str:
    """What a name to group by means: part of a summary, or the setting whose full name or end it is."""
    if name == "model" or name in _BY_SUMMARY:
        return name
    key = name.replace("-", "_")
    fitting = [setting for setting in settings if setting == key] or [s for s in settings if s.endswith(f".{key}")]
    if len(fitting) != 1:
        hint = (
            f": it may be {' or '.join(sorted(fitting))}"
            if fitting
            else did_you_mean(key, ["model", *settings, *_BY_SUMMARY])
        )
        raise UserError(f"by: '{name}' is no setting of these runs{hint}")
    return fitting[0]


def _value(run: ScoredRun, source: str) -> str:
    if source == "model" or source in _BY_SUMMARY:
        return str(getattr(run.summary, source))
    return str(run.settings.get(source))
