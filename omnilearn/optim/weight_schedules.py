"""Schedules of a weight in a loss over the steps of a training."""

import math
from abc import ABC, abstractmethod

from omnilearn.config.registry import component


class WeightSchedule(ABC):
    """A weight that goes from `start` to `end` within `steps` training steps, and stays there.

    Args:
        end: the weight at the end.
        steps: training steps until then.
        start: the weight before the first step.

    Raises `ValueError` for a weight that is no number from 0 up, and for less than one step.
    """

    def __init__(self, end: float, steps: int, *, start: float = 0.0) -> None:
        for name, value in (("start", start), ("end", end)):
            if not 0 <= value < math.inf:
                raise ValueError(f"{name} must be a number from 0 up, got {value}")
        if steps < 1:
            raise ValueError(f"steps must be at least 1, got {steps}")
        self.start, self.end, self.steps = start, end, steps

    def value_after(self, step: int) -> float:
        """The weight in force once `step` training steps are done."""
        return self.start + (self.end - self.start) * self.shape(min(step / self.steps, 1.0))

    @abstractmethod
    def shape(self, progress: float) -> float:
        """How far it is from `start` to `end`, from 0 to 1, at a progress from 0 to 1."""


# A weight that stays, or one that follows a schedule.
Weight = float | WeightSchedule


@component("schedule/linear")
class LinearWeight(WeightSchedule):
    """A weight that changes along a line (the "KL annealing" of Bowman et al. 2016, "warm-up" of Sonderby et al. 2016).

    See `WeightSchedule` for the arguments.
    """

    def shape(self, progress: float) -> float:
        """The progress itself."""
        return progress


@component("schedule/cosine")
class CosineWeight(WeightSchedule):
    """A weight that changes along half a cosine: slowly at both ends.

    See `WeightSchedule` for the arguments.
    """

    def shape(self, progress: float) -> float:
        """(1 - cos(pi * progress)) / 2."""
        return (1 - math.cos(math.pi * progress)) / 2


@component("schedule/cyclic")
class CyclicWeight(WeightSchedule):
    """A weight that begins anew several times (Fu et al., "Cyclical annealing schedule", NAACL 2019, equation 6).

    Args:
        end: the weight in the second part of each cycle, and after the last one.
        steps: training steps of all cycles together.
        start: the weight at the beginning of each cycle.
        cycles: number of cycles, M in the paper.
        rise: the share of a cycle in which the weight goes from `start` to `end` along a line, R in the paper.

    Raises `ValueError` too for less than one cycle and for a share outside (0, 1].
    """

    def __init__(self, end: float, steps: int, *, start: float = 0.0, cycles: int = 4, rise: float = 0.5) -> None:
        super().__init__(end, steps, start=start)
        if cycles < 1:
            raise ValueError(f"cycles must be at least 1, got {cycles}")
        if not 0 < rise <= 1:
            raise ValueError(f"rise must be a share above 0, at most 1, got {rise}")
        self.cycles, self.rise = cycles, rise

    def shape(self, progress: float) -> float:
        """The part of the rise of the cycle that is done."""
        if progress == 1:
            return 1.0
        return min(progress * self.cycles % 1 / self.rise, 1.0)
