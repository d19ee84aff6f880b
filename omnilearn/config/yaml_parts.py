"""YAML files of which many share parts, such as the configs of hundreds of runs: each part is parsed once."""

import re
from collections.abc import Collection
from functools import lru_cache
from typing import Any

from omnilearn.config.yaml_text import load_yaml
from omnilearn.errors import ConfigError

# A key at the beginning of a line, as files of runs are written; what is indented, or an item of a list, belongs to it.
_KEY = re.compile(r"[A-Za-z_][\w.-]*:(?=\s)")
_TABLE = re.compile(r"(?!(?i:true|false|yes|off|null|none|nil):)[A-Za-z_]\w{2,}:")
_SIMPLE = re.compile(
    r"(?P<key>(?!(?i:true|false|yes|off|null|none|nil):)[A-Za-z_]\w{2,}): "
    r"(?:(?P<number>0|[1-9]\d*)|'(?P<text>[\w:. -]+)')"
)
# What could reach from one part into another.
_ACROSS = re.compile(r"(?m)(^|[\s,\[{:-])[&*]\w|^(---|\.\.\.|%|<<)|[|>][-+0-9]*$")


def load_shared_yaml(text: str, source: str, only: Collection[str] | None = None) -> Any:
    """What `load_yaml` returns for the text; parts of it are shared between calls and must not be changed.

    With `only` it may lack other keys at the top than these, and mistakes in them go unnoticed.
    """
    parts = None if _ACROSS.search(text) else _parts(text.splitlines())
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
            tree[simple["key"]] = int(simple["number"]) if simple["number"] else simple["text"]
        else:
            tree.update(_loaded(part))
    return tree if len(tree) == len(parts) else None


def _parts(lines: list[str]) -> list[str] | None:
    """The text of each key at the top; None where it is not written that way."""
    parts: list[list[str]] = []
    for line in lines:
        if line.startswith("#") or not (line.strip() or parts):
            continue
        if not line.strip():  # it may be a line of a text
            parts[-1].append(line)
        elif _KEY.match(f"{line} "):
            parts.append([line])
        elif parts and line[0] in " -":
            parts[-1].append(line)
        else:
            return None
    return ["\n".join(lines) for lines in parts] or None


@lru_cache(maxsize=4096)
def _loaded(part: str) -> Any:
    key, *below = part.split("\n")
    if below and _TABLE.fullmatch(key) and all(line.startswith("  ") or not line.strip() for line in below):
        parts = _parts([line[2:] for line in below])
        tree = None if parts is None else _together(parts)
        if tree is not None:
            return {key[:-1]: tree}
    return load_yaml(part, "")
