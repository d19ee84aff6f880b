"""Training on a GPU: images per second of each model in each mode, beside a hand-written loop, in turns in one process.

python -m benchmarks.gpu [--steps 40] [--rounds 2] [--device cuda] [--json FILE]

A model is trained by this project's own step loop, without hooks, in the modes of `fig train`: `--precision` and
`--compile`. "By hand" is a loop of the same model, with the same random batches and torch's own Adam, in bf16; "as a
graph", the whole step of that loop was captured once as a CUDA graph and is replayed, which is the least that the host
can do. What is compiled is compiled first, all at once, each by a process of its own that leaves it to the others on
the disk; nothing else runs while a mode is timed. Graphs are measured in processes of their own, since some have ended
in illegal memory accesses; a row that fails is told and left out. The share of the card's arithmetic is the number of
products and sums that torch counts in a step's matrix products and convolutions, over what a large matrix product
reaches here in the same precision. All sizes are the published ones; minutes are for 100,000 steps. It needs this
checkout and the packages of requirements.txt, and some eight minutes.
"""

import argparse
import json
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryDirectory, TemporaryFile
from typing import IO, Any

import torch

from benchmarks.gpu_modes import (
    BY_HAND,
    BY_HAND_AS_GRAPH,
    COMPILED,
    EAGER,
    MODELS,
    Run,
    built,
    operations,
    peak,
    steps_of,
)
from omnilearn.device import describe_device
from omnilearn.precision import Precision
from omnilearn.tensorboard.writer import TensorBoardWriter
from omnilearn.training.interruption import Stop
from omnilearn.versions import library_versions

WARM_UP = 8
ROUND = 2.0
READY = "ready: "


def main() -> None:
    """Measure, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--steps", type=int, default=40, help=f"of a round, which ends after {ROUND:g} s, if sooner")
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--device", default="cuda")
    parser.add_argument("--batch-size", type=int, default=128)
    parser.add_argument("--models", nargs="*", default=list(MODELS))
    parser.add_argument("--json", type=Path)
    parser.add_argument("--only", help=argparse.SUPPRESS)  # a mode, in a process of its own
    arguments = parser.parse_args()
    device, start = torch.device(arguments.device), time.perf_counter()
    if device.type == "cuda" and not torch.cuda.is_available():
        parser.error("no GPU here: --device cpu only tries the code")
    if arguments.only is not None:
        try:
            serve(arguments.only, arguments.models[0], arguments.batch_size, device)
        except Stop as stop:
            sys.exit(f"Error: {stop.message}")
        return
    if device.type == "cuda":
        compile_all(arguments)
    peaks: dict[str, float] = {precision: peak(device, precision) for precision in eager_on(device)}
    print(f"{describe_device(device)}, torch {torch.__version__}, batches of {arguments.batch_size}")
    print("a large matrix product: " + ", ".join(f"{name} {rate / 1e12:.3g} TFLOP/s" for name, rate in peaks.items()))
    print("| model | mode | images/s | range | over float32 | of a product | minutes for 100,000 steps |")
    print("|---|---|---|---|---|---|---|")
    found: dict[str, Any] = {"device": describe_device(device), "versions": library_versions(), "peaks": peaks}
    found["rows"] = []
    for name in arguments.models:
        rows = rows_of(name, arguments, device, peaks)
        for row in rows:
            print(line_of(row), flush=True)
        found["rows"] += rows
        if arguments.json is not None:  # after each model, so that what was measured is there whatever comes
            arguments.json.write_text(json.dumps(found, indent=2))
    print(f"{time.perf_counter() - start:.0f} s in all", file=sys.stderr)


def line_of(row: dict[str, Any]) -> str:
    """A row of the table."""
    low, high = row["range"]
    return (
        f"| {row['model']} | {row['mode']} | {row['images/s']:,.0f} | {low:,.0f} to {high:,.0f} | "
        f"{row['ratio']:.2f} | {row['share']:.0%} | {row['minutes']:.1f} |"
    )


def rows_of(
    name: str, arguments: argparse.Namespace, device: torch.device, peaks: Mapping[str, float]
) -> list[dict[str, Any]]:
    """The rows of one model: its modes measured in turns, graphs of a GPU in processes of their own."""
    on_gpu = device.type == "cuda"
    apart = [*COMPILED, BY_HAND_AS_GRAPH] if on_gpu else []
    here = [*eager_on(device), *([] if on_gpu else COMPILED), BY_HAND]
    with ExitStack() as stack:
        processes = {mode: stack.enter_context(Apart.started(mode, name, arguments)) for mode in apart}
        runs = stack.enter_context(prepared(here, name, arguments.batch_size, device))
        runs |= {mode: process.seconds for mode, process in processes.items() if process.is_ready()}
        times = in_turns(runs, arguments.steps, arguments.rounds)
    work = operations(built(name, arguments.batch_size, device, "float32")[0])
    rows = []
    for mode, each in times.items():
        seconds = statistics.median(each)
        rows.append(
            {
                "model": name,
                "mode": mode,
                "images/s": arguments.batch_size / seconds,
                "range": (arguments.batch_size / max(each), arguments.batch_size / min(each)),
                "ratio": statistics.median(times["float32"]) / seconds,
                "share": work / seconds / peaks[mode.split(",")[0]],
                "minutes": 100_000 * seconds / 60,
            }
        )
    return rows


def eager_on(device: torch.device) -> list[Precision]:
    """The precisions that a device has."""
    return [precision for precision in EAGER if device.type == "cuda" or precision != "tf32"]


@contextmanager
def prepared(modes: Sequence[str], name: str, batch_size: int, device: torch.device) -> Iterator[dict[str, Run]]:
    """The modes of a model, after the steps that compile and choose kernels."""
    with TemporaryDirectory() as folder, TensorBoardWriter(Path(folder)) as writer:
        runs = {mode: steps_of(mode, name, batch_size, device, Path(folder), writer) for mode in modes}
        for run in runs.values():
            run(WARM_UP)
        yield runs


def in_turns(runs: Mapping[str, Run], steps: int, rounds: int) -> dict[str, list[float]]:
    """Seconds a step of each mode, one for each round; one that ends meanwhile is told and left out."""
    times: dict[str, list[float]] = {mode: [] for mode in runs}
    number = dict.fromkeys(runs, 1)  # at first, to see how many a round has
    for turn in range(rounds + 1):
        for mode in list(times):
            try:
                seconds = runs[mode](number[mode]) / number[mode]
            except EndedEarly as ended:
                print(ended, file=sys.stderr)
                del times[mode]
                continue
            if turn:
                times[mode].append(seconds)
            else:
                number[mode] = max(1, min(steps, round(ROUND / seconds)))
    return times


def compile_all(arguments: argparse.Namespace) -> None:
    """Let processes compile all modes of all models at once: torch keeps what they make on the disk."""
    start = time.perf_counter()
    with ExitStack() as stack:
        jobs = [(mode, name) for name in arguments.models for mode in COMPILED]
        for process in [stack.enter_context(Apart.started(mode, name, arguments)) for mode, name in jobs]:
            process.end_when_ready()
    print(f"compiled in {time.perf_counter() - start:.0f} s", file=sys.stderr)


def serve(mode: str, name: str, batch_size: int, device: torch.device) -> None:
    """What the process of a mode does: get ready, say so, and do the steps that each line of its input asks for."""
    with prepared([mode], name, batch_size, device) as runs:
        print(READY, flush=True)
        for line in sys.stdin:
            print(READY + json.dumps(runs[mode](int(line))), flush=True)


class EndedEarly(RuntimeError):
    """A process has ended before it was to."""


class Apart:
    """A mode of a model in a process of its own.

    Args:
        what: the model and the mode.
        process: serves the mode.
        errors: what it says on stderr.
    """

    def __init__(self, what: str, process: subprocess.Popen[str], errors: IO[str]) -> None:
        self._what, self._process, self._errors = what, process, errors

    @classmethod
    @contextmanager
    def started(cls, mode: str, name: str, arguments: argparse.Namespace) -> Iterator["Apart"]:
        """Start it, and in the end wait until it has ended."""
        words = ["--models", name, "--only", mode, "--batch-size", str(arguments.batch_size)]
        command = [sys.executable, "-m", "benchmarks.gpu", *words, "--device", str(arguments.device)]
        with (
            TemporaryFile("w+") as errors,
            subprocess.Popen(
                command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=errors, text=True
            ) as process,
        ):
            apart = cls(f"{name}, {mode}", process, errors)
            yield apart
            apart.end_when_ready()
            assert process.stdout is not None
            process.stdout.read()

    def end_when_ready(self) -> None:
        """Ask for nothing more."""
        assert self._process.stdin is not None
        if not self._process.stdin.closed:
            self._process.stdin.close()

    def is_ready(self) -> bool:
        """Wait until it can be timed; False, and a line on why, where it has ended instead."""
        try:
            self._answer()
        except EndedEarly as ended:
            print(ended, file=sys.stderr)
            return False
        return True

    def seconds(self, steps: int) -> float:
        """The seconds of some steps; raises `EndedEarly` where the process ends in them."""
        assert self._process.stdin is not None
        with suppress(BrokenPipeError):  # what it said is read below
            print(steps, file=self._process.stdin, flush=True)
        return float(json.loads(self._answer()))

    def _answer(self) -> str:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            if line.startswith(READY):
                return line.removeprefix(READY)
        code = self._process.wait()
        self._errors.seek(0)
        said = [line for line in self._errors.read().splitlines() if "Error" in line] or [f"exit code {code}"]
        raise EndedEarly(f"{self._what}: {said[-1]}")


if __name__ == "__main__":
    main()
