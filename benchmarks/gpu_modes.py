"""A training step in each mode that `benchmarks.gpu` compares: this project's loop, and loops written by hand."""

import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import torch
from torch.utils.flop_counter import FlopCounterMode

import sae_src as sae
from omnilearn.config import Node, call
from omnilearn.precision import Precision, forward_context, use_precision
from omnilearn.tensorboard.writer import TensorBoardWriter
from omnilearn.training.components import Components, assemble
from omnilearn.training.loop import train_steps
from omnilearn.training.settings import TrainSettings
from omnilearn.training.speed import Compilation, replays_graphs
from omnilearn.training.train import begin

MODELS = {
    "SAE-12, 64 x 64": ("hybrid", "a/e/conv12", "a/d/strc/12", "m/ae", "d/shapes"),
    "SAE-16, 128 x 128": ("hybrid", "a/e/conv12", "a/d/strc/16", "m/ae", "d/shapes"),
    "VLAE-12, 64 x 64": ("hybrid", "a/ladder/12", "m/vae", "d/shapes"),
    "SAE-12, d/vec": ("hybrid", "a/e/conv12", "a/d/strc/12", "m/ae", "d/vec"),
}
EAGER: tuple[Precision, ...] = ("float32", "tf32", "bf16")
COMPILED: dict[str, Precision] = {"float32, compiled": "float32", "bf16, compiled": "bf16"}
BY_HAND, BY_HAND_AS_GRAPH = "bf16, by hand", "bf16, by hand as a graph"

Run = Callable[[int], float]
"""Does as many steps as it is told, and returns the seconds that they took."""


def steps_of(
    mode: str, name: str, batch_size: int, device: torch.device, folder: Path, writer: TensorBoardWriter
) -> Run:
    """A model in a mode, ready for its first step."""
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


def eager(components: Components) -> Run:
    """A loop written by hand, without a graph."""
    model, step = step_of(components)
    model.train()

    def seconds(steps: int) -> float:
        def loop() -> None:
            for _ in range(steps):
                step(components.train_subset.batch(next(components.batches)))

        return timed(loop, components.device)

    return seconds


def graphed(components: Components) -> Run:
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
