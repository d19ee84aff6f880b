"""Going on with a run that was interrupted, or with a larger budget."""

from datetime import datetime
from pathlib import Path

from omnilearn.config import Node, call, dump_yaml, find, load_yaml, reject_unknown_keys
from omnilearn.config.compose import given_keys
from omnilearn.errors import UserError
from omnilearn.files import write_text
from omnilearn.runs.checkpoint import load_training_state
from omnilearn.runs.folder import CONFIG, INFO
from omnilearn.runs.info import run_info
from omnilearn.runs.run import Run
from omnilearn.training.event_files import forget_after
from omnilearn.training.records import Records
from omnilearn.training.train import TrainSettings, assemble, begin, run_to_end

# What may differ from the run's config without making it another experiment.
_HARMLESS = ("budget", "device", "include_eval", "print", "evaluation")


def check_override(stored: Node, override: dict) -> None:
    """Refuse values that would turn the run into another experiment, naming the stored ones.

    `stored` is the run's config without them.
    """
    for key in given_keys(override):
        if key.split(".")[0] in _HARMLESS or key.endswith(".freq"):
            continue
        node = find(stored, key, inherit="." not in key)
        value = "not set" if node is None else node.payload if node.has_payload else node.to_python()
        raise UserError(
            f"--{key} would make this another experiment: the run's value is {value}; start a new run for it"
        )


def resume(run: Run) -> Path:
    """Continue a run from its checkpoint to the budget of its config; returns its folder."""
    settings = call(TrainSettings, run.config)
    parts = assemble(run.config, settings)
    reject_unknown_keys(run.config)
    step = 0
    state = None
    if run.step is not None:
        parts.model.load_state_dict(run.read_state(run.checkpoint)["model"])
        state = load_training_state(run.checkpoint)
        step = run.step
    if step >= settings.budget:
        raise UserError(f"{run.name} has done its {step} steps: give it more with --budget")
    forget_after(run.path, step)
    _write_down(run, parts, step)
    with Records(run.path) as records:
        training = begin(parts, settings, run.path, records)
        if state is not None:
            training.load_state_dict(state)
        print(f"resuming at step {training.step:,}")
        run_to_end(training, settings, parts.data)
    return run.path


def _write_down(run: Run, parts, step: int) -> None:
    """Keep the changed config, and what resumed the run, in its folder."""
    stored = {key: value for key, value in run.config.root.to_python().items() if not key.startswith("_")}
    write_text(run.path / CONFIG, dump_yaml(stored))
    path = run.path / INFO
    info = load_yaml(path.read_text(encoding="utf-8"), str(path)) if path.is_file() else {}
    again = {"step": step, "at": datetime.now().isoformat(timespec="seconds"), **run_info(parts.device, parts.seed)}
    info["resumed"] = [*info.get("resumed", []), again]
    write_text(path, dump_yaml(info))
