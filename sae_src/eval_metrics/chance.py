"""The chance level of metrics: their scores for codes that are drawn at random and know nothing of the observations."""

import hashlib
import json
import os
import re
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from omnilearn.data import Dataset
from omnilearn.data.download.paths import data_root
from omnilearn.errors import UserError, printable
from omnilearn.files import make_folder, read_json_table, write_json
from omnilearn.versions import library_versions
from sae_src.eval_metrics.given_model import GivenModel
from sae_src.eval_metrics.settings import MetricSettings
from sae_src.eval_metrics.suite import evaluate_metrics

FOLDER = "chance_scores"  # below the folder of all data
_LONGEST = 80  # signs of the name of data


def chance_place(data: str, made: Mapping[str, Any], codes: int) -> Path:
    """Where the level of data, settings and library versions is stored.

    Args:
        data: what the data are called.
        made: the results of a run, or what they are stored with: `data`, `settings` and `versions` count.
        codes: number of codes.
    """
    settings = {name: value for name, value in made["settings"].items() if name not in ("jobs", "backend")}
    versions = made.get("versions")
    version = versions.get("scikit-learn") if isinstance(versions, Mapping) else None
    text = json.dumps([made.get("data"), settings, codes, version], sort_keys=True, default=str)
    digest = hashlib.sha256(text.encode()).hexdigest()[:12]
    name = re.sub(r"[^\w-]", "-", data)[:_LONGEST]  # which a stranger's run may say
    return data_root() / FOLDER / f"{name}-{codes}-{digest}.json"


def stored_chance(path: Path) -> dict[str, dict[str, float]] | None:
    """The scores of random codes by the title of the metric; None where they are not known. `UserError` if damaged."""
    if not os.path.lexists(path):
        return None
    scores = read_json_table(path).get("scores")
    if not isinstance(scores, dict):
        raise UserError(f"{path}: damaged: it has no scores; move it away")
    return scores


def chance_level(
    path: Path, data: str, dataset: Dataset, settings: MetricSettings, codes: int
) -> dict[str, dict[str, float]]:
    """The scores of random codes by the title of the metric: those stored as `path`, or computed now and stored there.

    Where the disk refuses, a line says so, and they are computed again the next time.
    """
    known = stored_chance(path)
    if known is not None:
        return known
    print(f"chance level of {printable(data)} for {codes} codes: computing, once", flush=True)
    scores = random_scores(dataset, settings, codes)
    try:
        _store(path, {"scores": scores, "settings": settings.described(), "versions": library_versions()})
    except UserError as error:
        print(f"note: the chance level is not kept: {error}", file=sys.stderr)
    return scores


def random_scores(dataset: Dataset, settings: MetricSettings, codes: int) -> dict[str, dict[str, float]]:
    """The scores, by the title of the metric, of normal codes that are drawn with the seed of the settings.

    Args:
        dataset: all observations.
        settings: which metrics, how many points, and so on.
        codes: number of codes.
    """
    generator = torch.Generator().manual_seed(settings.seed)

    def encode(observations: Tensor) -> Tensor:
        return torch.randn(len(observations), codes, generator=generator)

    model = GivenModel(encode, din=dataset.din)
    model.latent_dim = codes
    return evaluate_metrics(model, dataset, settings).scores


def _store(path: Path, content: Mapping[str, Any]) -> None:
    """Write a level; `UserError` where the disk refuses."""
    make_folder(path.parent)
    write_json(path, content)
