"""The chance levels of the metrics of many runs."""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from omnilearn.errors import UserError
from omnilearn.files import is_regular, read_json_table
from omnilearn.runs.stored_config import read_stored_config
from sae_src.comparison.scores import ScoredRun, named_scores
from sae_src.eval_metrics.chance import chance_level, chance_place, stored_chance
from sae_src.eval_metrics.settings import MetricSettings, read_settings
from sae_src.run import create_config, load_run

_SHARED = {each.name for each in fields(MetricSettings)} - {"own"}


@dataclass(frozen=True)
class ChanceLevel:
    """The scores of random codes.

    Attributes:
        data: the data set.
        codes: how many codes there were.
        scores: by the names that scores of runs have.
    """

    data: str
    codes: int
    scores: Mapping[str, float]


def levels_of_groups(groups: Sequence[Sequence[ScoredRun]], *, compute: bool) -> list[ChanceLevel | None]:
    """The chance level of each group of runs alike, by the first of them that has metrics; None where unknown."""
    return [next(iter(chance_levels(runs, compute=compute)), None) for runs in groups]


def chance_levels(runs: Sequence[ScoredRun], *, compute: bool) -> list[ChanceLevel]:
    """The chance levels of the metrics of runs: those in their results, those stored with the data, or all.

    One for each data set, number of codes and settings. To compute one that is missing takes as long as the metrics of
    a run.
    """
    levels: dict[Path, ChanceLevel] = {}
    for run in runs:
        results = run.summary.path / "metrics.json"
        if not is_regular(results):
            continue
        made = read_json_table(results)
        codes = read_stored_config(run.summary.path).get("latent_dim")
        if not isinstance(codes, int) or not isinstance(made.get("settings"), dict):
            continue
        path = _place(run, made, codes)
        if path in levels:
            continue
        scores: dict[str, Any] | None
        if compute and "chance" not in made and not os.path.lexists(path):
            dataset = load_run(run.summary.path).data.dataset.in_mode("full")
            scores = chance_level(path, run.summary.data, dataset, _settings(made["settings"]), codes)
        else:
            kept = made.get("chance")  # beside the scores, where they were computed together
            scores = kept if isinstance(kept, dict) else stored_chance(path)
        if scores is None:
            continue
        levels[path] = ChanceLevel(run.summary.data, codes, dict(named_scores("metrics", scores)))
    return list(levels.values())


def _settings(made: Mapping[str, Any]) -> MetricSettings:
    """The settings that results were made with, as far as metrics have them now."""
    given = {name: made[name] for name in _SHARED if made.get(name) is not None}
    for values in _table(made.get("own")).values():
        given |= _table(values)
    try:
        return read_settings(create_config(**given))  # which looks at the types: the results may be a stranger's
    except UserError as error:
        raise UserError(f"chance: the settings of the results are not known here: {error}") from None


def _table(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _place(run: ScoredRun, made: Mapping[str, Any], codes: int) -> Path:
    """Where the level of the data of a run is stored."""
    return chance_place(run.summary.data, made, codes)
