"""Schedules of the learning rate over the steps of a run."""

import math
from typing import Literal

from omnilearn.config.registry import component


@component("scheduler/cos")
class CosineSchedule:
    """From `value` to `end` along half a cosine, set after every `freq`-th step and kept between.

    With progress p = step / limit, centred s = 2p - 1, its sign kept, |s|^(3^kurtosis); back to p' in [0, 1];
    p'' = p'^exp(skew); the rate is end + (value - end) * (cos(half_periods * pi * p'') + 1) / 2.

    Args:
        value: the rate at the start.
        end: the rate at `limit`.
        freq: steps between changes.
        limit: the step at which `end` is reached.
        skew: above 0 the rate stays high for longer.
        kurtosis: above 0 the rate changes less around the middle.
        half_periods: how many half periods of the cosine fit into the run.
        trig: `cos`, or `sin` for the shape shifted by a quarter period.
        include_zero: set the rate before the first step too.
        constrain_progress: stay at the rate of `limit` beyond it. The published system went on along the cosine (`no`),
            so that a run with a larger budget than the schedule swung back up.
    """

    def __init__(
        self,
        value: float,
        end: float,
        *,
        freq: int,
        limit: int,
        skew: float = 0.0,
        kurtosis: float = 0.0,
        half_periods: float = 1.0,
        trig: Literal["cos", "sin"] = "cos",
        include_zero: bool = False,
        constrain_progress: bool = True,
    ) -> None:
        if freq < 1 or limit < 1:
            raise ValueError(f"freq and limit must be at least 1, got {freq} and {limit}")
        self.value, self.end, self.freq, self.limit = value, end, freq, limit
        self.skew, self.kurtosis, self.half_periods = skew, kurtosis, half_periods
        self.trig = math.cos if trig == "cos" else math.sin
        self.include_zero, self.constrain_progress = include_zero, constrain_progress

    def rate_after(self, step: int) -> float:
        """The learning rate in force once `step` steps are done (0 before the first)."""
        tick = step - step % self.freq
        if tick == 0 and not self.include_zero:
            return self.value
        progress = tick / self.limit
        if self.constrain_progress:
            progress = min(max(progress, 0.0), 1.0)
        centred = 2 * progress - 1
        centred = math.copysign(abs(centred) ** (3**self.kurtosis), centred)
        progress = ((centred + 1) / 2) ** math.exp(self.skew)
        return self.end + (self.value - self.end) * (self.trig(self.half_periods * math.pi * progress) + 1) / 2
