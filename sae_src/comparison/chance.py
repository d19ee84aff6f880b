"""The chance levels of the metrics of many runs."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from omnilearn.data import Dataset
from omnilearn.errors import UserError, printable
from omnilearn.files import is_regular, read_json_table
from omnilearn.runs.stored_config import read_stored_config
from sae_src.comparison.scores import SHARED_SETTINGS, ScoredRun, named_scores
from sae_src.eval_metrics.chance import chance_level, chance_place, stored_chance
from sae_src.eval_metrics.existing import as_stored
from sae_src.eval_metrics.settings import MetricSettings, own_settings, read_settings
from sae_src.eval_metrics.table import all_metrics, metric_named
from sae_src.run import create_config, load_run


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
    """The chance level of the metrics of each group of runs alike; None where it is unknown.

    It is that of the first run which has it in its results or stored with the data. Where none has, it is computed if
    asked for, which takes as long as the metrics of a run; a note says why where that cannot be done.
    """
    computed: dict[Path, ChanceLevel | None] = {}
    levels = []
    for runs in groups:
        found = [results for run in runs if (results := _of_results(run)) is not None]
        level = next(filter(None, map(_known, found)), None)
        for results in found if compute else ():
            if level is None:
                if results.place not in computed:
                    computed[results.place] = _computed(results)
                level = computed[results.place]
        levels.append(level)
    return levels


def different_levels(levels: Sequence[ChanceLevel | None]) -> list[ChanceLevel]:
    """The levels that are known, each once."""
    different: list[ChanceLevel] = []
    for level in levels:
        if level is not None and level not in different:
            different.append(level)
    return different


@dataclass(frozen=True)
class _Results:
    """The metrics of a run: the content of their file, the number of codes, and where their level is stored."""

    run: ScoredRun
    made: Mapping[str, Any]
    codes: int
    place: Path

    def level(self, scores: Mapping[str, Any]) -> ChanceLevel:
        return ChanceLevel(self.run.summary.data, self.codes, dict(named_scores("metrics", scores)))


def _of_results(run: ScoredRun) -> _Results | None:
    path = run.summary.path / "metrics.json"
    if not is_regular(path):
        return None
    made = read_json_table(path)
    codes = read_stored_config(run.summary.path).get("latent_dim")
    if not isinstance(codes, int) or not isinstance(made.get("settings"), dict):
        return None
    return _Results(run, made, codes, chance_place(run.summary.data, made, codes))


def _known(results: _Results) -> ChanceLevel | None:
    kept = results.made.get("chance")  # beside the scores, where they were computed together
    scores = kept if isinstance(kept, dict) else stored_chance(results.place)
    return None if scores is None else results.level(scores)


def _computed(results: _Results) -> ChanceLevel | None:
    """The level of the metrics of a run, computed and stored; a note and None where that cannot be done."""
    summary = results.run.summary
    settings = _settings(results.made["settings"])
    dataset = load_run(summary.path).data.dataset.in_mode("full")
    if settings is None:
        why = "metrics have other settings now"
    elif not _is_of(results.made.get("data"), dataset):
        why = "its metrics are of other data than the run has seen"
    else:
        return results.level(chance_level(results.place, summary.data, dataset, settings, results.codes))
    print(f"note: {printable(summary.name)}: no chance level: {why} (fig eval-metrics computes it with the scores)")
    return None


def _is_of(made: Any, dataset: Dataset) -> bool:
    """Whether results say that they are of all of this dataset."""
    told = {name: value for name, value in _table(made).items() if name not in ("factors", "left_out")}
    return told == as_stored({"dataset": type(dataset).__name__, **dataset.describe()})


def _settings(made: Mapping[str, Any]) -> MetricSettings | None:
    """The settings that results were made with; None where metrics cannot be given them any more.

    Results have the settings of each metric, older ones a single table: what was given, or else the default of the
    first metric that has the setting. Defaults are left to the metrics, which may have different ones for one name.
    """
    given = {name: made[name] for name in ("metrics", *SHARED_SETTINGS) if made.get(name) is not None}
    own = _table(made.get("own"))
    defaults: dict[str, Any] = {}
    for metric in all_metrics().values():
        of_metric = {name: as_stored(each.default) for name, each in own_settings(metric).items()}
        defaults = of_metric | defaults
        told = _table(own.get(metric.name))
        given |= {name: told[name] for name, default in of_metric.items() if told.get(name, default) != default}
    if not own:
        given |= {name: made[name] for name, default in defaults.items() if made.get(name, default) != default}
    try:
        settings = read_settings(create_config(**given))  # which looks at the types: the results may be a stranger's
    except UserError as error:
        raise UserError(f"chance: the settings of the results are not known here: {error}") from None
    now = {name: as_stored(settings.of(metric_named(name))) for name in settings.names}
    return settings if all({**now[name], **_table(own.get(name))} == now[name] for name in now) else None


def _table(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}
