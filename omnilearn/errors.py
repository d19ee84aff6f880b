"""What a user did wrong, as opposed to what this code did wrong."""

from collections.abc import Iterable
from difflib import get_close_matches


class UserError(ValueError):
    """A mistake in what the user asked for: one clear line, shown without a traceback, exit code 2."""


class ConfigError(UserError):
    """A mistake in a config or on the command line; the message names the key or the file."""


def first_line(error: object) -> str:
    """The first line of what an error of a library says; its type where it says nothing."""
    lines = str(error).strip().splitlines()
    return lines[0] if lines else type(error).__name__


def did_you_mean(name: str, known: Iterable[str], *, cutoff: float = 0.6) -> str:
    """Words to append to an error message: up to three known names that look like `name`; empty where none does."""
    close = get_close_matches(name, list(known), n=3, cutoff=cutoff)
    return f" (did you mean {' or '.join(close)}?)" if close else ""
