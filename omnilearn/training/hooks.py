"""What is done beside the steps: scalars, pictures, validation, checkpoints."""

import math
from typing import Any

from omnilearn.data import Data
from omnilearn.evaluation.evaluate import Evaluation, evaluate, evaluation_mode, losses_in
from omnilearn.randomness import undisturbed
from omnilearn.runs.checkpoint import remove_checkpoints, save_checkpoint
from omnilearn.tensorboard.visualiser import Visualiser
from omnilearn.training.interruption import NOT_FINITE, Stop
from omnilearn.training.loop import Hook, Training
from omnilearn.training.settings import Checkpoint, Validation


class LogScalars(Hook):
    """Writes the losses of the step, learning rates and weights that are scheduled, and how long things took."""

    name = "log"

    def run(self, training: Training, result: dict[str, Any]) -> None:
        """Write them under `{name}/train`."""
        values = {name: value.item() for name, value in losses_in(result)}  # the host waits for the device
        for loss, optimiser in training.components.optimisers.items():
            if optimiser.schedule is not None:
                values["lr" if loss == "loss" else f"{loss}_lr"] = optimiser.rate
        values |= training.components.model.scheduled()
        training.writer.scalars("{}/train", {**values, **training.stopwatch.laps}, training.progress.step)


class Visualise(Hook):
    """Draws pictures of the batch just trained on; what stops the training stops the drawing too."""

    name = "viz"
    can_be_made_up = True

    def __init__(self, visualiser: Visualiser) -> None:
        super().__init__(visualiser.freq)
        self._visualiser = visualiser

    def run(self, training: Training, result: dict[str, Any]) -> None:
        """Write them under `{name}/train`, without disturbing the training's random numbers."""
        model, step = training.components.model, training.progress.step
        # In evaluation mode, else the averages of a batch norm would take in what is drawn.
        stop = training.interruption.reason
        quietly = undisturbed(training.components.seed + step)
        with training.writer.all_or_none(), evaluation_mode(model), quietly, training.autocast():
            self._visualiser.draw(model, result, training.writer, "{}/train", step, thorough=False, stop=stop)


class Validate(Hook):
    """One pass over the validation subset, and pictures; what stops the training ends both, and resuming makes them."""

    name = "val"
    can_be_made_up = True
    needs_result = False

    def __init__(
        self, settings: Validation, data: Data, visualiser: Visualiser | None, batch_size: int | None = None
    ) -> None:
        super().__init__(settings.freq)
        self._settings, self._data, self._visualiser, self._batch_size = settings, data, visualiser, batch_size
        self._latest: tuple[int, Evaluation] | None = None

    def passed_at(self, step: int, mode: str, step_limit: int | None) -> Evaluation | None:
        """The validation after that step, where it was over the same observations as a pass with these settings."""
        if self._latest is None or (self._settings.mode, self._settings.step_limit) != (mode, step_limit):
            return None
        return self._latest[1] if self._latest[0] == step else None

    def run(self, training: Training, result: dict[str, Any]) -> None:
        """Write the means under `{name}/val` and pictures of the last batch; remember the best loss so far.

        A mean that is not finite stops the training, once the other hooks of the step have run.
        """
        model, seed, progress = training.components.model, training.components.seed, training.progress
        mode = self._settings.mode
        subset, pattern, stop = self._data.subset(mode), f"{{}}/{mode}", training.interruption.reason
        with training.averaged(), training.autocast():
            outcome = evaluate(
                model,
                subset,
                self._data.loading.evaluation_batches(subset, seed),
                seed,
                title=f"validation at step {progress.step:,}",
                batch_size=self._batch_size,
                step_limit=self._settings.step_limit,
                stop=stop,
            )
            self._latest = (progress.step, outcome)
            with training.writer.all_or_none(), evaluation_mode(model), undisturbed(seed):
                training.writer.scalars(pattern, outcome.scores, progress.step)
                if self._visualiser is not None and not outcome.not_finite:  # there is nothing to see then
                    self._visualiser.draw(
                        model, outcome.last, training.writer, pattern, progress.step, thorough=True, stop=stop
                    )
        progress.scores = outcome.scores
        if outcome.not_finite:
            message = f"{' and '.join(outcome.not_finite)} not finite in the validation at step {progress.step}"
            training.problem = Stop(NOT_FINITE, message)
        loss = outcome.scores["loss"]
        if math.isfinite(loss) and (not progress.best or loss < progress.best["loss"]):
            progress.best = {"loss": loss, "step": progress.step}


class Save(Hook):
    """Saves a checkpoint, and removes old ones where only some are to be kept.

    The best so far is always kept: then one is saved after every validation that is better than all before, too. So are
    the first weights of a run that starts with those of another.
    """

    name = "save"
    before_stop = True

    def __init__(self, settings: Checkpoint | None) -> None:
        super().__init__(None if settings is None else settings.freq)
        self._keep = None if settings is None else settings.keep

    def is_due(self, training: Training) -> bool:
        """Whether it is time, or the weights are the best so far."""
        is_best = training.progress.best.get("step") == training.progress.step
        return super().is_due(training) or (self.freq is not None and self._keep is not None and is_best)

    def run(self, training: Training, result: dict[str, Any]) -> None:
        """Write everything that using the model or going on with the training needs.

        Raises `Stop` instead where a weight is not finite, so that the last checkpoint stays a good one.
        """
        model, progress = training.components.model, training.progress
        for name, value in model.named_parameters():
            if not value.isfinite().all():  # the host waits for the device
                message = f"the parameter {name} is not finite at step {progress.step}: not saved"
                raise Stop(NOT_FINITE, message, can_go_on=False)
        training.writer.flush()
        state = {"step": progress.step, "model": training.model_state(), "model_str": str(model)}
        save_checkpoint(training.folder, progress.step, state, training.state_dict())
        if self._keep is not None:
            best = {int(progress.best["step"])} if progress.best else set()
            remove_checkpoints(training.folder, keep=self._keep, always={0, *best})
