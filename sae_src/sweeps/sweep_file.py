"""The file of a sweep: which models on which data with which seeds and keys, and what comes after training.

It is read by itself and not as a config, where dashes in keys are underscores: names of models stay as they stand.
"""

import shlex
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from omnilearn.config.command_line import spelled_command_line, split_command_line
from omnilearn.config.yaml_text import load_yaml
from omnilearn.errors import ConfigError, did_you_mean
from omnilearn.files import read_text
from sae_src.sweeps.search_space import Search, read_search

_KEYS = ("models", "data", "seed", "keys", "then", "search")
_AFTER_TRAINING = ("eval", "eval-metrics")
# What the sweep itself says to each of its commands.
_OWN = {"load", "path", "resume", "runs", "seed", "saveroot", "labels", "override"}


@dataclass(frozen=True)
class Part:
    """A part of a command line.

    Attributes:
        configs: names of configs, the strongest first.
        keys: values of keys, as they stand in the file; one that is a list crosses.
    """

    configs: tuple[str, ...]
    keys: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Sweep:
    """What a sweep crosses.

    Attributes:
        name: the name of the sweep, after its file.
        models: the parts of a command line that make each model, by the model's name.
        data: those that name the data.
        seeds: the seeds.
        keys: of all runs.
        then: the command lines of what is done with each run, without the run.
        search: what is searched over numbers, if anything is.
    """

    name: str
    models: Mapping[str, Part]
    data: tuple[Part, ...]
    seeds: tuple[int, ...] = (0,)
    keys: Mapping[str, Any] = field(default_factory=dict)
    then: tuple[str, ...] = ()
    search: Search | None = None


def read_sweep(path: Path) -> Sweep:
    """The sweep in a YAML file; `ConfigError` names the file and the key that is wrong."""
    try:
        content = load_yaml(read_text(path), str(path))
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path}: cannot be read as a sweep: {error}") from error
    if not isinstance(content, dict) or list(content) != ["sweep"]:
        raise ConfigError(f"{path}: not a sweep: the file has one key, `sweep`, with {', '.join(_KEYS)} below it")
    table = _table(content["sweep"], f"{path}: sweep")
    for key in table:
        if key not in _KEYS:
            raise ConfigError(f"{path}: sweep.{key} is not a key{did_you_mean(str(key), _KEYS) or _known()}")
    for key in ("models", "data"):
        if not table.get(key):
            raise ConfigError(f"{path}: sweep.{key} is missing")
    models = _table(table["models"], f"{path}: sweep.models")
    data = table["data"] if isinstance(table["data"], list) else [table["data"]]
    then = table.get("then") or []
    return Sweep(
        name=path.stem,
        models={
            _model_name(name, f"{path}: sweep.models"): _part(value, f"{path}: sweep.models.{name}")
            for name, value in models.items()
        },
        data=tuple(_part(value, f"{path}: sweep.data") for value in data),
        seeds=_seeds(table.get("seed", 0), f"{path}: sweep.seed"),
        keys=_keys(table.get("keys") or {}, f"{path}: sweep.keys"),
        then=tuple(_command(each, f"{path}: sweep.then") for each in (then if isinstance(then, list) else [then])),
        search=_search(table["search"], f"{path}: sweep.search") if table.get("search") is not None else None,
    )


def _search(value: Any, place: str) -> Search:
    table = _table(value, place)
    keys = table.get("keys")
    return read_search({**table, "keys": _flat_space(keys, f"{place}.keys")} if keys else table, place)


def _flat_space(value: Any, place: str) -> dict[str, Any]:
    """Keys with dots for tables in tables, down to ranges and choices."""
    flat: dict[str, Any] = {}
    for key, item in _table(value, place).items():
        name = str(key)
        if name.split(".")[0].replace("-", "_") in _OWN:
            raise ConfigError(f"{place}: {name} is not for keys of a search")
        if isinstance(item, dict) and all(isinstance(below, dict | list) for below in item.values()) and item:
            flat.update({f"{name}.{below}": leaf for below, leaf in _flat_space(item, f"{place}.{name}").items()})
        else:
            flat[name] = item
    return flat


def _model_name(name: Any, place: str) -> str:
    if name is None or not str(name).strip() or not str(name).isprintable():
        raise ConfigError(f"{place}: {name!r} is not the name of a model")
    return str(name)


def _known() -> str:
    return f"; there are {', '.join(_KEYS)}"


def _table(value: Any, place: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise ConfigError(f"{place}: must be a table of keys, got {value!r}")
    return value


def _part(value: Any, place: str) -> Part:
    """A part of a command line from text such as `a/conv12 m/vae --reg-wt 2`, or from a table of configs and keys."""
    if isinstance(value, str):
        words, keys = _split(value, place)
        return Part(words, _keys(keys, place))
    table = _table(value, place)
    for key in table:
        if key not in ("configs", "keys"):
            raise ConfigError(f"{place}.{key} is not a key; there are configs and keys")
    if not isinstance(table.get("configs"), str):
        raise ConfigError(f"{place}.configs: must name configs, such as a/conv12 m/ae")
    words, keys = _split(table["configs"], place)
    return Part(words, {**_keys(keys, place), **_keys(table.get("keys") or {}, f"{place}.keys")})


def _split(text: str, place: str) -> tuple[tuple[str, ...], dict[str, Any]]:
    try:
        words, keys = split_command_line(shlex.split(text))
        empty = [key for key, value in spelled_command_line(shlex.split(text))[1].items() if value is None]
        if empty:
            raise ConfigError(f"--{empty[0]}: the value is missing (yes, for a key that is on or off)")
    except ValueError as error:
        raise ConfigError(f"{place}: {error}") from None
    return tuple(words), keys


def _keys(value: Any, place: str) -> dict[str, Any]:
    """Keys with dots for tables in tables."""
    flat: dict[str, Any] = {}
    for key, item in _table(value, place).items():
        name = str(key)
        if name.split(".")[0].replace("-", "_") in _OWN:
            raise ConfigError(f"{place}: {name} is not for keys of a sweep")
        is_table = isinstance(item, dict) and item
        below = {f"{name}.{key}": leaf for key, leaf in _keys(item, f"{place}.{name}").items()} if is_table else {}
        for found, leaf in (below or {name: item}).items():
            if found.replace("-", "_") in (known.replace("-", "_") for known in flat):
                raise ConfigError(f"{place}: {found} stands twice; dashes and underscores are the same")
            if leaf == []:
                raise ConfigError(f"{place}: {found} has no values to cross; for a list without items write [[]]")
            flat[found] = leaf
    return flat


def _seeds(value: Any, place: str) -> tuple[int, ...]:
    seeds = value if isinstance(value, list) else [value]
    if not seeds or not all(isinstance(seed, int) and not isinstance(seed, bool) for seed in seeds):
        raise ConfigError(f"{place}: must be a number or a list of numbers, got {value!r}")
    if len(set(seeds)) < len(seeds):
        raise ConfigError(f"{place}: a seed stands twice")
    return tuple(seeds)


def _command(value: Any, place: str) -> str:
    if not isinstance(value, str) or not value.split():
        raise ConfigError(f"{place}: must be commands such as `eval --mode test`, got {value!r}")
    words, keys = _split(value, place)
    if not words or words[0] not in _AFTER_TRAINING:
        raise ConfigError(f"{place}: '{value.split()[0]}' cannot follow; there are {', '.join(_AFTER_TRAINING)}")
    for key in keys:
        if key.split(".")[0].replace("-", "_") in _OWN - {"seed", "override"}:
            raise ConfigError(f"{place}: --{key} is for the sweep to say")
    return value
