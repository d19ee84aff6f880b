"""How far a long piece of work is: a bar on a terminal, lines now and then elsewhere."""

import time
from collections.abc import Collection, Iterator
from typing import TypeVar

from tqdm import tqdm

T = TypeVar("T")

ANNOUNCED_FROM = 10.0  # seconds; work that is done sooner says nothing where there is no terminal
BETWEEN_LINES = 30.0
_ESTIMATED_AFTER = 1.0


class Progress:
    """Shows how much of a known amount of work is done; use as a context manager.

    On a terminal it is a bar that goes away at the end. Elsewhere, a line says how long it will take once that is seen
    to be more than ten seconds, and further lines every half minute how much is left.

    Args:
        total: the amount of work.
        title: what is done.
        unit: what the amount counts, in the plural.
        done: how much was done before.
    """

    def __init__(self, total: int, title: str, unit: str, *, done: int = 0) -> None:
        self._total, self._title, self._unit = total, title, unit
        self._done = self._done_before = done
        self._start = time.monotonic()
        self._next_line: float | None = None
        self._bar = tqdm(
            total=total,
            initial=done,
            desc=title,
            unit=f" {unit}",
            leave=False,
            delay=1.0,
            dynamic_ncols=True,
            disable=None,
        )

    def update(self, amount: int = 1) -> None:
        """Note that so much more is done."""
        self._done += amount
        if not self._bar.disable:
            self._bar.update(amount)
            return
        now = time.monotonic()
        spent = now - self._start
        if spent < _ESTIMATED_AFTER or (self._next_line is not None and now < self._next_line):
            return
        left = spent * (self._total - self._done) / max(self._done - self._done_before, 1)
        if self._next_line is None and spent + left < ANNOUNCED_FROM:
            return
        done = f"{self._done:,} of {self._total:,} {self._unit}"
        print(f"{self._title}: {done}, {duration(left)} left", flush=True)
        self._next_line = now + BETWEEN_LINES

    def __enter__(self) -> "Progress":
        return self

    def __exit__(self, *error: object) -> None:
        self._bar.close()


def with_progress(items: Collection[T], title: str, unit: str) -> Iterator[T]:
    """The items one after the other, with `Progress` over how many are done."""
    with Progress(len(items), title, unit) as progress:
        for item in items:
            yield item
            progress.update()


def duration(seconds: float) -> str:
    """A time such as `0:07`, `12:34` or `1:02:03`."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def pace(steps: float, seconds: float) -> str:
    """How fast steps are done: `85 steps/s`, or `1.14 s/step` where one takes longer than a second."""
    if seconds <= 0 or steps <= 0:
        return "- steps/s"
    rate = steps / seconds
    return f"{rate:.0f} steps/s" if rate >= 10 else f"{rate:.1f} steps/s" if rate >= 1 else f"{1 / rate:.2f} s/step"
