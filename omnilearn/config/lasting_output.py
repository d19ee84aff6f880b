"""Standard output and errors that may go away before the process ends: a pipe to `head`, a closed terminal."""

import io
import os
import sys
from typing import Any, TextIO, cast


class LastingOutput:
    """A stream that takes what is written to it without an error when nobody reads it any more, and drops it then."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def write(self, text: str) -> int:
        """Write text, or drop it."""
        try:
            return self._stream.write(text)
        except OSError as error:
            self._give_up(error)
            return len(text)

    def flush(self) -> None:
        """Pass on what was written, or drop it."""
        try:
            self._stream.flush()
        except OSError as error:
            self._give_up(error)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)

    def _give_up(self, error: OSError) -> None:
        """Send this and all that follows nowhere, also what the stream still holds."""
        if isinstance(error, BlockingIOError):  # a reader that is slow, not gone
            return
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, self._stream.fileno())
        os.close(nowhere)


def outlast_readers() -> None:
    """Let this process go on without its console; where something else than the console is written to, it stays.

    What the encoding of the console lacks, such as an accent in a name, is written as its code.
    """
    for number, name in ((1, "stdout"), (2, "stderr")):
        stream = getattr(sys, name)
        if stream is None:  # it was closed before the process began
            setattr(sys, name, _nowhere(number))
        elif stream is getattr(sys, f"__{name}__"):
            if isinstance(stream, io.TextIOWrapper):
                stream.reconfigure(errors="backslashreplace")
            setattr(sys, name, cast(TextIO, LastingOutput(stream)))


def _nowhere(number: int) -> TextIO:
    """A stream that drops everything; where the number of the closed one is free, it is taken, since what libraries
    write there would else end up in the next file that is opened.
    """
    nowhere = os.open(os.devnull, os.O_WRONLY)
    try:
        os.fstat(number)
    except OSError:
        os.dup2(nowhere, number)
    return os.fdopen(nowhere, "w", encoding="utf-8", closefd=False)
