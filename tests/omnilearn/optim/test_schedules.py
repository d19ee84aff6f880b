"""The cosine schedule: each of its arguments against numbers worked out by hand."""

from math import cos, log, pi

import pytest

from omnilearn.optim.schedules import CosineSchedule

HALF_WAY = (cos(pi / 4) + 1) / 2


@pytest.mark.parametrize(
    ("settings", "step", "expected"),
    [
        ({}, 50, 0.5),
        ({}, 25, HALF_WAY),
        ({}, 100, 0.0),
        ({"skew": log(2)}, 50, HALF_WAY),
        ({"skew": -log(2)}, 25, 0.5),
        ({"kurtosis": 1.0}, 25, (cos(pi * 0.4375) + 1) / 2),  # (1 - 0.5^3) / 2
        ({"kurtosis": 1.0}, 75, (cos(pi * 0.5625) + 1) / 2),
        ({"kurtosis": 1.0}, 50, 0.5),
        ({"kurtosis": 2.0}, 25, (cos(pi * (1 - 0.5**9) / 2) + 1) / 2),
        ({"kurtosis": -1.0}, 25, (cos(pi * (1 - 0.5 ** (1 / 3)) / 2) + 1) / 2),
        ({"kurtosis": 1.0, "skew": log(2)}, 25, (cos(pi * 0.4375**2) + 1) / 2),
        ({"half_periods": 2.0}, 50, 0.0),
        ({"half_periods": 2.0}, 100, 1.0),
        ({"trig": "sin"}, 50, 1.0),
        ({"trig": "sin"}, 100, 0.5),
        ({"trig": "sin"}, 0, 1.0),
        ({"trig": "sin", "include_zero": True}, 0, 0.5),
        ({"trig": "sin", "include_zero": True, "freq": 10}, 9, 0.5),
        ({"freq": 30}, 29, 1.0),
        ({"freq": 25}, 49, HALF_WAY),
        ({}, 101, 0.0),  # beyond the limit it stays where it came to
        ({}, 150, 0.0),
        ({}, 200, 0.0),
        ({"freq": 30}, 119, (cos(pi * 0.9) + 1) / 2),
        ({"freq": 30}, 120, 0.0),  # 120 is the first change beyond 100
        ({"skew": 0.5, "kurtosis": 1.0}, 170, 0.0),
        ({"half_periods": 2.0}, 150, 1.0),
        ({"trig": "sin"}, 150, 0.5),
        ({"constrain_progress": False}, 150, 0.5),  # as in the published system: the cosine goes on
        ({"constrain_progress": False}, 200, 1.0),
        ({"value": 3.0, "end": 1.0}, 25, 1 + 2 * HALF_WAY),
    ],
)
def test_rates(settings, step, expected):
    schedule = CosineSchedule(**{"value": 1.0, "end": 0.0, "freq": 1, "limit": 100} | settings)
    assert schedule.rate_after(step) == pytest.approx(expected, abs=1e-9)


@pytest.mark.parametrize("settings", [{"freq": 0, "limit": 1}, {"freq": 1, "limit": 0}])
def test_numbers_below_one_are_refused(settings):
    with pytest.raises(ValueError, match="at least 1"):
        CosineSchedule(1.0, 0.0, **settings)
