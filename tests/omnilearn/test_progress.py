"""Progress where there is no terminal: nothing for short work, an announcement and the time left for long work."""

import pytest

from omnilearn import progress
from omnilearn.progress import Progress, duration, pace


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def monotonic(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(progress.time, "monotonic", clock.monotonic)
    return clock


def work(clock: Clock, pieces: int, seconds_each: float) -> None:
    with Progress(pieces, "validation", "observations") as shown:
        for _ in range(pieces):
            clock.now += seconds_each
            shown.update()


def test_short_work_says_nothing(clock, capsys):
    work(clock, 90, 0.1)
    assert capsys.readouterr().out == ""


def test_long_work_is_announced_at_once_and_followed(clock, capsys):
    work(clock, 960, 0.125)
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "validation: 8 of 960 observations, 1:59 left"
    assert [line.split(",")[-1] for line in lines[1:]] == [" 1:29 left", " 0:59 left", " 0:29 left"]


def test_times_and_paces_in_words():
    assert [duration(seconds) for seconds in (7.4, 754, 3723)] == ["0:07", "12:34", "1:02:03"]
    assert [pace(170, 2), pace(3, 2), pace(1, 1.14)] == ["85 steps/s", "1.5 steps/s", "1.14 s/step"]
