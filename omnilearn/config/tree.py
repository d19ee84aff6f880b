"""Trees of plain data: dotted keys opened, trees laid over each other, keys taken out.

Tables merge key by key, a table of numbered keys changes single items of a list, anything else replaces: lists replace
whole. `_x_` removes a key. Dashes and underscores in keys are the same, dots open tables.
"""

from collections.abc import Mapping
from copy import deepcopy
from pathlib import Path
from typing import Any

from omnilearn.config.yaml_text import load_yaml
from omnilearn.errors import ConfigError

SCALARS = (str, int, float, bool, type(None))
_REMOVED = "_x_"


def read_config(path: Path) -> dict[str, Any]:
    """The tables of a config file, with dotted keys opened and underscores in keys.

    Raises `ConfigError` naming the file where it cannot be read, is not valid YAML or is not a table.
    """
    try:
        data = load_yaml(path.read_text(encoding="utf-8"), str(path))
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path}: cannot be read as a config: {error}") from error
    if data is not None and not isinstance(data, dict):
        raise ConfigError(f"{path}: the top level must be a table of keys, not a {type(data).__name__}")
    return nested(data or {})


def nested(data: Any) -> Any:
    """`data` with dotted keys opened into tables and dashes in keys turned into underscores."""
    if isinstance(data, Mapping):
        tree: dict[str, Any] = {}
        for key, value in data.items():
            branch = nested(value)
            for part in reversed(str(key).replace("-", "_").split(".")):
                branch = {part: branch}
            tree = merged(tree, branch)
        return tree
    if isinstance(data, list | tuple):
        return [nested(item) for item in data]
    return data


def copied(tree: Any) -> Any:
    """A tree of its own; many times as fast as `deepcopy`, which has to expect anything."""
    if type(tree) is dict:
        return {key: copied(value) for key, value in tree.items()}
    if type(tree) is list:
        return [copied(item) for item in tree]
    return tree if type(tree) in SCALARS else deepcopy(tree)


def merged(low: Any, high: Any, place: str = "") -> Any:
    """`high` over `low`, neither of them changed; `place` is the dotted key of both, for an error message."""
    if isinstance(low, dict) and isinstance(high, dict):
        changed = {
            key: merged(value, high[key], f"{place}.{key}".lstrip(".")) if key in high else copied(value)
            for key, value in low.items()
        }
        return changed | {key: copied(value) for key, value in high.items() if key not in low}
    if isinstance(low, list) and isinstance(high, dict) and high and all(key.isdigit() for key in high):
        items = copied(low)
        for key, value in sorted(high.items(), key=lambda pair: int(pair[0])):
            index = int(key)
            if index > len(items):
                raise ConfigError(f"{place}.{key}: there is no item {index} in a list of {len(low)}".lstrip("."))
            below = f"{place}.{key}".lstrip(".")
            items[index : index + 1] = [merged(items[index], value, below) if index < len(items) else copied(value)]
        return items
    return copied(high)


def without_removed(tree: Any) -> Any:
    """`tree` without the keys and items whose value is `_x_`."""
    if isinstance(tree, str) and tree == "__x__":
        raise ConfigError("__x__ is no value: _x_ removes a key")
    if isinstance(tree, dict):
        return {key: without_removed(value) for key, value in tree.items() if value != _REMOVED}
    if isinstance(tree, list):
        return [without_removed(item) for item in tree if item != _REMOVED]
    return tree


def given_keys(tree: Mapping[str, Any]) -> list[str]:
    """The dotted keys of all values in a tree, without those for omnifig itself."""
    return [key for key in _leaves(nested(tree)) if not key.startswith("_")]


def _leaves(tree: Any, prefix: str = "") -> list[str]:
    if isinstance(tree, dict) and tree:
        return [leaf for key, value in tree.items() for leaf in _leaves(value, f"{prefix}{key}.")]
    return [prefix.rstrip(".")] if prefix else []
