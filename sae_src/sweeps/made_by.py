"""Whether results of a run were made as a command after training says; what they do not note counts as it should be."""

import os
import shlex
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from omnilearn.config import Node, call, keys_given, reject_unknown_keys
from omnilearn.config.command_line import spelled_command_line, split_command_line
from omnilearn.config.recorder import recorder_of
from omnilearn.config.tree import nested
from omnilearn.files import read_json
from sae_src.eval_metrics.command import EvaluationSettings, is_done, metrics_lacking
from sae_src.eval_metrics.existing import as_stored
from sae_src.eval_metrics.settings import MetricSettings, read_settings
from sae_src.evaluate import EvalSettings, settings_and_override
from sae_src.run import create_config

# Settings of metrics that no score depends on, or that are looked at otherwise.
_NO_MATTER = ("jobs", "metrics", "preset")


def split(command: str) -> tuple[list[str], dict[str, Any]]:
    """The words of a command after training, and its keys."""
    return split_command_line(shlex.split(command))


def evaluation_told(command: str) -> tuple[EvalSettings, dict[str, Any]]:
    """What a command `eval` says: its settings, with the name of its results, and what those note of values over the
    run's config.

    Without a name they are `shift` or called after the part, since `eval` is the evaluation at the end of training.
    Raises `UserError` for what it could not take.
    """
    settings, override = settings_and_override(_config_of(command))
    if settings.ident is None:
        settings = replace(settings, ident=settings.name if settings.shift else f"{settings.part}_results")
    return settings, override


def metrics_told(command: str) -> tuple[EvaluationSettings, MetricSettings]:
    """What a command `eval-metrics` says; raises `UserError` for what it could not take."""
    config = _config_of(command)
    evaluation, settings = call(EvaluationSettings, config), read_settings(config)
    reject_unknown_keys(config, keys_given(config))
    return evaluation, settings


def has_evaluation(run: Path, command: str, budget: int) -> bool:
    """Whether a run of that many steps has what a command `eval` makes, whole and with finite scores."""
    settings, override = evaluation_told(command)
    results = _whole(run / f"{settings.name}.json", budget if settings.ckpt_num is None else settings.ckpt_num)
    mode = f"parts of {settings.part}" if settings.shift else settings.part
    if results is None or results.get("mode") != mode or not _is_finite(results):
        return False
    made_with = results.get("settings")
    if not isinstance(made_with, Mapping):
        return True
    wanted = {"step_limit": settings.step_limit, "override": override}
    noted: dict[str, Any] = {"step_limit": settings.step_limit, "override": {}, **made_with}
    return all(noted[name] == as_stored(value) for name, value in wanted.items())


def has_metrics(run: Path, command: str, budget: int) -> bool:
    """Whether a run of that many steps has what a command `eval-metrics` makes."""
    evaluation, settings = metrics_told(command)
    ident = evaluation.save_ident
    if ident is None or not is_done(run, ident, settings) or metrics_lacking(run, ident, settings):
        return False
    results = _whole(run / f"{ident}.json", budget if evaluation.ckpt_num is None else evaluation.ckpt_num)
    if results is None:
        return False
    made_with, described = results.get("settings"), settings.described()
    given = {name for name in nested(split(command)[1]) if name in described and name not in _NO_MATTER}
    noted = made_with if isinstance(made_with, Mapping) else {}
    is_so = all(noted[name] == as_stored(described[name]) for name in given if name in noted)
    resamples = results["bootstrap"].get("resamples") if isinstance(results.get("bootstrap"), Mapping) else 0
    return is_so and (not evaluation.bootstrap or resamples == evaluation.bootstrap)


def _config_of(command: str) -> Node:
    words, keys = split(command)
    config = create_config(*words[1:], **nested(keys))
    recorder_of(config).note_spelled(spelled_command_line(shlex.split(command))[1])
    return config


def _whole(path: Path, step: int) -> dict[str, Any] | None:
    """The results in a file, where they are whole and of a step."""
    results = read_json(path) if os.path.lexists(path) else None
    is_whole = isinstance(results, dict) and not results.get("pending") and results.get("step") == step
    return results if is_whole else None


def _is_finite(results: Mapping[str, Any]) -> bool:
    """Whether no score is told as not finite; those of parts of the data are null then."""
    if "parts" in results and isinstance(results.get("scores"), Mapping):
        tables = [table for table in results["scores"].values() if isinstance(table, Mapping)]
        return all(value is not None for table in tables for value in table.values())
    return not results.get("not_finite")
