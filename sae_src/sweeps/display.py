"""What a sweep shows while it runs: all its runs in a few lines; where there is no terminal, a line for each event."""

import shutil
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass

from omnilearn.errors import printable
from omnilearn.progress import duration

_BETWEEN_LINES = 60.0  # seconds, where there is no terminal
_BETWEEN_PICTURES = 0.5


@dataclass(frozen=True)
class AtWork:
    """How far a run is that is worked on.

    Attributes:
        title: what the run is called.
        state: what is being done.
        share: which part of the run is done, from 0 to 1; None where that is not known yet.
    """

    title: str
    state: str
    share: float | None


class Display:
    """Shows how far a sweep is; on a terminal the last lines are written again and again.

    Args:
        total: number of runs.
        done: how many of them were done before.
    """

    def __init__(self, total: int, done: int) -> None:
        self._total, self._done_before = total, done
        self._found: dict[str, float] = {}  # the share of each run that was done when it was taken up
        self._start = time.monotonic()
        self._on_terminal = sys.stdout.isatty()
        self._lines = 0
        self._last = -_BETWEEN_LINES if self._on_terminal else self._start

    def event(self, text: str) -> None:
        """Say that something happened."""
        self._clear()
        print(printable(text), flush=True)

    def forget(self, title: str) -> None:
        """Leave what there was of a run out of the time that is expected: it ended without being done."""
        self._found.pop(title, None)

    def update(self, done: int, failed: int, running: Sequence[AtWork]) -> None:
        """Show how many runs are done and failed, and a line for each one at work."""
        for run in running:
            if run.share is not None:
                self._found.setdefault(run.title, run.share)
        now = time.monotonic()
        if now - self._last < (_BETWEEN_PICTURES if self._on_terminal else _BETWEEN_LINES):
            return
        self._last = now
        begun = sum(run.share or 0 for run in running)
        made = done - self._done_before + begun - sum(self._found.values())
        left = (now - self._start) / made * (self._total - done - failed - begun) if made > 0 else None
        first = f"{done} of {self._total} done"
        first += f", {failed} failed" if failed else ""
        first += f", {duration(left)} left" if left is not None else ""
        lines = [first, *(f"  {printable(f'{run.title}: {run.state}')}" for run in running)]
        self._clear()
        if self._on_terminal:
            width = shutil.get_terminal_size().columns
            print("\n".join(line[: width - 1] for line in lines), flush=True)
            self._lines = len(lines)
        else:
            print("; ".join(line.strip() for line in lines), flush=True)

    def close(self) -> None:
        """Take the last lines away."""
        self._clear()

    def _clear(self) -> None:
        if self._lines:
            print(f"\x1b[{self._lines}A\x1b[J", end="", flush=True)
            self._lines = 0
