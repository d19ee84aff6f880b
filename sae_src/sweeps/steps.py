"""What is left to do for a run of a sweep: training, going on, or what comes after."""

import os
import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from omnilearn.errors import UserError
from omnilearn.runs.folder import save_root
from omnilearn.training.console import run_reference
from sae_src.sweeps.existing import is_trained
from sae_src.sweeps.made_by import evaluation_told, has_evaluation, has_metrics, metrics_told, split
from sae_src.sweeps.plan import Job, terms


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
        again = {key: value for key, value in job.of_process.items() if key != "accept_changes" or not accept_changes}
        training = [Step("train", ("train", "--resume", run_reference(run), *changed, *terms(again)))]
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
        words, _ = split(command)
        try:
            if words[0] == "eval-metrics":
                ident = metrics_told(command)[0].save_ident
            elif len(words) > 1:
                raise UserError(f"eval takes the config of the run: leave out {words[1]}")
            else:
                ident = evaluation_told(command)[0].name
        except UserError as error:
            raise UserError(f"then: {command}: {error}") from error
        if ident is not None and ident in written:
            key = "save-ident" if words[0] == "eval-metrics" else "ident"
            raise UserError(f"then: {written[ident]} and {command} write the same results: give one an --{key}")
        written[ident] = command


def modes_of(then: Sequence[str]) -> list[str]:
    """The parts of the data that the evaluations after training are over."""
    evaluations = [evaluation_told(command)[0] for command in then if split(command)[0][0] == "eval"]
    return [settings.part for settings in evaluations if settings.mode is not None]


def results_of(command: str) -> tuple[str | None, tuple[str, ...] | None]:
    """The name of the results that a command after training writes, and of the metrics in them; None for losses."""
    if split(command)[0][0] == "eval-metrics":
        evaluation, settings = metrics_told(command)
        return evaluation.save_ident, settings.names
    return evaluation_told(command)[0].name, None


def _step(command: str, load: str, elsewhere: Sequence[str], run: Path | None) -> Step:
    words, keys = split(command)
    given = shlex.split(command)[len(words) :]
    ident, _ = results_of(command)
    if words[0] == "eval" and "ident" not in keys:  # that of the evaluation at the end of training is kept
        given += ["--ident", str(ident)]
    replacing = "force_save" if words[0] == "eval-metrics" else "overwrite"
    is_there = run is not None and any(os.path.lexists(run / f"{ident}{ending}") for ending in (".json", ".pth.tar"))
    if is_there and replacing not in keys and replacing.replace("_", "-") not in keys:  # of fewer steps, for one
        given += [f"--{replacing.replace('_', '-')}", "yes"]
    return Step(command, (*words, "--load", load, *given, *elsewhere))


def _is_whole(command: str, run: Path, budget: int) -> bool:
    """Whether results are there, and can be read: what cannot is for the command to tell, and stops no other run."""
    has_results = has_metrics if split(command)[0][0] == "eval-metrics" else has_evaluation
    try:
        return has_results(run, command, budget)
    except UserError:
        return False
