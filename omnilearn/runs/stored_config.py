"""The config of a run, which may come from anybody: data that builds the run again, and nothing more.

What is stored may say where data is read from, never where anything is written, and it causes no download: those are
asked for on the command line or by the environment alone.
"""

import logging
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from omnilearn.config.stored import plain_data, without
from omnilearn.config.tree import merged, nested
from omnilearn.config.yaml_parts import load_shared_yaml
from omnilearn.config.yaml_text import load_yaml
from omnilearn.data.download.paths import data_root
from omnilearn.errors import ConfigError
from omnilearn.files import read_text
from omnilearn.runs.folder import CONFIG

_PLACE = "dataroot"
_log = logging.getLogger(__name__)


def read_stored_config(run: Path) -> dict[str, Any]:
    """The tables of a run's `config.yaml` as they stand there, with dotted keys opened and underscores in keys.

    Raises `UserError` naming the file where it cannot be read, is not valid YAML or is not a table.
    """
    path = run / CONFIG
    try:
        data = load_yaml(read_text(path), str(path))
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path}: cannot be read as a config: {error}") from error
    if data is not None and not isinstance(data, dict):
        raise ConfigError(f"{path}: the top level must be a table of keys, not a {type(data).__name__}")
    return nested(data or {})


def glance_at_config(run: Path) -> Mapping[str, Any]:
    """What `read_stored_config` returns, for many runs of which many share parts; it must not be changed."""
    path = run / CONFIG
    try:
        data = load_shared_yaml(read_text(path), str(path))
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path}: cannot be read as a config: {error}") from error
    return opened(data) if isinstance(data, dict) else read_stored_config(run)


def opened(data: Mapping[Any, Any]) -> Mapping[str, Any]:
    """The tables of a stored config with dotted keys opened and underscores in keys, themselves where they are so."""
    return data if _is_open(data) else nested(data)


def _is_open(tree: Any) -> bool:
    """Whether keys have no dots and dashes left, as in what runs write."""
    if isinstance(tree, dict):
        return all(
            isinstance(key, str) and "." not in key and "-" not in key and _is_open(item) for key, item in tree.items()
        )
    return all(map(_is_open, tree)) if isinstance(tree, list) else True


def with_override(stored: Mapping[str, Any], override: Mapping[str, Any]) -> dict[str, Any]:
    """A stored config with the values that a user gives over it, fit to build the run from.

    Where the data folder is a stored one, arrays made from its files go to the user's own. A stored one that is not
    there is left out, with a warning.
    """
    own = nested(override)
    kept = plain_data(stored)
    if _names(own, _PLACE):
        kept = without(kept, {_PLACE})
    for place in _absent(kept):
        _log.warning("dataroot: the run's data folder %s is not here: using %s", place, data_root())
        kept = without(kept, {_PLACE})
    if _names(kept, _PLACE):
        kept["cacheroot"] = str(data_root())
    return merged(kept, own)


def _names(tree: Any, key: str) -> bool:
    return bool(_values(tree, key))


def _absent(tree: Any) -> list[str]:
    """The first data folder that is not on this machine, if any."""
    places = [value for value in _values(tree, _PLACE) if isinstance(value, str) and not value.startswith("<")]
    return [place for place in places if not Path(place).is_dir()][:1]


def _values(tree: Any, key: str) -> list[Any]:
    """The values of a key at every place of a tree."""
    if isinstance(tree, Mapping):
        own = [tree[key]] if key in tree else []
        return own + [value for item in tree.values() for value in _values(item, key)]
    if isinstance(tree, list):
        return [value for item in tree for value in _values(item, key)]
    return []
