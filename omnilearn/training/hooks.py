"""What happens beside the steps: scalars, pictures, validation, checkpoints, the console."""

import math
import sys
import time
from datetime import datetime
from typing import Any

from tqdm import tqdm

from omnilearn.data.loading import Data
from omnilearn.evaluation.evaluate import evaluate, evaluation_mode, losses_in
from omnilearn.randomness import undisturbed
from omnilearn.runs.checkpoint import remove_checkpoints, save_checkpoint
from omnilearn.tensorboard.visualiser import Visualiser
from omnilearn.training.interruption import NOT_FINITE, Stop
from omnilearn.training.loop import Hook, Training
from omnilearn.training.settings import Checkpoint, Validation


class LogScalars(Hook):
    """Writes the losses of the step, the learning rate where it is scheduled, and how long things took."""

    name = "log"

    def happen(self, training: Training, result: dict[str, Any]) -> None:
        """Write them under `{name}/train`."""
        values = {name: value.item() for name, value in losses_in(result)}  # sync
        if training.optimiser.schedule is not None:
            values["lr"] = training.optimiser.rate
        training.records.at(training.step, "{}/train").scalars({**values, **training.times})


class Visualise(Hook):
    """Draws pictures of the batch just trained on."""

    name = "viz"

    def __init__(self, visualiser: Visualiser) -> None:
        super().__init__(visualiser.freq)
        self._visualiser = visualiser

    def happen(self, training: Training, result: dict[str, Any]) -> None:
        """Write them under `{name}/train`, without disturbing the training's random numbers."""
        records = training.records.at(training.step, "{}/train")
        # In evaluation mode, else the averages of a batch norm would take in what is drawn.
        with evaluation_mode(training.model), undisturbed(training.seed + training.step):
            self._visualiser.draw(training.model, result, records, thorough=False)


class Validate(Hook):
    """One pass over the validation part; what stops the training stops a pass too, and resuming makes it again."""

    name = "val"
    needs_result = False

    def __init__(self, settings: Validation, data: Data, visualiser: Visualiser | None) -> None:
        super().__init__(settings.freq)
        self._settings, self._data, self._visualiser = settings, data, visualiser

    def happen(self, training: Training, result: dict[str, Any]) -> None:
        """Write the means under `{name}/val` and pictures of the last batch; remember the best loss so far."""
        subset = self._data.subset(self._settings.mode)
        order = self._data.loading.evaluation_order(subset, training.seed)
        with training.precision():
            outcome = evaluate(
                training.model,
                subset,
                order,
                training.seed,
                step_limit=self._settings.step_limit,
                stop=training.interruption.reason,
            )
        records = training.records.at(training.step, f"{{}}/{self._settings.mode}")
        records.scalars(outcome.scores)
        if self._visualiser is not None:
            with evaluation_mode(training.model), undisturbed(training.seed):
                self._visualiser.draw(training.model, outcome.last, records, thorough=True)
        training.scores = outcome.scores
        loss = outcome.scores["loss"]
        if math.isfinite(loss) and (not training.best or loss < training.best["loss"]):
            training.best = {"loss": loss, "step": training.step}


class Save(Hook):
    """Saves a checkpoint, and removes old ones where only some are to be kept.

    The best so far is always kept, so then one is saved after every validation that is better than all before.
    """

    name = "save"
    before_stop = True

    def __init__(self, settings: Checkpoint | None) -> None:
        super().__init__(settings and settings.freq)
        self._keep = settings and settings.keep

    def is_due(self, training: Training) -> bool:
        """Whether it is time, or the weights are the best so far."""
        is_best = training.best.get("step") == training.step
        return super().is_due(training) or (self.freq is not None and self._keep is not None and is_best)

    def happen(self, training: Training, result: dict[str, Any]) -> None:
        """Write everything that using the model or going on with the training needs.

        Raises `Stop` instead where a weight is not finite, so that the last checkpoint stays a good one.
        """
        for name, value in training.model.named_parameters():
            if not value.isfinite().all():  # sync
                raise Stop(NOT_FINITE, f"the parameter {name} is not finite at step {training.step}: not saved")
        training.records.flush()
        model = {"step": training.step, "model": training.model.state_dict(), "model_str": str(training.model)}
        save_checkpoint(training.folder, training.step, model, training.state_dict())
        if self._keep is not None:
            best = int(training.best["step"]) if training.best else None
            remove_checkpoints(training.folder, keep=self._keep, always=best)


class Console(Hook):
    """A progress bar with the loss; where the output is no terminal, a line now and then instead."""

    name = "print"
    at_end = False

    def __init__(self, freq: int | None, training: Training) -> None:
        super().__init__(freq)
        self._bar = tqdm(
            total=training.budget, initial=training.step, unit="step", dynamic_ncols=True, disable=None, file=sys.stdout
        )
        self._last = (training.step, time.perf_counter())

    def happen(self, training: Training, result: dict[str, Any]) -> None:
        """Show the loss of the step, and how fast it goes."""
        loss = result["loss"].item()  # sync
        validation = f"  val {training.scores['loss']:.4g}" if training.scores else ""
        if not self._bar.disable:
            self._bar.set_postfix_str(f"loss {loss:.4g}{validation}", refresh=False)
            self._bar.update(training.step - self._bar.n)
            return
        step, then = self._last
        self._last = (training.step, time.perf_counter())
        rate = (training.step - step) / (self._last[1] - then)
        now = f"{datetime.now():%H:%M:%S}"
        progress = f"step {training.step}/{training.budget}  loss {loss:.4g}{validation}  {rate:.0f} steps/s"
        print(f"[{now}] {progress}", flush=True)

    def close(self, training: Training) -> None:
        """Finish the bar."""
        if not self._bar.disable:
            self._bar.update(training.step - self._bar.n)
        self._bar.close()
