"""The step loop, and the state that it moves forward."""

import time
from abc import ABC, abstractmethod
from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from torch import nn

from omnilearn.data import BatchSampler, Subset
from omnilearn.optim.optimisers import Optimiser
from omnilearn.randomness import generator_states, set_generator_states
from omnilearn.tensorboard.writer import TensorBoardWriter
from omnilearn.training.interruption import FiniteGuard, Interruption, Stop


@dataclass
class Training:
    """A training run in progress: all that a step changes, and where it is written down.

    `missed` names an event of the last step that was cut short, and is made up for when the training goes on.
    """

    model: nn.Module
    optimiser: Optimiser
    subset: Subset
    order: BatchSampler
    folder: Path
    records: TensorBoardWriter
    budget: int
    seed: int
    device: torch.device
    bf16: bool = False
    experiment: str = ""
    interruption: Interruption = field(default_factory=Interruption)
    missed: str | None = None
    step: int = 0
    seconds: float = 0.0
    best: dict[str, float] = field(default_factory=dict)
    scores: dict[str, float] = field(default_factory=dict)
    times: dict[str, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.guard = FiniteGuard(self.optimiser.torch_optimiser, self.device)

    def precision(self):
        """The context for forward passes."""
        return torch.autocast(self.device.type, torch.bfloat16) if self.bf16 else nullcontext()

    def state_dict(self) -> dict[str, Any]:
        """What else than the model is needed to go on as if nothing had happened."""
        return {
            "step": self.step,
            "seconds": self.seconds,
            "missed": self.missed,
            "best": self.best,
            "optimiser": self.optimiser.state_dict(),
            "order": self.order.state_dict(),
            "generators": generator_states(),
            "made_by": made_by(self.experiment),
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on from a `state_dict`."""
        self.step, self.seconds, self.best = int(state["step"]), float(state["seconds"]), dict(state["best"])
        self.missed = state["missed"]
        self.optimiser.load_state_dict(state["optimiser"])
        self.order.load_state_dict(state["order"])
        set_generator_states(state["generators"])


def made_by(experiment: str) -> dict[str, Any]:
    """What has to stay the same for the numbers of an experiment to go on as they would have."""
    return {"torch": str(torch.__version__), "experiment": experiment, "processes": 1}


class Hook(ABC):
    """Something that happens every `freq` steps.

    Attributes:
        name: for the curve of how long it takes.
        at_end: whether it happens after the last step too, if that was not its turn.
        before_stop: whether it happens before an interrupted training stops.
        needs_result: whether it uses the result of the step; one that does not can be made up for when resuming.
    """

    name: str
    at_end = True
    before_stop = False
    needs_result = True

    def __init__(self, freq: int | None) -> None:
        self.freq = freq

    @abstractmethod
    def happen(self, training: Training, result: dict[str, Any]) -> None:
        """Do it, after a step with the given result of the model's `losses`."""

    def is_due(self, training: Training) -> bool:
        """Whether it happens after the step just done."""
        if self.freq is None:
            return False
        return training.step % self.freq == 0 or (self.at_end and training.step == training.budget)


def train_steps(training: Training, events: Sequence[Hook]) -> None:
    """Train until the budget is used up; after each step the events that are due happen, in the given order.

    Raises `Stop`, once the events marked `before_stop` have happened, where the training's interruption has a reason
    to; and before the weights are touched where a loss is not finite.
    """
    model, optimiser, subset, order, times = (
        training.model,
        training.optimiser,
        training.subset,
        training.order,
        training.times,
    )
    model.train()
    result: dict[str, Any] = {}
    make_up(training, events)
    clock = time.perf_counter()
    for step in range(training.step + 1, training.budget + 1):
        batch = subset.batch(next(order))
        times["time_data"], start = lap(clock)

        with training.precision():
            result = model.losses(batch)
        training.guard.before_update(result, step)
        optimiser.zero_grad()
        result["loss"].backward()
        optimiser.step()
        training.step = step
        times["time_train"], start = lap(start)

        if optimiser.schedule is not None:
            optimiser.set_rate(step)
            times["time_lr"], start = lap(start)

        for event in events:
            if event.is_due(training):
                training.seconds, clock = training.seconds + start - clock, start  # a checkpoint has them up to now
                happen(event, training, result, events)
                times[f"time_{event.name}"], start = lap(start)
        training.seconds += start - clock
        clock = start

        stop = training.interruption.reason()
        if stop and step < training.budget:
            save_before_stop(training, result, [event for event in events if not event.is_due(training)])
            raise stop
    training.guard.check()


def happen(event: Hook, training: Training, result: dict[str, Any], events: Sequence[Hook]) -> None:
    """Let an event happen; where it is cut short, note that it was, save, and stop."""
    training.guard.check()
    try:
        event.happen(training, result)
    except Stop:
        if not event.needs_result:
            training.missed = event.name
            save_before_stop(training, result, events)
        raise


def make_up(training: Training, events: Sequence[Hook]) -> None:
    """Let the event happen that was cut short before the training was resumed."""
    for event in events:
        if event.name == training.missed:
            training.missed = None
            happen(event, training, {}, events)
            save_before_stop(training, {}, events)  # the checkpoint of this step was made without the event


def save_before_stop(training: Training, result: dict[str, Any], events: Sequence[Hook]) -> None:
    """The events that must happen before an interrupted training stops."""
    for event in events:
        if event.before_stop:
            training.guard.check()
            event.happen(training, result)


def lap(start: float) -> tuple[float, float]:
    """The seconds since `start`, and now."""
    now = time.perf_counter()
    return now - start, now
