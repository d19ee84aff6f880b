"""The words and keys of a command line."""

from collections.abc import Sequence
from typing import Any

from omnilearn.config.yaml_text import load_yaml
from omnilearn.errors import ConfigError


def split_command_line(argv: Sequence[str]) -> tuple[list[str], dict[str, Any]]:
    """The leading words of a command line, and the keys after them with their values parsed as YAML."""
    words, keys, waiting = [], {}, None
    for term in argv:
        if term.startswith("--"):
            if waiting is not None:
                keys[waiting] = True
            waiting, equals, value = term[2:].partition("=")
            if not waiting or waiting[0] in "-.":
                raise ConfigError(f"{term}: a key is missing after --")
            if waiting == "_base":
                raise ConfigError("--_base: name configs before the keys, after the script")
            if equals:
                keys[waiting], waiting = parse_value(value, waiting), None
        elif waiting is not None:
            keys[waiting], waiting = parse_value(term, waiting), None
        elif keys:
            raise ConfigError(f"'{term}' stands after the keys: configs come first, and a key takes one value")
        elif term.startswith("-"):
            raise ConfigError(f"unknown flag {term} (keys are written --key value)")
        else:
            words.append(term)
    if waiting is not None:
        keys[waiting] = True
    return words, keys


def parse_value(text: str, key: str) -> Any:
    """A value given on the command line: YAML where it is YAML, else text."""
    try:
        return load_yaml(text, f"--{key}")
    except ConfigError:
        if text.startswith(("[", "{", "!")):
            raise
        return text
