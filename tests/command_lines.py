"""What tests of command lines share."""

import shlex

from omnilearn.config.command_line import spelled_command_line


def with_keys(command: str, keys: str) -> str:
    """A command with other values of some of its keys, and with further keys."""
    words, given = spelled_command_line(shlex.split(command))
    _, changed = spelled_command_line(shlex.split(keys))
    kept = {key: value for key, value in given.items() if not any(f"{key}.".startswith(f"{new}.") for new in changed)}
    both = kept | changed
    return shlex.join([*words, *(word for key, value in both.items() for word in (f"--{key}", value or ""))])
