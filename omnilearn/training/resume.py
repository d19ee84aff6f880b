"""Going on with a run that was interrupted, or with a larger budget."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from omnilearn.config import Node, call, dump_yaml, find, load_yaml, reject_unknown_keys
from omnilearn.config.compose import given_keys, read_config
from omnilearn.errors import UserError
from omnilearn.files import write_text
from omnilearn.runs.checkpoint import checkpoint_steps, load_training_state, remove_leftovers
from omnilearn.runs.folder import CONFIG, INFO, sole_writer
from omnilearn.runs.identity import is_harmless, request_of
from omnilearn.runs.info import run_info
from omnilearn.runs.run import Run
from omnilearn.training.event_files import forget_after
from omnilearn.training.loop import Training
from omnilearn.training.records import Records
from omnilearn.training.train import Parts, TrainSettings, assemble, begin, run_to_end, stored_config


def check_override(stored: Node, override: Mapping[str, Any]) -> None:
    """Refuse values that would turn the run into another experiment, naming the stored ones.

    `stored` is the run's config without them.
    """
    for key in given_keys(override):
        if not is_harmless(key):
            node = find(stored, key, inherit="." not in key)
            value = "not set" if node is None else node.payload if node.has_payload else node.to_python()
            raise UserError(
                f"--{key} would make this another experiment: the run's value is {value}; start a new run for that"
            )


def unfinished_run(root: Path, config: Node) -> Path | None:
    """The newest run under `root` that was asked for in the same way and has not used up its budget."""
    wanted = request_of(config.root.to_python())
    paths = [path for path in root.iterdir() if (path / CONFIG).is_file()] if root.is_dir() else []
    for path in sorted(paths, key=lambda path: path.stat().st_mtime, reverse=True):
        try:
            stored = read_config(path / CONFIG)
        except UserError:
            continue
        if request_of(stored) == wanted and max(checkpoint_steps(path), default=0) < stored["budget"]:
            return path
    return None


@dataclass(frozen=True)
class _Whole:
    """Whether a changed torch or config is accepted."""

    accept_changes: bool = False


def resume(run: Run) -> Path:
    """Continue a run from its checkpoint to the budget of its config; returns its folder.

    A run without a checkpoint starts again from its first step, to the same numbers. Raises `UserError` where the run
    is finished, another process trains it, or the numbers would not go on as they would have.
    """
    settings = call(TrainSettings, run.config)
    accept = call(_Whole, run.config).accept_changes
    with sole_writer(run.path):
        parts = assemble(run.config, settings)
        reject_unknown_keys(run.config)
        state = None if run.step is None else load_training_state(run.checkpoint)
        step = 0 if state is None else state["step"]
        evaluation = settings.evaluation and run.path / f"{settings.evaluation.ident}.json"
        if step >= settings.budget and not (settings.include_eval and evaluation and not evaluation.is_file()):
            raise UserError(f"{run.name} has done its {step} steps: give it more with --budget")
        if run.step is not None:
            parts.model.load_state_dict(run.read_state(run.checkpoint)["model"])
        remove_leftovers(run.path)
        forget_after(run.path, step)
        with Records(run.path) as records:
            training = begin(run.config, parts, settings, run.path, records)
            if state is not None:
                if not accept:
                    _check_unchanged(state["made_by"], training)
                training.load_state_dict(state)
            _write_down(run, parts, step)
            print(f"resuming at step {training.step:,}")
            run_to_end(training, settings, parts.data)
    return run.path


def _check_unchanged(before: Mapping[str, Any], training: Training) -> None:
    now = training.made_by()
    for name, words in (("torch", "torch"), ("processes", "number of processes"), ("experiment", "config.yaml")):
        if before[name] != now[name]:
            change = "has been changed" if name == "experiment" else f"was {before[name]} and is {now[name]}"
            raise UserError(f"the {words} of this run {change}: go on all the same with --accept-changes yes")


def _write_down(run: Run, parts: Parts, step: int) -> None:
    """Keep the changed config, and what resumed the run, in its folder."""
    write_text(run.path / CONFIG, dump_yaml(stored_config(run.config, parts)))
    path = run.path / INFO
    info = load_yaml(path.read_text(encoding="utf-8"), str(path)) if path.is_file() else {}
    again = {"step": step, "at": datetime.now().isoformat(timespec="seconds"), **run_info(parts.device, parts.seed)}
    info["resumed"] = [*info.get("resumed", []), again]
    write_text(path, dump_yaml(info))
