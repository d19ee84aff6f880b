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


def size_in_words(count: float) -> str:
    """A number of bytes as people write it: 800 bytes, 1.5 kB, 30.0 MB, 5.9 GB, 2.0 TB."""
    for unit in ("bytes", "kB", "MB", "GB"):
        if count < 999.5:
            return f"{count:.0f} bytes" if unit == "bytes" else f"{count:.1f} {unit}"
        count /= 1000
    return f"{count:.1f} TB"


def counted(count: int, noun: str) -> str:
    """A number of things: 1 run, 2 runs."""
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


def printable(text: str) -> str:
    """A text as one line that shows on any terminal: signs that control it, or that it cannot show, are spelled out.

    What is read from a stranger's run may hold such signs.
    """
    return "".join(sign if sign.isprintable() else sign.encode("unicode_escape").decode() for sign in text)


def did_you_mean(name: str, known: Iterable[str], *, cutoff: float = 0.6) -> str:
    """Words to append to an error message: up to three known names that look like `name`; empty where none does."""
    close = get_close_matches(name, list(known), n=3, cutoff=cutoff)
    return f" (did you mean {' or '.join(close)}?)" if close else ""
