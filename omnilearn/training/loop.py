"""The step loop, and the state that it moves forward."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from torch.distributions import Normal

from omnilearn.precision import Precision, forward_context
from omnilearn.randomness import generator_states, set_generator_states
from omnilearn.tensor_files import restored, storable
from omnilearn.tensorboard.writer import TensorBoardWriter
from omnilearn.training.components import Components
from omnilearn.training.interruption import FiniteGuard, Interruption, Stop
from omnilearn.training.stopwatch import Stopwatch
from omnilearn.training.weight_average import WeightAverage


@dataclass
class Progress:
    """What the steps of a training change, beside the model, the optimiser and the order of batches.

    Attributes:
        step: training steps done.
        best: the lowest validation `loss` so far and its `step`; empty before the first.
        scores: the scores of the last validation.
        missed: names of the hooks of the last step that were cut short or not begun; they run first when it goes on.
        result: what the last step returned, where one of those needs it, as files keep it.
    """

    step: int = 0
    best: dict[str, float] = field(default_factory=dict)
    scores: dict[str, float] = field(default_factory=dict)
    missed: tuple[str, ...] = ()
    result: dict[str, Any] | None = None


class Training:
    """A training in progress.

    Args:
        components: what is trained on what; the model and the optimiser change with every step.
        folder: the folder of the run.
        writer: where curves and pictures go.
        budget: training steps in all.
        precision: of forward passes.
        weight_average: share of an average of the weights that each step keeps; None for no average.
        experiment: digest of what must stay the same for the numbers to go on as they would have.

    Attributes:
        progress: what the steps change.
        stopwatch: how long they take.
        interruption: why to stop early, if at all.
        guard: keeps losses that are not finite away from the weights.
        scaler: keeps gradients in the range of fp16; does nothing for other precisions.
        average: of the weights, if any; it is evaluated and saved.
        problem: why to stop after the hooks of this step, if at all.
    """

    def __init__(
        self,
        components: Components,
        folder: Path,
        writer: TensorBoardWriter,
        *,
        budget: int,
        precision: Precision = "float32",
        weight_average: float | None = None,
        experiment: str = "",
    ) -> None:
        self.components, self.folder, self.writer = components, folder, writer
        self.budget, self.precision, self.experiment = budget, precision, experiment
        self.progress, self.stopwatch, self.interruption = Progress(), Stopwatch(), Interruption()
        optimisers = {loss: optimiser.torch_optimiser for loss, optimiser in components.optimisers.items()}
        self.guard = FiniteGuard(optimisers, components.device)
        self.scaler = torch.amp.GradScaler(components.device.type, enabled=precision == "fp16")
        self.average = None if weight_average is None else WeightAverage(components.model, weight_average)
        self.problem: Stop | None = None

    def autocast(self) -> AbstractContextManager[Any]:
        """The context for forward passes."""
        return forward_context(self.precision, self.components.device)

    def averaged(self) -> AbstractContextManager[None]:
        """The context for evaluations: the model has its averaged weights there, where there is an average."""
        return nullcontext() if self.average is None else self.average.in_place()

    def model_state(self) -> dict[str, Any]:
        """The state of the model as it is saved: with the averaged weights, where there is an average."""
        state = self.components.model.state_dict()
        if self.average is not None:
            state.update(self.average.averages())
        return state

    def state_dict(self) -> dict[str, Any]:
        """All but the model that is needed to go on as if nothing had happened.

        The scores of the last validation are left out: they are only shown, until the next one.
        """
        progress = asdict(self.progress)
        del progress["scores"]
        main, *others = self.components.optimisers.values()
        return {
            **progress,
            "seconds": self.stopwatch.seconds,
            "optimiser": main.state_dict(),
            "scaler": self.scaler.state_dict(),
            "other_optimisers": [optimiser.state_dict() for optimiser in others],
            "order": self.components.batches.state_dict(),
            "generators": generator_states(),
            "made_by": made_by(self.experiment),
            **({} if self.average is None else {"trained_weights": self.average.trained()}),
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on from a `state_dict`; the model is already as `model_state` gave it.

        Raises `ValueError` where it is of a training with an average of the weights and this one has none, or the other
        way round: what the model has now are then not the weights that the optimiser goes on with.
        """
        if ("trained_weights" in state) != (self.average is not None):
            begun = "with" if "trained_weights" in state else "without"
            raise ValueError(f"it was trained {begun} weight_average, which cannot begin or end half way")
        missed = state["missed"] or ()
        missed = (missed,) if isinstance(missed, str) else tuple(missed)
        self.progress = Progress(int(state["step"]), dict(state["best"]), missed=missed, result=state.get("result"))
        self.stopwatch.seconds = float(state["seconds"])
        states = [state["optimiser"], *state.get("other_optimisers", ())]
        for optimiser, of_optimiser in zip(self.components.optimisers.values(), states, strict=True):
            optimiser.load_state_dict(of_optimiser)
        self.scaler.load_state_dict(state.get("scaler", {}))
        self.components.batches.load_state_dict(state["order"])
        if self.average is not None:
            self.average.put_into_model(state["trained_weights"])
        set_generator_states(state["generators"])


def made_by(experiment: str) -> dict[str, Any]:
    """What has to stay the same for the numbers of an experiment to go on as they would have."""
    return {"torch": str(torch.__version__), "experiment": experiment, "processes": 1}


class Hook(ABC):
    """Something that is done every `freq` steps.

    Attributes:
        name: for the curve of how long it takes.
        at_end: whether it is due after the last step too, if that was not its turn.
        before_stop: whether it runs before an interrupted training stops.
        can_be_made_up: whether what stops the training ends it at once, to be run again when the training is resumed.
        needs_result: whether it uses the result of the step.
    """

    name: str
    at_end = True
    before_stop = False
    can_be_made_up = False
    needs_result = True

    def __init__(self, freq: int | None) -> None:
        self.freq = freq

    @abstractmethod
    def run(self, training: Training, result: dict[str, Any]) -> None:
        """Do it, after a step with the given result of the model's `losses`."""

    def is_due(self, training: Training) -> bool:
        """Whether it runs after the step just done."""
        if self.freq is None:
            return False
        step = training.progress.step
        return step % self.freq == 0 or (self.at_end and step == training.budget)


def train_steps(training: Training, hooks: Sequence[Hook]) -> None:
    """Train until the budget is used up; after each step the hooks that are due run, in the given order.

    Raises `Stop`, once the hooks marked `before_stop` have run, where the training's interruption has a reason to; and
    before the weights are touched where a loss is not finite.
    """
    components, progress, watch = training.components, training.progress, training.stopwatch
    model, optimisers, losses = components.model, components.optimisers, components.losses
    scheduled = [optimiser for optimiser in optimisers.values() if optimiser.schedule is not None]
    model.train()
    model.set_step(progress.step)
    run_missed(training, hooks)
    if training.problem is not None and progress.step < training.budget:
        raise training.problem
    watch.start()
    for step in range(progress.step + 1, training.budget + 1):
        batch = components.train_subset.batch(next(components.batches))
        watch.lap("time_data")

        with training.autocast():
            result = losses(batch)
        training.guard.before_update(result, step)  # on the CPU this reads the loss
        for optimiser in optimisers.values():  # one, but for a model with parts that are trained apart
            optimiser.zero_grad()
        torch.autograd.backward([training.scaler.scale(result[loss]) for loss in optimisers])
        for optimiser in optimisers.values():
            optimiser.step(training.scaler)
        training.scaler.update()
        progress.step = step
        model.set_step(step)
        if training.average is not None:
            training.average.update(step)
        watch.lap("time_train")

        if scheduled:
            for optimiser in scheduled:
                optimiser.set_rate(step)
            watch.lap("time_lr")

        for hook in hooks:
            if hook.is_due(training):
                run_hook(hook, training, result, hooks)
                watch.lap(f"time_{hook.name}")

        stop = training.problem or training.interruption.reason()
        if stop and step < training.budget:
            save_before_stop(training, result, [hook for hook in hooks if not hook.is_due(training)])
            raise stop
    training.guard.check()


def run_hook(hook: Hook, training: Training, result: dict[str, Any], hooks: Sequence[Hook]) -> None:
    """Run a hook; where it is cut short, note what was missed, save, and stop."""
    training.guard.check()
    try:
        hook.run(training, result)
    except Stop:
        if hook.can_be_made_up:
            later = hooks[hooks.index(hook) + 1 :]
            note_missed([hook, *(other for other in later if is_left(other, training))], training, result)
            save_before_stop(training, result, hooks)
        raise


def is_left(hook: Hook, training: Training) -> bool:
    """Whether a hook after the one that was cut short would have run, and can be made up for."""
    if not hook.can_be_made_up:
        return False
    return hook.is_due(training) if not training.progress.missed else hook.name in training.progress.missed


def note_missed(hooks: Sequence[Hook], training: Training, result: dict[str, Any]) -> None:
    """Keep in mind which hooks are to run when the training is resumed, and what they need."""
    training.progress.missed = tuple(hook.name for hook in hooks)
    needed = any(hook.needs_result for hook in hooks)
    kept = {name: value for name, value in result.items() if isinstance(value, Tensor | Normal)}
    training.progress.result = storable(kept) if needed else None


def run_missed(training: Training, hooks: Sequence[Hook]) -> None:
    """Run the hooks that were cut short before the training was resumed, and save again."""
    progress = training.progress
    if not progress.missed:
        return
    result = restored(progress.result or {}, training.components.device)
    for hook in hooks:
        if hook.name in progress.missed:
            run_hook(hook, training, result, hooks)
            progress.missed = tuple(name for name in progress.missed if name != hook.name)
    progress.missed, progress.result = (), None
    save_before_stop(training, {}, hooks)  # the checkpoint of this step was made without those hooks


def save_before_stop(training: Training, result: dict[str, Any], hooks: Sequence[Hook]) -> None:
    """Run the hooks that an interrupted training must not stop without."""
    for hook in hooks:
        if hook.before_stop:
            training.guard.check()
            hook.run(training, result)
