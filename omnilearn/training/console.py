"""What a training says on the console: a header, its progress, a summary with the next commands."""

import shlex
import sys
import time
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from tqdm import tqdm

from omnilearn.device import describe_device
from omnilearn.layers import ConvLayer
from omnilearn.progress import duration, pace
from omnilearn.runs.folder import save_root
from omnilearn.training.loop import Hook, Training
from omnilearn.training.settings import FinalEvaluation

_FIRST_LINE, _NEXT_LINE = 8.0, 60.0  # seconds


class Console(Hook):
    """A progress bar with the loss; where the output is no terminal, a line now and then instead.

    The first line comes within about ten seconds, however slow the steps are.
    """

    name = "print"
    at_end = False

    def __init__(self, freq: int | None, training: Training) -> None:
        super().__init__(freq)
        self._bar = tqdm(
            total=training.budget,
            initial=training.progress.step,
            unit="step",
            dynamic_ncols=True,
            disable=None,
            file=sys.stdout,
        )
        self._begin = self._last = (training.progress.step, time.perf_counter())

    def is_due(self, training: Training) -> bool:
        """Whether it is time, or slow steps have left the reader without a line for long."""
        if super().is_due(training):
            return True
        if self.freq is None or not self._bar.disable:
            return False
        patience = _FIRST_LINE if self._last is self._begin else _NEXT_LINE
        return time.perf_counter() - self._last[1] > patience

    def run(self, training: Training, result: dict[str, Any]) -> None:
        """Show the loss of the step, and how fast it goes."""
        loss = result["loss"].item()  # the host waits for the device
        progress = training.progress
        validation = f"  val {progress.scores['loss']:.4g}" if progress.scores else ""
        if not self._bar.disable:
            self._bar.set_postfix_str(f"loss {loss:.4g}{validation}", refresh=False)
            self._bar.update(progress.step - self._bar.n)
            return
        step, then = self._last
        self._last = (progress.step, time.perf_counter())
        steps, seconds = progress.step - step, self._last[1] - then
        left = duration((training.budget - progress.step) * seconds / steps)
        now = f"{datetime.now():%H:%M:%S}"
        line = f"step {progress.step}/{training.budget}  loss {loss:.4g}{validation}  {pace(steps, seconds)}"
        print(f"[{now}] {line}  {left} left", flush=True)

    def close(self, training: Training) -> None:
        """Finish the bar."""
        if not self._bar.disable:
            self._bar.update(training.progress.step - self._bar.n)
        self._bar.close()


def print_header(training: Training) -> None:
    """What is trained on what, and where it goes."""
    components = training.components
    parameters = sum(parameter.numel() for parameter in components.model.parameters())
    subsets = ", ".join(f"{len(subset):,} {name}" for name, subset in components.data.subsets.items())
    print(f"{training.folder.name}: {parameters:,} parameters on {describe_device(components.device)}, {subsets}")
    compilation, average = components.compilation, training.average
    averaged = "" if average is None else f"an average that keeps {average.share:g} of itself is evaluated and saved"
    losses = compilation.reason and compilation.described
    for name, words in (("threads", components.threads), ("losses", losses), ("weights", averaged)):
        if words:
            print(f"{name}: {words}")
    if constant := sum(isinstance(part, ConvLayer) and part.is_constant for part in components.model.modules()):
        layers = "1 layer has" if constant == 1 else f"{constant} layers have"
        print(
            f"note: {layers} the same output for every input, since each group of the group norm is one value: "
            "more --model.channels, larger images or another --model.norm"
        )
    print(f"writing to {training.folder}", flush=True)


def print_summary(training: Training, scores: Mapping[str, float]) -> None:
    """What came out, and what to do next."""
    steps = f"{training.progress.step:,} steps in {training.stopwatch.seconds:.0f} s"
    result = ", ".join(f"{name} {value:.4g}" for name, value in scores.items())
    print(f"Completed {training.folder.name}: {steps}" + (f"; validation {result}" if result else ""))
    print("Next:")
    run = shlex.quote(run_reference(training.folder))
    print(f"  tensorboard --logdir {shlex.quote(str(training.folder.parent))}")
    print(f"  {program()} eval --load {run} --mode test --ident test_results")


def evaluation_command(folder: Path, evaluation: FinalEvaluation) -> str:
    """The command for the evaluation at the end of a training."""
    words = [program(), "eval", "--load", shlex.quote(run_reference(folder))]
    words += [] if evaluation.mode == "val" else ["--mode", shlex.quote(evaluation.mode)]
    words += ["--ident", shlex.quote(evaluation.ident)]
    words += [] if evaluation.step_limit is None else ["--step-limit", str(evaluation.step_limit)]
    return " ".join(words)


def program() -> str:
    """How this program is called in a shell; a script of somebody's that trains with it is not how."""
    return f"python {shlex.quote(sys.argv[0])}" if Path(sys.argv[0]).name == "main.py" else "fig"


def run_reference(folder: Path) -> str:
    """What to write after --load for the run in a folder."""
    return folder.name if folder.parent == save_root() else str(folder)
