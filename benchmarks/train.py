"""Training beside a bare PyTorch loop of the same model and data, in turns, with what a whole command takes.

python -m benchmarks.train [--rounds 5] [--seconds 2] [--threads 1] [--json FILE] [--line "CONFIG ... --key value"] ...

Every line is trained in several modes: `bare`, which indexes the data, computes the losses and steps torch's own fused
Adam; `ours`, the whole loop with its console and curves; and `ours` with keys such as `--compile yes`. All modes of a
line take turns in one process, so that what else the machine does hits them alike: what counts is the ratio to `bare`
in the same round. Then each line runs as a command of its own: the time to its first step, from its last step to
the prompt, and the most memory that it took.
"""

import argparse
import contextlib
import io
import json
import os
import platform
import shlex
import statistics
import subprocess
import sys
import tempfile
import time
from abc import ABC, abstractmethod
from collections import defaultdict
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import torch

import sae_src as sae
from omnilearn.config import call
from omnilearn.config.command_line import split_command_line
from omnilearn.system import freed_memory_kept
from omnilearn.tensorboard.writer import TensorBoardWriter
from omnilearn.training.components import assemble, tune
from omnilearn.training.console import Console
from omnilearn.training.hooks import LogScalars
from omnilearn.training.loop import train_steps
from omnilearn.training.settings import TrainSettings
from omnilearn.training.stopwatch import Stopwatch
from omnilearn.training.train import begin
from omnilearn.versions import library_versions

SAE = "hybrid a/e/conv12 a/d/strc/12 m/ae"
FEW = "--validation.step-limit 1 --evaluation.step-limit 1 --factor-distance null"
LINES = {
    f"{SAE} d/vec": ("", "--compile yes"),
    f"{SAE} d/shapes --dataset.batch-size 16 {FEW}": ("", "--precision bf16"),
}
ROOT = Path(__file__).resolve().parents[1]


class Mode(ABC):
    """One way to train a line; `run` does more steps of it."""

    def __init__(self, line: str, keys: str, name: str) -> None:
        self.name, self.rates = name, list[float]()
        configs, given = split_command_line(shlex.split(f"{line} {keys}"))
        self.config = sae.create_config(*configs, **given)
        self.settings = call(TrainSettings, self.config)
        threads, start = torch.get_num_threads(), time.perf_counter()
        self.components = tune(assemble(self.config, self.settings), self.settings)
        self.seconds_until_tuned = time.perf_counter() - start
        torch.set_num_threads(threads)  # the same in all modes

    @abstractmethod
    def run(self, steps: int) -> None: ...

    def rate(self, steps: int) -> float:
        """Steps per second over so many."""
        start = time.perf_counter()
        self.run(steps)
        return steps / (time.perf_counter() - start)


class Bare(Mode):
    """Nothing but training."""

    def __init__(self, line: str) -> None:
        super().__init__(line, "", "bare")
        self.model = self.components.model.train()
        self.optimiser = torch.optim.Adam(self.model.parameters(), lr=1e-3, fused=True)

    def run(self, steps: int) -> None:
        subset, size = self.components.train_subset, self.components.data.loading.batch_size
        order = subset.indices[torch.randperm(len(subset))].split(size)
        for step in range(steps):
            loss = self.model.losses(subset.dataset.batch(order[step % (len(order) - 1)]))["loss"]
            self.optimiser.zero_grad()
            loss.backward()
            self.optimiser.step()
        loss.item()  # waits for a GPU


class Ours(Mode):
    """The step loop with its hooks at the frequencies of the line."""

    def __init__(self, line: str, keys: str, writer: TensorBoardWriter, folder: Path) -> None:
        super().__init__(line, keys, f"ours {keys}".strip())
        self.training = begin(self.config, self.components, self.settings, folder, writer)
        self.training.budget = 0

    def run(self, steps: int) -> None:
        self.training.budget += steps
        with contextlib.redirect_stdout(io.StringIO()):
            hooks = [LogScalars(self.settings.records.freq), Console(self.settings.print.freq, self.training)]
            train_steps(self.training, hooks)
            hooks[-1].close(self.training)

    def shares(self, steps: int) -> dict[str, float]:
        """What share of the time goes into what, by clocks around the parts."""
        spent: dict[str, float] = defaultdict(float)
        optimiser, losses = self.components.optimisers["loss"].torch_optimiser, self.components.model.losses
        self.components.model.losses = clocked("forward", losses, spent)
        optimiser.step = clocked("optimiser", optimiser.step, spent)
        self.training.stopwatch = Sums()
        self.run(steps)
        del self.components.model.losses, optimiser.step
        laps = self.training.stopwatch.sums
        whole = sum(laps.values())
        train, data = laps.pop("time_train"), laps.pop("time_data")
        parts = {"data": data, **spent, "backward and rest": train - sum(spent.values()), "hooks": sum(laps.values())}
        return {name: seconds / whole for name, seconds in parts.items()}


class Sums(Stopwatch):
    """A stopwatch that adds up the laps of each name."""

    def __init__(self) -> None:
        super().__init__()
        self.sums: dict[str, float] = defaultdict(float)

    def lap(self, name: str) -> None:
        super().lap(name)
        self.sums[name] += self.laps[name]


def clocked(name: str, function: Callable[..., Any], spent: dict[str, float]) -> Callable[..., Any]:
    """A function that adds the time it takes to `spent`."""

    def run(*arguments: Any) -> Any:
        start = time.perf_counter()
        result = function(*arguments)
        spent[name] += time.perf_counter() - start
        return result

    return run


def side_by_side(line: str, modes: Sequence[str], *, rounds: int, seconds: float, folder: Path) -> dict[str, Any]:
    """Steps per second of every mode of a line, the rounds in turns."""
    with TensorBoardWriter(folder) as writer, freed_memory_kept():
        ours = [Ours(line, keys, writer, folder) for keys in modes]
        bare = Bare(line)
        everything: list[Mode] = [bare, *ours]
        ready = {}
        for mode in everything:  # allocates memory, draws data
            start = time.perf_counter()
            mode.run(3)
            ready[mode.name] = mode.seconds_until_tuned + time.perf_counter() - start
        steps = max(3, round(seconds * bare.rate(3)))
        for _ in range(rounds):
            for mode in everything:
                mode.rates.append(mode.rate(steps))
        shares = ours[0].shares(steps)
    found = {}
    for mode in everything:
        ratios = [own / plain for own, plain in zip(mode.rates, bare.rates, strict=True)]
        found[mode.name] = {
            "steps_per_second": spread(mode.rates),
            "ratio": spread(ratios),
            "until_3_steps_s": ready[mode.name],
        }
    return {"steps": steps, "modes": found, "shares": shares}


def whole_command(line: str, budget: int) -> dict[str, float]:
    """Seconds from the start of a command to its first step and from its last to its end; the most memory in MiB."""
    with tempfile.TemporaryDirectory() as folder:
        note = Path(folder) / "times.json"
        command = [sys.executable, "-m", "benchmarks.train", "--note", str(note), "--line"]
        words = f"{line} --budget {budget} --device cpu --saveroot {folder}"
        start = time.time()
        process = subprocess.Popen([*command, words], cwd=ROOT, stdout=subprocess.DEVNULL)
        _, status, usage = os.wait4(process.pid, 0)
        end = time.time()
        process.returncode = status
        if status:
            raise SystemExit(f"failed: train {words}")
        first, last = json.loads(note.read_text())
    return {"to_first_step_s": first - start, "from_last_step_s": end - last, "memory_mib": usage.ru_maxrss / 1024}


def noted(line: str, note: Path) -> None:
    """Train a line as the command does, and note when its first and its last step were done."""
    import omnifig

    times: list[float] = []
    lap = Stopwatch.lap

    def lap_and_note(self: Stopwatch, name: str) -> None:
        lap(self, name)
        if name == "time_train":
            times[1:] = [time.time()]
            if len(times) == 1:
                times.append(times[0])

    Stopwatch.lap = lap_and_note  # type: ignore[method-assign]
    omnifig.switch_project(ROOT)
    omnifig.initialize()
    omnifig.main(["train", *shlex.split(line)])
    note.write_text(json.dumps(times[:2]))


def spread(values: Sequence[float]) -> dict[str, float]:
    """The median of some values, and their range."""
    return {"median": statistics.median(values), "least": min(values), "most": max(values)}


def shown(values: dict[str, float]) -> str:
    """A spread in words."""
    return f"{values['median']:.3g} ({values['least']:.3g} to {values['most']:.3g})"


def main(words: Sequence[str] | None = None) -> dict[str, Any]:
    """Print a table of every line, and write all numbers as JSON where asked to."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--line", action="append", help="what follows `fig train`; several are possible")
    parser.add_argument("--mode", action="append", help="keys of a further mode of every --line; several are possible")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=2.0, help="of a bare loop in a round")
    parser.add_argument("--budget", type=int, default=20, help="steps of the whole commands")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--json", type=Path)
    parser.add_argument("--note", type=Path, help=argparse.SUPPRESS)
    arguments = parser.parse_args(words)
    if arguments.note:
        noted(arguments.line[0], arguments.note)
        return {}
    torch.set_num_threads(arguments.threads)
    lines = {line: ("", *(arguments.mode or ())) for line in arguments.line} if arguments.line else LINES
    machine = {"processor": processor(), "cores": os.cpu_count(), "threads": arguments.threads}
    report: dict[str, Any] = {"machine": machine, "versions": library_versions(), "load_before": os.getloadavg()[0]}
    report["lines"] = {}
    for line, modes in lines.items():
        with tempfile.TemporaryDirectory() as folder:
            found = side_by_side(line, modes, rounds=arguments.rounds, seconds=arguments.seconds, folder=Path(folder))
        found["command"] = whole_command(line, arguments.budget)
        report["lines"][line] = found
        print_line(line, found)
    report["load_after"] = os.getloadavg()[0]
    about = f"{machine['processor']}, {machine['cores']} cores, {arguments.threads} threads, torch {torch.__version__}"
    print(f"\n{about}, ", end="")
    print(f"load {report['load_before']:.1f} before and {report['load_after']:.1f} after")
    if arguments.json:
        arguments.json.write_text(json.dumps(report, indent=2) + "\n")
    return report


def print_line(line: str, found: dict[str, Any]) -> None:
    """The table of one line."""
    print(f"\nfig train {line}: rounds of {found['steps']} steps")
    rows = [
        [name, shown(mode["steps_per_second"]), shown(mode["ratio"]), f"{mode['until_3_steps_s']:.1f}"]
        for name, mode in found["modes"].items()
    ]
    print(table(["mode", "steps/s", "ratio to bare", "until 3 steps are done, s"], rows))
    print("of the time of ours: " + ", ".join(f"{name} {share:.1%}" for name, share in found["shares"].items()))
    command = found["command"]
    print(f"as a command: {command['to_first_step_s']:.1f} s to the first step, ", end="")
    print(
        f"{command['from_last_step_s']:.1f} s from the last step to the prompt, {command['memory_mib']:.0f} MiB",
        flush=True,
    )


def table(names: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table in Markdown."""
    return "\n".join(f"| {' | '.join(cells)} |" for cells in (names, ["---"] * len(names), *rows))


def processor() -> str:
    """The name of the processor."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor()
    return next(
        (line.partition(":")[2].strip() for line in lines if line.startswith("model name")), platform.processor()
    )


if __name__ == "__main__":
    main()
