"""Steps per second of training against a bare PyTorch loop of the same model, in turns in one process.

python -m benchmarks.steps [--steps 300] [--rounds 5] [--threads 1] [CONFIG ...]
"""

import argparse
import statistics
import tempfile
import time
from pathlib import Path

import torch

import sae_src as sae
from omnilearn.config import call
from omnilearn.tensorboard.writer import TensorBoardWriter
from omnilearn.training.components import assemble
from omnilearn.training.console import Console
from omnilearn.training.hooks import LogScalars
from omnilearn.training.loop import train_steps
from omnilearn.training.settings import TrainSettings
from omnilearn.training.train import begin

DEFAULT = ("hybrid", "a/e/conv12", "a/d/strc/12", "m/ae", "d/vec")


def bare_loop(configs: tuple[str, ...], steps: int) -> float:
    """Seconds for a loop that does nothing but train: indexing, forward, backward, torch's own fused Adam."""
    config = sae.create_config(*configs)
    components = assemble(config, call(TrainSettings, config))
    optimiser = torch.optim.Adam(components.model.parameters(), lr=1e-3, fused=True)
    observations = components.data.dataset.observations
    indices = components.data.subset("train").indices
    model = components.model.train()
    start = time.perf_counter()
    order = indices[torch.randperm(len(indices))].split(128)
    for step in range(steps):
        loss = model.losses(observations[order[step]])["loss"]
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    return time.perf_counter() - start


def our_loop(configs: tuple[str, ...], steps: int, folder: Path) -> float:
    """Seconds for the step loop with its console and records at the frequencies of the configs."""
    config = sae.create_config(*configs, budget=steps)
    settings = call(TrainSettings, config)
    components = assemble(config, settings)
    assert len(components.data.dataset.observations)  # made when first asked for: before the clock starts
    with TensorBoardWriter(folder) as writer:
        training = begin(config, components, settings, folder, writer)
        hooks = [LogScalars(settings.records.freq), Console(settings.print.freq, training)]
        start = time.perf_counter()
        train_steps(training, hooks)
        return time.perf_counter() - start


def main() -> None:
    """Print steps per second of both, and the ratio of each pair."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("configs", nargs="*", default=DEFAULT)
    parser.add_argument("--steps", type=int, default=300)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    configs, steps = tuple(arguments.configs), arguments.steps
    ratios, ours, bares = [], [], []
    with tempfile.TemporaryDirectory() as folder:
        for _ in range(arguments.rounds):
            bares.append(bare_loop(configs, steps))
            ours.append(our_loop(configs, steps, Path(folder)))
            ratios.append(ours[-1] / bares[-1])
    print(f"threads {arguments.threads}: bare {steps / statistics.median(bares):.0f} steps/s", end=", ")
    print(f"ours {steps / statistics.median(ours):.0f} steps/s, time ratio {statistics.median(ratios):.3f}", end=" ")
    print(f"(from {min(ratios):.3f} to {max(ratios):.3f})")


if __name__ == "__main__":
    main()
