"""YAML files of which many share parts, such as the configs of hundreds of runs: each part is parsed once."""

import re
from collections.abc import Collection
from functools import lru_cache
from typing import Any

from omnilearn.config.yaml_text import load_yaml
from omnilearn.errors import ConfigError

# A key at the beginning of a line, as files of runs are written; what is indented, or an item of a list, belongs to it.
_KEY = re.compile(r"[A-Za-z_][\w.-]*:(?=\s)")
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
    parts = _parts(text)
    if parts is not None and only is not None:
        parts = [part for part in parts if part.partition(":")[0] in only]
    if parts is None:
        return load_yaml(text, source)
    tree: dict[Any, Any] = {}
    try:
        for part in parts:
            simple = _SIMPLE.fullmatch(part)
            if simple:  # numbers and times differ from file to file
                tree[simple["key"]] = int(simple["number"]) if simple["number"] else simple["text"]
            else:
                tree.update(_loaded(part))
    except (ConfigError, TypeError, ValueError):
        return load_yaml(text, source)  # which says what is wrong, and where
    return tree if len(tree) == len(parts) else load_yaml(text, source)


def _parts(text: str) -> list[str] | None:
    """The text of each key at the top; None where it is not written that way."""
    if _ACROSS.search(text):
        return None
    parts: list[list[str]] = []
    for line in text.splitlines():
        if not line.strip() or line[0] == "#":
            continue
        if _KEY.match(f"{line} "):
            parts.append([line])
        elif parts and line[0] in " -":
            parts[-1].append(line)
        else:
            return None
    return ["\n".join(lines) for lines in parts] or None


@lru_cache(maxsize=4096)
def _loaded(part: str) -> Any:
    return load_yaml(part, "")
