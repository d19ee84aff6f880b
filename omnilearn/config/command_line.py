"""The words and keys of a command line."""

import logging
import re
from collections.abc import Sequence
from typing import Any

from omnilearn.config.repeated_keys import lost_values
from omnilearn.config.tree import merged
from omnilearn.config.yaml_text import is_plain_text, load_yaml
from omnilearn.errors import ConfigError, printable

_log = logging.getLogger(__name__)

# A pattern of names, such as [ab]*, is not a list that goes on after its end.
_PATTERN = re.compile(r"\[[^][{},:]+\][^][{},:]+")


def split_command_line(argv: Sequence[str]) -> tuple[list[str], dict[str, Any]]:
    """The leading words of a command line, and the keys after them with their values parsed as YAML.

    Of a key that stands twice the last value counts, with a warning where they differ. Raises `ConfigError` where the
    line makes no sense.
    """
    words, given = _words_and_keys(argv)
    values = [True if text is None else parse_value(text, key) for key, text in given]
    for lost in lost_values(given, values):
        _log.warning("%s", printable(lost))
    keys: dict[str, Any] = {}
    for (key, _), value in zip(given, values, strict=True):
        keys[key] = merged(keys[key], value) if key in keys else value
    return words, keys


def spelled_command_line(argv: Sequence[str]) -> tuple[list[str], dict[str, str | None]]:
    """The leading words of a command line, and the keys after them with their values as typed; None without a value."""
    words, given = _words_and_keys(argv)
    return words, dict(given)


def _words_and_keys(argv: Sequence[str]) -> tuple[list[str], list[tuple[str, str | None]]]:
    words: list[str] = []
    keys: list[tuple[str, str | None]] = []
    waiting: str | None = None
    for term in argv:
        if not is_plain_text(term):
            shown = term.encode(errors="backslashreplace").decode()
            raise ConfigError(f"{shown}: not UTF-8; rename what it names, or give it another way")
        if term.startswith("--"):
            if waiting is not None:
                keys.append((waiting, None))
            waiting, equals, value = term[2:].partition("=")
            if not waiting or waiting[0] in "-.":
                raise ConfigError(f"{term}: a key is missing after --")
            if waiting == "_base":
                raise ConfigError("--_base: name configs before the keys, after the script")
            if equals:
                keys.append((waiting, value))
                waiting = None
        elif waiting is not None:
            keys.append((waiting, term))
            waiting = None
        elif keys:
            raise ConfigError(f"'{term}' stands after the keys: configs come first, and a key takes one value")
        elif term.startswith("-"):
            raise ConfigError(f"unknown flag {term} (keys are written --key value)")
        else:
            words.append(term)
    if waiting is not None:
        keys.append((waiting, None))
    return words, keys


def parse_value(text: str, key: str) -> Any:
    """A value given on the command line: YAML where it is YAML, else text."""
    try:
        return load_yaml(text, f"--{key}")
    except ConfigError:
        is_quoted = len(text) > 1 and text[0] in "\"'" and text[-1] == text[0]
        if (is_quoted or text.startswith(("[", "{", "!"))) and not _PATTERN.fullmatch(text):
            raise
        return text
