"""YAML files of which many share parts, such as the configs of hundreds of runs: each part is parsed once."""

import re
from collections.abc import Collection
from functools import lru_cache
from typing import Any

from omnilearn.config.yaml_text import load_yaml
from omnilearn.errors import ConfigError

# A key at the beginning of a line, as files of runs are written; what is indented, or an item of a list, belongs to it.
_PART = re.compile(r"(?m)^[A-Za-z_][\w.-]{0,99}:(?: .*)?$(?:\n(?:[ -].*)?)*")
_NO_TEXT = r"(?!(?i:true|false|yes|off|null|none|nil):)"  # keys that are read as another value
_TABLE = re.compile(rf"({_NO_TEXT}[A-Za-z_]\w{{2,}}):((?:\n(?:  .*)?)+)")
_SIMPLE = re.compile(
    rf"(?P<key>{_NO_TEXT}[A-Za-z_]\w{{2,}}): "
    r"(?:(?P<whole>0|[1-9]\d*)|(?P<number>(?:0|[1-9]\d*)\.\d+)|'(?P<text>[\w:. -]+)')\n*",
    re.ASCII,
)
# What could reach from one part into another, break lines that are none here, or nest too deeply for one part in
# another; where it does not, it costs time only.
_ACROSS = ("&", "*", "|", "%", "<<", "---", "...", "\n#", "\r", "\x85", "\u2028", "\u2029", "\n" + 80 * " ")
_FOLDED = re.compile(r"(?<!<)>")
_MOST = 100_000  # letters: no more values than `load_yaml` takes


def load_shared_yaml(text: str, source: str, only: Collection[str] | None = None) -> Any:
    """What `load_yaml` returns for the text; parts of it are shared between calls and must not be changed.

    With `only` it may lack other keys at the top than these, and mistakes in them go unnoticed.
    """
    is_whole = len(text) > _MOST or any(sign in text for sign in _ACROSS) or _FOLDED.search(text)
    parts = None if is_whole else _parts(text)
    if parts is not None and only is not None:
        parts = [part for part in parts if part.partition(":")[0] in only]
    try:
        tree = None if parts is None else _together(parts)
    except (ConfigError, TypeError, ValueError):
        tree = None  # `load_yaml` says what is wrong, and where
    return load_yaml(text, source) if tree is None else tree


def _together(parts: list[str]) -> dict[Any, Any] | None:
    """The table of some parts; None where two have the same key."""
    tree: dict[Any, Any] = {}
    for part in parts:
        simple = _SIMPLE.fullmatch(part)
        if simple:  # numbers and times differ from file to file
            whole, number = simple["whole"], simple["number"]
            tree[simple["key"]] = int(whole) if whole else float(number) if number else simple["text"]
        else:
            tree.update(_loaded(part))
    return tree if len(tree) == len(parts) else None


def _parts(text: str) -> list[str] | None:
    """The text of each key at the top; None where it is not written that way."""
    text = text.lstrip("\n")
    parts: list[str] = _PART.findall(text)
    return parts if parts and sum(map(len, parts)) == len(text) else None


@lru_cache(maxsize=4096)
def _loaded(part: str) -> Any:
    table = _TABLE.fullmatch(part)
    if table:
        key, below = table.groups()
        parts = _parts(below.replace("\n  ", "\n"))
        tree = None if parts is None else _together(parts)
        if tree is not None:
            return {key: tree}
    return load_yaml(part, "")
