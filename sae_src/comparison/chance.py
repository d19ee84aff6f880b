"""The chance level of metrics: their scores for codes that are drawn at random and know nothing of the observations."""

import hashlib
import json
import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from omnilearn.data.download.paths import data_root
from omnilearn.errors import UserError, printable
from omnilearn.files import cannot_write, is_regular, read_json_table, write_json
from omnilearn.runs.stored_config import read_stored_config
from omnilearn.versions import library_versions
from sae_src.comparison.scores import ScoredRun, named_scores
from sae_src.eval_metrics.given_model import GivenModel
from sae_src.eval_metrics.settings import MetricSettings, read_settings
from sae_src.eval_metrics.suite import evaluate_metrics
from sae_src.run import create_config, load_run

FOLDER = "chance_scores"  # below the folder of all data
_SHARED = {each.name for each in fields(MetricSettings)} - {"own"}
_LONGEST = 80  # signs of the name of data


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


def chance_levels(runs: Sequence[ScoredRun], *, compute: bool) -> list[ChanceLevel]:
    """The chance levels of the metrics of runs: those that are stored with the data, or all, computed where missing.

    One for each data set, number of codes and settings. It takes as long as the metrics of a run.
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
        if not os.path.lexists(path):
            if not compute:
                continue
            _measure(run, _settings(made["settings"]), codes, path)
        scores = read_json_table(path).get("scores")
        if not isinstance(scores, dict):
            raise UserError(f"{path}: damaged: it has no scores; move it away")
        levels[path] = ChanceLevel(run.summary.data, codes, dict(named_scores("metrics", scores)))
    return list(levels.values())


def _measure(run: ScoredRun, settings: MetricSettings, codes: int, path: Path) -> None:
    print(f"chance level of {printable(run.summary.data)} for {codes} codes: computing, once", flush=True)
    dataset = load_run(run.summary.path).data.dataset.in_mode("full")
    generator = torch.Generator().manual_seed(settings.seed)

    def encode(observations: Tensor) -> Tensor:
        return torch.randn(len(observations), codes, generator=generator)

    model = GivenModel(encode, din=dataset.din)
    model.latent_dim = codes
    outcome = evaluate_metrics(model, dataset, settings)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise cannot_write(path, error) from error
    write_json(path, {"scores": outcome.scores, "settings": settings.described(), "versions": library_versions()})


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
    """Where the level of these data, settings and library versions is stored."""
    settings = {name: value for name, value in made["settings"].items() if name not in ("jobs", "backend")}
    version = _table(made.get("versions")).get("scikit-learn")
    text = json.dumps([made.get("data"), settings, codes, version], sort_keys=True, default=str)
    digest = hashlib.sha256(text.encode()).hexdigest()[:12]
    data = re.sub(r"[^\w-]", "-", run.summary.data)[:_LONGEST]  # which a stranger's run may say
    return data_root() / FOLDER / f"{data}-{codes}-{digest}.json"
