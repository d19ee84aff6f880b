"""Every key that the settings of a script have stands in the help of the script."""

import dataclasses
import pkgutil
import re
from collections.abc import Callable, Iterator
from importlib import import_module
from typing import Any, get_args, get_type_hints

import omnifig
import pytest

import omnilearn
import sae_src
from omnilearn.config.help import help_text
from omnilearn.config.signatures import parameters
from omnilearn.data import Loading
from omnilearn.data.sets.shapes3d import Shapes3D
from omnilearn.training.settings import TrainSettings
from sae_src.commands.further_training import StartSettings
from sae_src.commands.train import ResumeSettings
from sae_src.comparison.command import CompareSettings
from sae_src.comparison.listing import ListSettings
from sae_src.comparison.show import ShowSettings
from sae_src.eval_metrics.command import EvaluationSettings, Selections
from sae_src.eval_metrics.settings import MetricSettings
from sae_src.evaluate import EvalSettings
from sae_src.pictures.visualiser import SAEVisualiser
from sae_src.report.command import ReportSettings
from sae_src.run import Selection
from sae_src.sample_quality.compute_fid import ComputeFIDSettings
from sae_src.sample_quality.lite0_distance import Lite0Distance
from sae_src.sample_quality.measures import FID, FactorDistance
from sae_src.sample_quality.train_factor_net import FactorNetSettings
from sae_src.sweeps.command import SweepSettings
from sae_src.visualisation.command import VisualizeSettings

# For each script: what its keys are the fields or parameters of, and what stands before them.
SETTINGS: dict[str, list[tuple[str, Callable[..., Any]]]] = {
    "train": [
        ("", TrainSettings),
        ("", ResumeSettings),
        ("", StartSettings),
        ("dataset.", Loading),
        ("viz.", SAEVisualiser),
    ],
    "download-dataset": [("", Shapes3D.download_files)],
    "compute-fid": [("", ComputeFIDSettings)],
    "train-factor-net": [("", FactorNetSettings)],
    "eval": [
        ("", Selection),
        ("", EvalSettings),
        ("fid.", FID),
        ("factor-distance.", FactorDistance),
        ("lite0-distance.", Lite0Distance),
    ],
    "eval-metrics": [("", Selection), ("", Selections), ("", EvaluationSettings), ("", MetricSettings)],
    "eval-multiple-metrics": [("", Selections)],
    "sweep": [("", SweepSettings)],
    "runs": [("", ListSettings)],
    "show": [("", Selection), ("", ShowSettings)],
    "compare": [("", CompareSettings)],
    "report": [("", ReportSettings)],
    "visualize": [("", Selection), ("", VisualizeSettings)],
}
# Keys that reach their component from the root of the config too, where the help has them.
SHORT = {"viz.": "", "fid.skip-": "skip-"}


def script_names() -> list[str]:
    """The names of all scripts."""
    return [entry.name for entry in omnifig.get_current_project().iterate_artifacts("script")]


def keys_of(kind: Callable[..., Any], prefix: str = "") -> Iterator[str]:
    """The keys that fill the fields of a dataclass or the parameters of a class, those of sections one by one."""
    hints = get_type_hints(kind) if dataclasses.is_dataclass(kind) else {}
    for name, parameter in parameters(kind).items():
        if kind is MetricSettings and name == "own":  # no key, but those of single metrics
            continue
        if kind is TrainSettings and name in ("compiled", "origin"):  # no key, but what a run notes itself
            continue
        annotation = hints.get(name, parameter.annotation)
        sections = [one for one in (annotation, *get_args(annotation)) if dataclasses.is_dataclass(one)]
        key = prefix + name.replace("_", "-")
        if not sections:
            yield key
        for section in sections:
            yield from keys_of(section, f"{key}.")


def stands_in(key: str, text: str) -> bool:
    """Whether a key stands in a help text: as `--key`, the data also as the config that names them."""
    if key == "dataset" and re.search(r"^ +CONFIG\b|eval/3ds", text, re.MULTILINE):
        return True
    forms = [key, *(short + key.removeprefix(long) for long, short in SHORT.items() if key.startswith(long))]
    return any(re.search(rf"--{re.escape(form)}(?![\w-])", text) for form in forms)


CASES = [
    pytest.param(script, key, id=f"{script}: {key}")
    for script, kinds in SETTINGS.items()
    for prefix, kind in kinds
    for key in keys_of(kind, prefix)
]


@pytest.mark.parametrize(("script", "key"), CASES)
def test_every_key_stands_in_the_help(script, key):
    assert stands_in(key, help_text(omnifig.get_current_project(), [script]))


def test_the_scripts_exist():
    assert set(SETTINGS) <= set(script_names())


def test_every_class_of_settings_is_looked_at():
    listed = {kind for kinds in SETTINGS.values() for _, kind in kinds}
    found = set()
    for package in (omnilearn, sae_src):
        for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            members = vars(import_module(module.name)).values()
            found |= {one for one in members if isinstance(one, type) and dataclasses.is_dataclass(one)}
    settings = {one for one in found if re.search(r"(Settings|Selections?)$", one.__name__)}
    assert len(settings) > 5
    assert settings <= listed
