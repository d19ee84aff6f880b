"""`fig train`: a new run, or one that goes on."""

from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from omnilearn.config import Node, call, find, keys_given, read
from omnilearn.config.tree import nested
from omnilearn.errors import UserError
from omnilearn.locks import BeingTrained, sole_writer
from omnilearn.runs.checkpoint import tidy_up
from omnilearn.runs.folder import find_run, save_root
from omnilearn.runs.identity import is_harmless
from omnilearn.runs.stored_config import read_stored_config, with_override
from omnilearn.training.resume import check_override, resume
from omnilearn.training.train import train
from omnilearn.training.unfinished import is_finished, unfinished_runs
from sae_src.commands.further_training import KEY, train_from
from sae_src.published_runs import is_published
from sae_src.run import create_config, has_configs, load_run
from sae_src.training_request import settle


@dataclass(frozen=True)
class ResumeSettings:
    """What `fig train --resume` can be told beside the keys that it passes on to the run."""

    resume: str
    saveroot: Path | None = None
    override: Mapping[str, Any] | None = None


def train_or_resume(config: Node) -> Path:
    """Train as the config says; with the key `resume`, go on with the run of that name, with `from`, start from it.

    `resume auto` goes on with the newest unfinished run of the same config, and starts one where there is none.
    """
    if find(config, KEY) is not None:
        return train_from(config)
    if find(config, "resume") is None:
        settle(config)
        return train(config)
    settings = call(ResumeSettings, config)
    if settings.resume == "auto":
        if settings.override:
            raise UserError("--override goes with the name of a run, not with auto")
        settle(config)
        given = {key: value for key, value in _passed_on(config).items() if is_harmless(key)}
        for path in unfinished_runs(save_root(settings.saveroot), config):
            with ExitStack() as stack:
                try:
                    stack.enter_context(sole_writer(path))
                except BeingTrained:  # another job was faster
                    continue
                if not is_finished(path, read_stored_config(path)):
                    return go_on(path, nested(given))
        print("no unfinished run of this config: starting one")
        return train(config)
    if has_configs(config):
        raise UserError("--resume takes the config of the run: leave out the other configs")
    override = nested({**(settings.override or {}), **_passed_on(config)})
    path = find_run(settings.resume, save_root(settings.saveroot))
    if is_published(read_stored_config(path)):
        raise UserError(f"{path.name} was written by the published system: it can be evaluated, not resumed")
    with sole_writer(path):
        return go_on(path, override)


def go_on(path: Path, override: Mapping[str, Any]) -> Path:
    """Resume the run in a folder, with other values for keys that do not make it another experiment.

    The caller holds the run's `sole_writer`.
    """
    tidy_up(path)
    check_override(create_config(**with_override(read_stored_config(path), {})), override)
    return resume(load_run(path, override=override))


def _passed_on(config: Node) -> dict[str, Any]:
    """The values of the command line that go into the run's config."""
    values = {}
    for key in keys_given(config):
        node = find(config, key)
        if node is None:
            raise UserError(f"--{key}: a key of a run can be replaced, not removed")
        if key.split(".")[0] not in ("resume", "saveroot", "override"):
            values[key] = read(node)
    return values
