"""`fig train --from RUN`: a new run that starts with the weights of another one."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, get_args

from omnilearn.config import Node, call, keys_given, read_key
from omnilearn.config.recorder import recorder_of
from omnilearn.config.tree import merged
from omnilearn.errors import ConfigError, UserError
from omnilearn.runs.folder import find_run, save_root
from omnilearn.runs.identity import plain
from omnilearn.runs.origin import origin_of
from omnilearn.runs.stored_config import read_stored_config, with_override
from omnilearn.training.known_keys import expect_training
from omnilearn.training.train import train
from omnilearn.training.updated_part import Update
from sae_src.published_runs import is_published
from sae_src.run import create_config, load_run

KEY = "from"
# Of the other run alone: what it is called, where it ran, what it found out, and where it came from itself.
_ITS_OWN = ("name", "labels", "device", "threads", "din", "dout", "dataset_size", "compiled", "origin", "update")
_RESTRICTIONS = ("holdout", "correlate", "strength", "train_on")


@dataclass(frozen=True)
class StartSettings:
    """What `fig train --from` can be told beside the keys of the new run."""

    update: Update = "both"
    saveroot: Path | None = None


def train_from(config: Node) -> Path:
    """Train a new run that starts with the weights of the run that the key `from` names; returns its folder.

    Its config is that of the other run, with what the command line gives over it. Where that run held something out, or
    correlated factors, the new one trains on all, unless the command line says what to train on.

    Raises `UserError` where there is no such run, or its weights do not fit.
    """
    for key in keys_given(config):
        if key.split(".")[0] in ("resume", "override", "origin"):
            raise UserError(
                f"--{key} does not go with --from, which starts a new run: --resume NAME goes on with one, whatever it "
                "started with"
            )
    settings = call(StartSettings, config)
    name = read_key(config, KEY, str, "")
    if not name:
        raise UserError("from: which run? a name under the save folder, or a path")
    return start_from(find_run(name, save_root(settings.saveroot)), config, settings.update)


def start_from(path: Path, config: Node, update: Update = "both") -> Path:
    """Train a new run that starts with the weights of the one in a folder; returns the folder of the new one.

    Args:
        path: the folder of the other run.
        config: what goes over the config of that one.
        update: what is trained.

    Raises `UserError` where the run has no weights, or they do not fit.
    """
    if update not in get_args(Update):
        raise UserError(f"update: expected one of {', '.join(get_args(Update))}, got {update!r}")
    stored = read_stored_config(path)
    if is_published(stored):
        raise UserError(f"from: {path.name} was written by the published system: it can be evaluated, not trained on")
    run = load_run(path)
    if run.state is None:
        raise UserError(f"from: {path.name} has no checkpoint yet")
    given = {key: value for key, value in plain(config.root.to_python()).items() if key != KEY}
    below = {key: value for key, value in stored.items() if key not in _ITS_OWN}
    below, given = _on_the_whole(below, given)
    noted = {"origin": origin_of(run).entries(), "update": update}
    new = create_config(**with_override(below, merged(given, noted)))
    told, found = recorder_of(config), recorder_of(new)  # what is unknown or of no effect is the user's to be told
    found.given = tuple(key for key in told.given if key != KEY)
    found.named, found.spelled = told.named, told.spelled
    expect_training(new)
    try:
        return train(new, run.state["model"])
    except ConfigError as error:
        if not any(name.startswith("a/") for name in told.named):
            raise
        hint = f"the architecture stands over the config of {path.name}, whose weights want their own: leave it out"
        raise ConfigError(f"{error} ({hint})") from error


def _on_the_whole(below: dict[str, Any], given: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """The config of the other run and the given one, such that together they train on all, unless the latter says."""
    old, new = below.get("dataset"), given.get("dataset", {})
    if not isinstance(old, Mapping) or not isinstance(new, Mapping):
        return below, given
    if new.get("_type", old.get("_type")) != old.get("_type"):  # other data: nothing about the old ones holds
        return {**below, "dataset": {}}, given
    if any(key in new for key in ("holdout", "correlate")):
        kept = {key: value for key, value in old.items() if key not in _RESTRICTIONS}
        return {**below, "dataset": kept}, given
    if any(old.get(key) for key in ("holdout", "correlate")) and "train_on" not in new:
        return below, {**given, "dataset": {**new, "train_on": "whole"}}
    return below, given
