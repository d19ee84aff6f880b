"""Training on a GPU: images per second of each model in each mode, beside a hand-written loop, in turns in one process.

python -m benchmarks.gpu [--steps 60] [--rounds 3] [--device cuda] [--json FILE]

A model is trained by this project's own step loop, without hooks, in the modes of `fig train`: `--precision` and
`--compile`. "By hand" is a loop of the same model, with the same random batches and torch's own Adam, in bf16; "as a
graph", the whole step of that loop was captured once as a CUDA graph and is replayed, which is the least that the host
can do. Graphs of images are measured in processes of their own, since some have ended in illegal memory accesses; a row
that fails is told and left out. The share of the card's arithmetic is the number of products and sums that torch counts
in a step's matrix products and convolutions, over what a large matrix product reaches here in the same precision. All
sizes are the published ones; minutes are for 100,000 steps. It needs this checkout and the packages of
requirements.txt, and takes less than eight minutes.
"""

import argparse
import json
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import torch
from torch.utils.flop_counter import FlopCounterMode

import sae_src as sae
from omnilearn.config import call
from omnilearn.device import describe_device
from omnilearn.precision import Precision, forward_context, use_precision
from omnilearn.tensorboard.writer import TensorBoardWriter
from omnilearn.training.components import Components, assemble
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
MODES = {
    "float32": {},
    "tf32": {"precision": "tf32"},
    "bf16": {"precision": "bf16"},
    "float32, compiled": {"compile": True},
    "bf16, compiled": {"precision": "bf16", "compile": True},
}
BY_HAND, AS_GRAPH, COMPILED_GRAPHS = "bf16, by hand", "bf16, by hand as a graph", "bf16, compiled as graphs"
WARM_UP = 8


def main() -> None:
    """Measure, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--steps", type=int, default=60)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--device", default="cuda")
    parser.add_argument("--batch-size", type=int, default=128)
    parser.add_argument("--models", nargs="*", default=list(MODELS))
    parser.add_argument("--json", type=Path)
    parser.add_argument("--only", choices=[AS_GRAPH, COMPILED_GRAPHS], help=argparse.SUPPRESS)  # in its own process
    arguments = parser.parse_args()
    device = torch.device(arguments.device)
    if device.type == "cuda" and not torch.cuda.is_available():
        parser.error("no GPU here: --device cpu only tries the code")
    if arguments.only is not None:
        print(json.dumps(times_of_graphs(arguments.only, arguments.models[0], arguments, device)))
        return
    kinds: tuple[Precision, ...] = ("float32", "tf32", "bf16") if device.type == "cuda" else ("float32", "bf16")
    peaks = {precision: peak(device, precision) for precision in kinds}
    rows = [row for name in arguments.models for row in rows_of(name, arguments, device, peaks)]
    print(f"{describe_device(device)}, torch {torch.__version__}, batches of {arguments.batch_size}")
    print("a large matrix product: " + ", ".join(f"{name} {rate / 1e12:.3g} TFLOP/s" for name, rate in peaks.items()))
    print("| model | mode | images/s | range | over float32 | of a product | minutes for 100,000 steps |")
    print("|---|---|---|---|---|---|---|")
    for row in rows:
        low, high = row["range"]
        print(
            f"| {row['model']} | {row['mode']} | {row['images/s']:,.0f} | {low:,.0f} to {high:,.0f} | "
            f"{row['ratio']:.2f} | {row['share']:.0%} | {row['minutes']:.1f} |"
        )
    if arguments.json is not None:
        found = {"device": describe_device(device), "versions": library_versions(), "peaks": peaks, "rows": rows}
        arguments.json.write_text(json.dumps(found, indent=2))


def rows_of(name: str, arguments: argparse.Namespace, device: torch.device, peaks: dict[str, float]) -> list[dict]:
    """The rows of one model: its modes measured in turns."""
    batch_size, steps = arguments.batch_size, arguments.steps
    modes = {mode: keys for mode, keys in MODES.items() if device.type == "cuda" or keys.get("precision") != "tf32"}
    with TemporaryDirectory() as folder:
        runs: dict[str, Callable[[int], float]] = {
            mode: Loop(built(name, batch_size, device, **keys), Path(folder)).seconds for mode, keys in modes.items()
        }
        runs[BY_HAND] = eager(built(name, batch_size, device, precision="bf16")[0])
        work = operations(built(name, batch_size, device)[0])
        times: dict[str, list[float]] = {mode: [] for mode in runs}
        for run in runs.values():
            run(WARM_UP)  # compiles, chooses kernels
        for _ in range(arguments.rounds):
            for mode, run in runs.items():
                times[mode].append(run(steps) / steps)
    if device.type == "cuda":
        times |= {mode: found for mode in (COMPILED_GRAPHS, AS_GRAPH) if (found := apart(mode, name, arguments))}
    rows = []
    for mode, each in times.items():
        seconds = statistics.median(each)
        reached = work / seconds / peaks[mode.split(",")[0]]
        rows.append(
            {
                "model": name,
                "mode": mode,
                "images/s": batch_size / seconds,
                "range": (batch_size / max(each), batch_size / min(each)),
                "ratio": statistics.median(times["float32"]) / seconds,
                "share": reached,
                "minutes": 100_000 * seconds / 60,
            }
        )
    return rows


def built(name: str, batch_size: int, device: torch.device, **keys: object) -> tuple[Components, TrainSettings, object]:
    """The components of a training, its settings and config."""
    size = {"image_size": 128} if "128" in name else {}
    steps = {"budget": 1_000_000, "dataset.batch_size": batch_size, "device": str(device)}
    config = sae.create_config(*MODELS[name], **steps, **size, **keys)
    settings = call(TrainSettings, config)
    components = assemble(config, settings)
    images = not isinstance(components.data.dataset.din, int)
    graphs = replays_graphs(settings.compile, device, images=images)
    return replace(components, compilation=Compilation(settings.compile is not False, "", graphs)), settings, config


def times_of_graphs(mode: str, name: str, arguments: argparse.Namespace, device: torch.device) -> list[float]:
    """Seconds a step, in each round, of one of the modes that replay graphs."""
    with TemporaryDirectory() as folder:
        if mode == AS_GRAPH:
            run = graphed(built(name, arguments.batch_size, device, precision="bf16")[0])
        else:
            parts = built(name, arguments.batch_size, device, precision="bf16", compile="graphs")
            run = Loop(parts, Path(folder)).seconds
        run(WARM_UP)
        return [run(arguments.steps) / arguments.steps for _ in range(arguments.rounds)]


def apart(mode: str, name: str, arguments: argparse.Namespace) -> list[float]:
    """What `times_of_graphs` gives in another process; nothing, and a line on why, where that ends badly."""
    sizes = {"--steps": arguments.steps, "--rounds": arguments.rounds, "--batch-size": arguments.batch_size}
    words = [word for key, value in sizes.items() for word in (key, str(value))]
    command = [sys.executable, "-m", "benchmarks.gpu", "--only", mode, *words, "--models", name]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode == 0:
        return json.loads(done.stdout.splitlines()[-1])
    errors = [line for line in done.stderr.splitlines() if "Error" in line] or [f"exit code {done.returncode}"]
    print(f"{name}, {mode}: {errors[-1]}", file=sys.stderr)
    return []


class Loop:
    """This project's step loop, some steps at a time."""

    def __init__(self, parts: tuple[Components, TrainSettings, object], folder: Path) -> None:
        components, settings, config = parts
        self.device, self.precision = components.device, settings.precision
        self.training = begin(config, components, settings, folder, TensorBoardWriter(folder))

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
