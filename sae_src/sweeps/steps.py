"""What is left to do for a run of a sweep: training, going on, or what comes after."""

import os
import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from omnilearn.config import call, keys_given, reject_unknown_keys
from omnilearn.config.command_line import split_command_line
from omnilearn.config.tree import nested
from omnilearn.errors import UserError
from omnilearn.files import read_json
from omnilearn.runs.folder import save_root
from omnilearn.training.console import run_reference
from sae_src.eval_metrics.command import EvaluationSettings, metrics_lacking
from sae_src.eval_metrics.command import is_done as has_metrics
from sae_src.eval_metrics.settings import read_settings
from sae_src.evaluate import check_settings
from sae_src.run import create_config
from sae_src.sweeps.existing import is_trained
from sae_src.sweeps.plan import Job


@dataclass(frozen=True)
class Step:
    """One command for a run.

    Attributes:
        name: what is done, the same whether for the first time or again.
        words: its words.
    """

    name: str
    words: tuple[str, ...]


def steps_left(
    job: Job, run: Path | None, then: Sequence[str], root: Path, *, accept_changes: bool = False
) -> list[Step]:
    """The commands that are left for a run, in their order.

    Args:
        job: the run.
        run: its folder; None where there is none yet.
        then: what comes after training.
        root: the folder of all runs.
        accept_changes: go on with a run that another version of torch, or another device, has begun.
    """
    elsewhere = [] if root.resolve() == save_root().resolve() else ["--saveroot", str(root)]
    if run is None:
        training = [Step("train", (*job.words, *elsewhere))]
    elif not is_trained(run):
        device = () if "--device" in job.words else ("--device", "null")  # what there is here
        changed = ("--accept-changes", "yes", *device) if accept_changes else ()
        training = [Step("train", ("train", "--resume", run_reference(run), *changed))]
    else:
        training = []
    load = "latest" if run is None else run_reference(run)
    after = [_step(command, load, elsewhere if run is None else [], run) for command in then]
    if training:
        return [*training, *after]
    assert run is not None
    return [step for step, command in zip(after, then, strict=True) if not _is_whole(command, run, job.budget)]


def check_commands(then: Sequence[str]) -> None:
    """Raise `UserError` for a command after training that has a key or config that there is not."""
    written: dict[str | None, str] = {}
    for command in then:
        words, keys = _split(command)
        try:
            if words[0] == "eval-metrics":
                ident = _metric_settings(words, keys)[0].save_ident
            elif len(words) > 1:
                raise UserError(f"eval takes the config of the run: leave out {words[1]}")
            else:
                ident = _ident(keys)
                check_settings(create_config(**nested({**keys, "ident": ident})))
        except UserError as error:
            raise UserError(f"then: {command}: {error}") from error
        if ident is not None and ident in written:
            key = "save-ident" if words[0] == "eval-metrics" else "ident"
            raise UserError(f"then: {written[ident]} and {command} write the same results: give one an --{key}")
        written[ident] = command


def modes_of(then: Sequence[str]) -> list[str]:
    """The parts of the data that the evaluations after training are over."""
    split = [_split(command) for command in then]
    return [str(keys["mode"]) for words, keys in split if words[0] == "eval" and "mode" in keys]


def results_of(command: str) -> tuple[str | None, tuple[str, ...] | None]:
    """The name of the results that a command after training writes, and of the metrics in them; None for losses."""
    words, keys = _split(command)
    if words[0] == "eval-metrics":
        evaluation, settings = _metric_settings(words, keys)
        return evaluation.save_ident, settings.names
    return _ident(keys), None


def _step(command: str, load: str, elsewhere: Sequence[str], run: Path | None) -> Step:
    words, keys = _split(command)
    given = shlex.split(command)[len(words) :]
    if words[0] == "eval" and "ident" not in keys:  # that of the evaluation at the end of training is kept
        given += ["--ident", _ident(keys)]
    is_metrics = words[0] == "eval-metrics"
    ident = _metric_settings(words, keys)[0].save_ident if is_metrics else _ident(keys)
    replacing = "force_save" if is_metrics else "overwrite"
    is_there = run is not None and any(os.path.lexists(run / f"{ident}{ending}") for ending in (".json", ".pth.tar"))
    if is_there and replacing not in keys and replacing.replace("_", "-") not in keys:  # of fewer steps, for one
        given += [f"--{replacing.replace('_', '-')}", "yes"]
    return Step(command, (*words, "--load", load, *given, *elsewhere))


def _is_whole(command: str, run: Path, budget: int) -> bool:
    """Whether results are there, and can be read: what cannot is for the command to tell, and stops no other run."""
    try:
        return _is_done(command, run, budget)
    except UserError:
        return False


def _is_done(command: str, run: Path, budget: int) -> bool:
    words, keys = _split(command)
    if words[0] == "eval-metrics":
        evaluation, settings = _metric_settings(words, keys)
        ident = evaluation.save_ident
        if ident is None or not has_metrics(run, ident, settings) or metrics_lacking(run, ident, settings):
            return False
        return _is_of(run / f"{ident}.json", budget)
    return _is_of(run / f"{_ident(keys)}.json", budget, keys.get("mode", "val"))


def _is_of(path: Path, step: int, mode: str | None = None) -> bool:
    """Whether results are whole, and of a step and part of the data."""
    if not os.path.lexists(path):
        return False
    results = read_json(path)
    is_whole = isinstance(results, dict) and not results.get("pending")
    return is_whole and results.get("step") == step and mode in (None, results.get("mode"))


def _ident(keys: dict[str, Any]) -> str:
    return str(keys.get("ident", f"{keys.get('mode', 'val')}_results"))


def _split(command: str) -> tuple[list[str], dict[str, Any]]:
    return split_command_line(shlex.split(command))


def _metric_settings(words: Sequence[str], keys: dict[str, Any]) -> tuple[EvaluationSettings, Any]:
    config = create_config(*words[1:], **nested(keys))
    evaluation, settings = call(EvaluationSettings, config), read_settings(config)
    reject_unknown_keys(config, keys_given(config))
    return evaluation, settings
