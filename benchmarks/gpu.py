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
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import torch
from torch.utils.flop_counter import FlopCounterMode

import sae_src as sae
from omnilearn.config import Node, call
from omnilearn.device import describe_device
from omnilearn.precision import Precision, forward_context, use_precision
from omnilearn.tensorboard.writer import TensorBoardWriter
from omnilearn.training.components import Components, assemble
from omnilearn.training.interruption import Stop
from omnilearn.training.loop import train_steps
from omnilearn.training.settings import TrainSettings
from omnilearn.training.speed import Compilation, replays_graphs
from omnilearn.training.train import begin
from omnilearn.versions import library_versions

MODELS = {
    "SAE-12, 64 x 64": ("hybrid", "a/e/conv12", "a/d/strc/12", "m/ae", "d/shapes"),
    "SAE-16, 128 x 128": ("hybrid", "a/e/conv12", "a/d/strc/16", "m/ae", "d/shapes"),
    "VLAE-12, 64 x 64": ("hybrid", "a/ladder/12", "m/vae", "d/shapes"),
    "SAE-12, d/vec": ("hybrid", "a/e/conv12", "a/d/strc/12", "m/ae", "d/vec"),
}
EAGER: tuple[Precision, ...] = ("float32", "tf32", "bf16")
COMPILED: dict[str, Precision] = {"float32, compiled": "float32", "bf16, compiled": "bf16"}
BY_HAND, BY_HAND_AS_GRAPH = "bf16, by hand", "bf16, by hand as a graph"
WARM_UP = 8
ROUND = 2.0


def main() -> None:
    """Measure, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--steps", type=int, default=40, help=f"of a round, which ends after {ROUND:g} s, if sooner")
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--device", default="cuda")
    parser.add_argument("--batch-size", type=int, default=128)
    parser.add_argument("--models", nargs="*", default=list(MODELS))
    parser.add_argument("--json", type=Path)
    parser.add_argument("--only", nargs="*", help=argparse.SUPPRESS)  # modes, in a process of their own
    arguments = parser.parse_args()
    device, start = torch.device(arguments.device), time.perf_counter()
    if device.type == "cuda" and not torch.cuda.is_available():
        parser.error("no GPU here: --device cpu only tries the code")
    if arguments.only is not None:
        try:
            print(json.dumps(times_in_turns(arguments.only, arguments.models[0], arguments, device)))
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
    name: str, arguments: argparse.Namespace, device: torch.device, peaks: dict[str, float]
) -> list[dict[str, Any]]:
    """The rows of one model: its modes measured in turns, graphs of a GPU in processes of their own."""
    on_gpu = device.type == "cuda"
    modes = [*eager_on(device), *([] if on_gpu else COMPILED), BY_HAND]
    times = times_in_turns(modes, name, arguments, device)
    if on_gpu:
        times |= apart(list(COMPILED), name, arguments) | apart([BY_HAND_AS_GRAPH], name, arguments)
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


def times_in_turns(
    modes: list[str], name: str, arguments: argparse.Namespace, device: torch.device
) -> dict[str, list[float]]:
    """Seconds a step of a model in each mode, one for each round; the modes take turns."""
    with TemporaryDirectory() as folder, TensorBoardWriter(Path(folder)) as writer:
        runs = {mode: steps_of(mode, name, arguments.batch_size, device, Path(folder), writer) for mode in modes}
        times: dict[str, list[float]] = {mode: [] for mode in modes}
        for run in runs.values():
            run(WARM_UP)  # compiles, chooses kernels
        steps = {mode: max(1, min(arguments.steps, round(ROUND / run(1)))) for mode, run in runs.items()}
        for _ in range(arguments.rounds):
            for mode, run in runs.items():
                times[mode].append(run(steps[mode]) / steps[mode])
    return times


def steps_of(
    mode: str, name: str, batch_size: int, device: torch.device, folder: Path, writer: TensorBoardWriter
) -> Callable[[int], float]:
    """A function that does as many steps as it is told, and returns the seconds that they took."""
    if mode in EAGER:
        return Loop(built(name, batch_size, device, mode), folder, writer).seconds
    if mode in COMPILED:
        return Loop(built(name, batch_size, device, COMPILED[mode], compiled=True), folder, writer).seconds
    components, *_ = built(name, batch_size, device, "bf16")
    return eager(components) if mode == BY_HAND else graphed(components)


def built(
    name: str, batch_size: int, device: torch.device, precision: Precision, *, compiled: bool = False
) -> tuple[Components, TrainSettings, Node]:
    """The components of a training, its settings and config; passes that are compiled are replayed as graphs."""
    size = {"image_size": 128} if "128" in name else {}
    keys = {"budget": 1_000_000, "dataset.batch_size": batch_size, "device": str(device), "precision": precision}
    config = sae.create_config(*MODELS[name], **keys, **size)
    settings = call(TrainSettings, config)
    components = assemble(config, settings)
    return replace(components, compilation=Compilation(compiled, "", replays_graphs(device))), settings, config


def compile_all(arguments: argparse.Namespace) -> None:
    """Let processes compile all modes of all models at once: torch keeps what they make on the disk."""
    start = time.perf_counter()
    least = argparse.Namespace(**vars(arguments) | {"steps": 1, "rounds": 1})
    jobs = [(mode, name) for name in arguments.models for mode in COMPILED]
    with ThreadPoolExecutor(len(jobs)) as threads:
        list(threads.map(lambda job: apart([job[0]], job[1], least), jobs))
    print(f"compiled in {time.perf_counter() - start:.0f} s", file=sys.stderr)


def apart(modes: list[str], name: str, arguments: argparse.Namespace) -> dict[str, list[float]]:
    """What `times_in_turns` gives in another process; nothing, and a line on why, where that ends badly."""
    sizes = {"--steps": arguments.steps, "--rounds": arguments.rounds, "--batch-size": arguments.batch_size}
    words = [word for key, value in sizes.items() for word in (key, str(value))]
    command = [sys.executable, "-m", "benchmarks.gpu", *words, "--models", name, "--only", *modes]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode == 0:
        return json.loads(done.stdout.splitlines()[-1])
    said = [line for line in done.stderr.splitlines() if "Error" in line] or [f"exit code {done.returncode}"]
    print(f"{name}, {' and '.join(modes)}: {said[-1]}", file=sys.stderr)
    return {}


class Loop:
    """This project's step loop, some steps at a time."""

    def __init__(self, parts: tuple[Components, TrainSettings, Node], folder: Path, writer: TensorBoardWriter) -> None:
        components, settings, config = parts
        self.device, self.precision = components.device, settings.precision
        self.training = begin(config, components, settings, folder, writer)

    def seconds(self, steps: int) -> float:
        """Do that many steps; returns the time until the device is done."""
        use_precision(self.precision, self.device)  # one for the whole process, and the modes take turns
        self.training.budget = self.training.progress.step + steps
        return timed(lambda: train_steps(self.training, []), self.device)


def eager(components: Components) -> Callable[[int], float]:
    """A loop written by hand, without a graph."""
    model, step = step_of(components)
    model.train()

    def seconds(steps: int) -> float:
        def loop() -> None:
            for _ in range(steps):
                step(components.train_subset.batch(next(components.batches)))

        return timed(loop, components.device)

    return seconds


def graphed(components: Components) -> Callable[[int], float]:
    """A loop written by hand: each step copies a batch in and replays one CUDA graph of all else."""
    model, step = step_of(components)
    model.train()
    batch = components.train_subset.batch(next(components.batches)).clone()
    side = torch.cuda.Stream()
    side.wait_stream(torch.cuda.current_stream())
    with torch.cuda.stream(side):  # what torch asks for before a capture
        for _ in range(3):
            step(batch)
    torch.cuda.current_stream().wait_stream(side)
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        step(batch)

    def seconds(steps: int) -> float:
        def loop() -> None:
            for _ in range(steps):
                batch.copy_(components.train_subset.batch(next(components.batches)))
                graph.replay()

        return timed(loop, components.device)

    return seconds


def step_of(components: Components) -> tuple[torch.nn.Module, Callable[[torch.Tensor], None]]:
    """The model, and a step in bf16 by torch's own Adam."""
    model, device = components.model, components.device
    on_gpu = device.type == "cuda"
    optimiser = torch.optim.Adam(model.parameters(), lr=5e-4, fused=True, capturable=on_gpu)

    def step(batch: torch.Tensor) -> None:
        optimiser.zero_grad(set_to_none=True)
        with forward_context("bf16", device):
            loss = model.losses(batch)["loss"]
        loss.backward()
        optimiser.step()

    return model, step


def operations(components: Components) -> int:
    """Products and sums of the matrix products and convolutions of one step, forward and backward."""
    batch = components.train_subset.batch(next(components.batches))
    with FlopCounterMode(display=False) as counter:
        components.model.train().losses(batch)["loss"].backward()
    return counter.get_total_flops()


def peak(device: torch.device, precision: Precision) -> float:
    """Products and sums a second of a large matrix product."""
    use_precision(precision, device)
    size = 8192 if device.type == "cuda" else 512
    one = torch.randn(size, size, device=device, dtype=torch.bfloat16 if precision == "bf16" else torch.float32)
    timed(lambda: one @ one, device)
    return 10 * 2 * size**3 / timed(lambda: [one @ one for _ in range(10)], device)


def timed(what: Callable[[], object], device: torch.device) -> float:
    """Seconds until the device has done it."""
    if device.type == "cuda":
        torch.cuda.synchronize()
    start = time.perf_counter()
    what()
    if device.type == "cuda":
        torch.cuda.synchronize()
    return time.perf_counter() - start


if __name__ == "__main__":
    main()
