"""Bases that depend on keys: `_base: a/size/{image_size:64}` builds on the widths for images of the size that is given.

What stands in braces is a key, anywhere or in the section `dataset`, and behind a colon what it is by default. A name
for which `found_by` knows a function is found by that instead. Of numbered configs the nearest is taken.
"""

import re
from collections.abc import Callable, Collection, Mapping
from importlib import import_module
from typing import Any

from omnilearn.errors import ConfigError

_PLACEHOLDER = re.compile(r"\{(\w+)(?::(\w+))?\}")
_finders: dict[str, str] = {}


def found_by(name: str, module: str) -> None:
    """Say which module has the function `name` that finds what stands for `{name}`, from the table of all keys."""
    _finders[name] = module


def filled(base: str, keys: Mapping[str, Any], known: Collection[str], note: Callable[[str], None]) -> str:
    """The name of a base with what its placeholder stands for; one without a placeholder as it is.

    Args:
        base: the name.
        keys: the tables of the values that are known so far.
        known: the names of all configs.
        note: is told where the nearest config is not the one that was asked for.

    Raises `ConfigError` where the value is neither a number nor the name of a config.
    """
    found = _PLACEHOLDER.search(base)
    if found is None:
        return base
    name, default = found.groups()
    value = str(_value_of(name, keys, default))
    before, after = base[: found.start()], base[found.end() :]
    if f"{before}{value}{after}" in known:
        return f"{before}{value}{after}"
    middles = [other[len(before) : len(other) - len(after)] for other in known if other.startswith(before)]
    numbers = [int(middle) for middle in middles if middle.isdigit() and f"{before}{middle}{after}" in known]
    if not value.isdigit() or not numbers:
        raise ConfigError(f"{name}: expected a number such as {default or 64}, got '{value}'")
    nearest = min(numbers, key=lambda number: (abs(number - int(value)), -number))
    note(f"there is no {before}{value}{after}: using the nearest, {before}{nearest}{after}")
    return f"{before}{nearest}{after}"


def _value_of(name: str, keys: Mapping[str, Any], default: str | None) -> Any:
    if name in _finders:
        return getattr(import_module(_finders[name]), name)(keys)
    value = key_value(name, keys)
    return default if value is None else value


def key_value(name: str, keys: Mapping[str, Any]) -> Any:
    """The value of a key as a data set sees it: in its section, else at the top; None where it is not set."""
    section = keys.get("dataset")
    own = section.get(name) if isinstance(section, Mapping) else None
    return keys.get(name) if own is None else own
