"""What `fig -h` and `fig SCRIPT -h` print: plain text, the same on a terminal and in a pipe."""

import inspect
import itertools
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from omnilearn.config.registry import more_help_of

_USAGE = "fig SCRIPT [CONFIG ...] [--KEY VALUE ...]"
_FLAGS = {
    "-h": "this help, or that of a script",
    "-t": "show where an error comes from",
    "-q": "print less",
    "--version": "the versions of this and of libraries",
}


def help_text(project: Any, words: Sequence[str]) -> str:
    """The help for a command line: that of the script it begins with, else an overview of scripts and configs.

    Args:
        project: the omnifig project whose scripts and configs there are.
        words: the command line without its flags.
    """
    scripts = {entry.name: entry for entry in project.iterate_artifacts("script")}
    if words and words[0] in scripts:
        entry = scripts[words[0]]
        parts = f"fig {entry.name}: {inspect.getdoc(entry.fn)}", more_help_of(entry.name)
        return "\n\n".join(filter(None, parts)) + "\n"
    configs = {entry.name: Path(entry.path) for entry in project.iterate_artifacts("config")}
    return "\n".join(
        [
            f"Usage: {_USAGE}",
            "The leftmost config wins over those to its right, a key wins over all configs.",
            "",
            *_listed("Scripts (fig SCRIPT -h says more)", {name: entry.description for name, entry in scripts.items()}),
            *_listed("Flags", _FLAGS),
            *_config_lines(configs),
        ]
    )


def summary(path: Path) -> str:
    """The first line of a config file without its `#`; empty where it does not begin with a comment."""
    with path.open(encoding="utf-8") as file:
        first = file.readline().strip()
    return first.removeprefix("#").strip() if first.startswith("#") else ""


def _config_lines(configs: dict[str, Path]) -> list[str]:
    """All configs with what they are for, by folder; those that begin with `_` are only built on."""
    shown = sorted((name for name in configs if not name.split("/")[-1].startswith("_")), key=_place)
    lines = []
    for folder, names in itertools.groupby(shown, key=lambda name: name.rpartition("/")[0]):
        title = f"Configs in {folder}/" if folder else "Configs"
        lines += _listed(title, {name: summary(configs[name]) for name in names})
    return lines


def _place(name: str) -> tuple[str, int, str]:
    """By folder, and in it by number where names are numbers."""
    folder, _, last = name.rpartition("/")
    return folder, int(last) if last.isdigit() else 0, last


def _listed(title: str, entries: dict[str, str]) -> list[str]:
    width = max(map(len, entries), default=0)
    return [title, *(f"  {name:<{width}}  {text}".rstrip() for name, text in entries.items()), ""]
