"""Schedules of weights: their values at the ends and between."""

import math

import pytest

from omnilearn.optim.weight_schedules import CosineWeight, CyclicWeight, LinearWeight


def test_linear():
    schedule = LinearWeight(5.0, 4, start=1.0)
    assert [schedule.value_after(step) for step in (0, 1, 2, 4, 5, 1000)] == [1, 2, 3, 5, 5, 5]
    assert LinearWeight(0.0, 2, start=1.0).value_after(1) == 0.5


def test_cosine():
    schedule = CosineWeight(2.0, 6)
    expected = [0, 1 - math.cos(math.pi / 6), 0.5, 1, 1.5, 2, 2]
    assert [schedule.value_after(step) for step in (0, 1, 2, 3, 4, 6, 7)] == pytest.approx(expected)


def test_cyclic():
    schedule = CyclicWeight(1.0, 16, cycles=2, rise=0.5)
    up = [0, 0.25, 0.5, 0.75, 1, 1, 1, 1]
    assert [schedule.value_after(step) for step in range(18)] == [*up, *up, 1, 1]
    assert CyclicWeight(3.0, 10, start=1.0, cycles=1, rise=1.0).value_after(5) == 2


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: LinearWeight(-1.0, 5), "end must be a number from 0 up"),
        (lambda: LinearWeight(math.inf, 5), "end must be a number from 0 up"),
        (lambda: LinearWeight(1.0, 5, start=math.nan), "start must be a number from 0 up"),
        (lambda: CosineWeight(1.0, 0), "steps must be at least 1"),
        (lambda: CyclicWeight(1.0, 5, cycles=0), "cycles must be at least 1"),
        (lambda: CyclicWeight(1.0, 5, rise=0.0), "rise must be a share"),
        (lambda: CyclicWeight(1.0, 5, rise=1.5), "rise must be a share"),
    ],
)
def test_schedules_that_are_none(make, message):
    with pytest.raises(ValueError, match=message):
        make()
