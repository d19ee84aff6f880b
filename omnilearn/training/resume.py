"""Going on with a run that was interrupted, or with a larger budget."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from omnilearn.config import Node, call, dump_yaml, find, read_key, reject_unknown_keys
from omnilearn.config.tree import given_keys
from omnilearn.errors import UserError
from omnilearn.files import write_text
from omnilearn.runs.checkpoint import load_training_state, set_aside_after
from omnilearn.runs.folder import CONFIG
from omnilearn.runs.identity import fingerprint, is_harmless
from omnilearn.runs.info import add_info, is_completed, read_info, run_info
from omnilearn.runs.run import Run
from omnilearn.tensorboard.rewinding import forget_after
from omnilearn.tensorboard.writer import TensorBoardWriter
from omnilearn.training.components import Components, assemble, tune
from omnilearn.training.loop import made_by
from omnilearn.training.settings import TrainSettings
from omnilearn.training.train import begin, run_to_end, stored_config


def check_override(stored: Node, override: Mapping[str, Any]) -> None:
    """Refuse values that would turn the run into another experiment, naming the stored ones.

    `stored` is the run's config without them. That there are to be no pictures any more (`viz`) changes no number.
    """
    for key in given_keys(override):
        if not is_harmless(key) and not (key == "viz" and override[key] is None):
            node = find(stored, key, inherit="." not in key)
            value = "not set" if node is None else node.payload if node.has_payload else node.to_python()
            raise UserError(
                f"--{key} would make this another experiment: the run's value is {value}; start a new run for that"
            )


def resume(run: Run) -> Path:
    """Continue a run from its checkpoint to the budget of its config; returns its folder.

    The caller holds the run's `sole_writer`. A run without a checkpoint starts again from its first step, to the same
    numbers. Raises `UserError` where the run is finished, or the numbers would not go on as they would have.
    """
    settings = call(TrainSettings, run.config)
    accept = read_key(run.config, "accept_changes", bool, False)
    components = assemble(run.config, settings)
    reject_unknown_keys(run.config, given_keys(run.override))
    if settings.origin is not None and run.step is None:
        raise UserError(
            f"{run.name} has no checkpoint, not even of the weights of {settings.origin.run} that it started with: "
            f"start another run, --from {settings.origin.run}"
        )
    if run.step is None and is_completed(run.path, 1, None):
        raise UserError(f"{run.name} has come to its end, and its checkpoints are gone: there is nothing to go on from")
    state = None if run.step is None else load_training_state(run.checkpoint)
    step = 0 if run.step is None else run.step
    evaluation = settings.evaluation if settings.include_eval else None
    is_evaluated = is_completed(run.path, step, None if evaluation is None else evaluation.ident)
    if step >= settings.budget and is_evaluated:
        raise UserError(f"{run.name} has done its {step} steps: give it more with --budget")
    components = tune(components, settings)
    if state is not None:
        with _fitting(run):
            if not accept:
                _check_unchanged(state["made_by"], made_by(fingerprint(stored_config(run.config, components))))
            components.model.load_state_dict((run.state or {})["model"])
    with TemporaryDirectory() as elsewhere, TensorBoardWriter(Path(elsewhere)) as nowhere:
        training = begin(run.config, components, settings, run.path, nowhere)
    if state is not None:
        with _fitting(run):
            training.load_state_dict(state)
    # From here on the folder changes: what cannot go on has been refused.
    set_aside_after(run.path, step)
    of_training = ["/train"] if settings.validation is None else ["/train", f"/{settings.validation.mode}"]
    prefix = None if evaluation is None or is_evaluated else f"{evaluation.ident}/"
    forget_after(run.path, step, prefix=prefix, but=of_training)
    # A stored config, which may be a stranger's, sends nothing anywhere: the command line asks for it anew.
    mirror = settings.mirror if any(key.split(".")[0] == "mirror" for key in given_keys(run.override)) else None
    with TensorBoardWriter(run.path, mirror) as training.writer:
        training.writer.open_mirror({})
        _write_down(run, components, step)
        print(f"resuming at step {training.progress.step:,}")
        run_to_end(training, settings)
    return run.path


@contextmanager
def _fitting(run: Run) -> Iterator[None]:
    """Turn the errors of reading a state that is not of this model into one line."""
    try:
        yield
    except (KeyError, TypeError, ValueError, IndexError, AttributeError, RuntimeError) as error:
        reason = " ".join(line.strip() for line in str(error).splitlines()[:2])
        raise UserError(f"{run.checkpoint}: does not fit the config of the run: {reason}") from error


def _check_unchanged(before: Mapping[str, Any], now: Mapping[str, Any]) -> None:
    for name, words in (("torch", "torch"), ("processes", "number of processes"), ("experiment", "config.yaml")):
        if before[name] != now[name]:
            change = "has been changed" if name == "experiment" else f"was {before[name]} and is {now[name]}"
            raise UserError(f"the {words} of this run {change}: go on all the same with --accept-changes yes")


def _write_down(run: Run, components: Components, step: int) -> None:
    """Keep the changed config, and what resumed the run, in its folder."""
    write_text(run.path / CONFIG, dump_yaml(stored_config(run.config, components)))
    again = {
        "step": step,
        "at": datetime.now().isoformat(timespec="seconds"),
        **run_info(components.device, components.seed),
    }
    info = read_info(run.path)
    earlier = info.get("resumed")
    entries: dict[str, Any] = {"resumed": [*(earlier if isinstance(earlier, list) else []), again]}
    if is_completed(run.path, step + 1, None):  # an end that is made again
        entries["completed"] = None
    if info.get("failed"):
        entries["failed"] = None
    add_info(run.path, **entries)
