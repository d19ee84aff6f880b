"""What a sweep shows while it runs: all its runs in a few lines; where there is no terminal, a line for each event."""

import shutil
import sys
import time
from collections.abc import Sequence

from omnilearn.errors import printable
from omnilearn.progress import duration

_BETWEEN_LINES = 60.0  # seconds, where there is no terminal
_BETWEEN_PICTURES = 0.5


class Display:
    """Shows how far a sweep is; on a terminal the last lines are written again and again.

    Args:
        total: number of runs.
        done: how many of them were done before.
    """

    def __init__(self, total: int, done: int) -> None:
        self._total, self._done_before = total, done
        self._start = time.monotonic()
        self._on_terminal = sys.stdout.isatty()
        self._lines = 0
        self._last = -_BETWEEN_LINES if self._on_terminal else self._start

    def event(self, text: str) -> None:
        """Say that something happened."""
        self._clear()
        print(printable(text), flush=True)

    def update(self, done: int, failed: int, running: Sequence[tuple[str, float]]) -> None:
        """Show how many runs are done and failed, and for each one at work a line and the share of it that is done."""
        now = time.monotonic()
        if now - self._last < (_BETWEEN_PICTURES if self._on_terminal else _BETWEEN_LINES):
            return
        self._last = now
        made = done - self._done_before + sum(share for _, share in running)
        left = (
            (now - self._start) / made * (self._total - done - failed - sum(share for _, share in running))
            if made
            else 0
        )
        lines = [
            f"{done} of {self._total} done"
            + (f", {failed} failed" if failed else "")
            + (f", {duration(left)} left" if made else "")
        ]
        lines += [f"  {printable(line)}" for line, _ in running]
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
