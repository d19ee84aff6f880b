"""Kills training processes at random moments, resumes them, and compares the end with an uninterrupted run.

python -m benchmarks.survive [--kills 100] [--methods ae vae ...] [--seed 0]

Prints a table: how often each run was killed, inside a save too, and whether its weights, optimiser, scores and curves
equal those of the run that was left alone.
"""

import argparse
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import torch
from tensorboard.backend.event_processing.event_file_loader import EventFileLoader

from omnilearn.runs.checkpoint import checkpoint_steps
from omnilearn.tensor_files import load_tensors

ROOT = Path(__file__).resolve().parents[1]
METHODS = {
    "AE": "hybrid a/conv12 m/ae d/vec",
    "SAE-12": "hybrid a/e/conv12 a/d/strc/12 m/ae d/vec",
    "VAE": "hybrid a/conv12 m/vae d/vec",
    "WAE": "hybrid a/conv12 m/wae d/vec",
    "SWAE": "hybrid a/conv12 m/swae d/vec",
    "VLAE-12": "hybrid a/ladder/12 m/vae d/vec",
    "SAE-12, images": "hybrid a/e/conv12 a/d/strc/12 m/ae d/shapes --model.channels 16 --dataset.batch-size 4",
}
KEYS = (
    "--checkpoint.freq 7 --validation.freq 50 --validation.step-limit 2 --viz.freq 60 --records.freq 5 --print.freq 20 "
    "--viz-traversals no --name-include-date no --include-eval no --device cpu --threads 1"
)


def train(words: str, folder: Path) -> subprocess.Popen:
    """Start a training process."""
    command = [sys.executable, str(ROOT / "main.py"), "train", *words.split(), "--saveroot", str(folder)]
    return subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)


def finish(process: subprocess.Popen) -> int:
    """Wait for a process; returns its exit code."""
    _, errors = process.communicate()
    if process.returncode not in (0, -signal.SIGKILL):
        raise SystemExit(f"training failed: {errors}")
    return process.returncode


def begun(run: Path, process: subprocess.Popen) -> None:
    """Wait until a process has taken the run's folder, so that a kill hits the training and not the imports."""
    start = (run / "info.yaml").stat().st_mtime_ns if (run / "info.yaml").exists() else 0
    while process.poll() is None:
        if (run / "info.yaml").exists() and (run / "info.yaml").stat().st_mtime_ns != start:
            return
        time.sleep(0.01)


def curve(run: Path) -> list[tuple[int, float]]:
    """Every point of the training loss in the run's event files."""
    return [
        (event.step, value.tensor.float_val[0])
        for path in sorted(run.glob("events.*"))
        for event in EventFileLoader(str(path)).Load()
        for value in event.summary.value
        if value.tag == "loss/train"
    ]


def same(one: Path, other: Path) -> bool:
    """Whether two finished runs ended with the same bits and the same curves."""
    step = checkpoint_steps(one)[-1]
    models = [load_tensors(run / f"ckpt{step}" / "model.pth.tar")["model"] for run in (one, other)]
    states = [load_tensors(run / f"ckpt{step}" / "training.pth.tar") for run in (one, other)]
    moments = [json.dumps(state["optimiser"]["state"], default=lambda t: t.tolist()) for state in states]
    return (
        all(torch.equal(models[0][name], models[1][name]) for name in models[0])
        and moments[0] == moments[1]
        and states[0]["best"] == states[1]["best"]
        and torch.equal(states[0]["generators"]["torch"], states[1]["generators"]["torch"])
        and curve(one) == curve(other)
    )


def survive(words: str, kills: int, budget: int, chance: random.Random, folder: Path) -> tuple[int, int, bool]:
    """Kill a run up to `kills` times; returns how often, how often inside a save, and whether it ended alike."""
    keys = f"{KEYS} --budget {budget}"
    seconds = time.monotonic()
    if finish(train(f"{words} {keys} --name whole", folder)):
        raise SystemExit("the run that was left alone was killed")
    seconds = time.monotonic() - seconds
    killed = torn = 0
    run = folder / "killed"
    command = f"{words} {keys} --name killed"
    while killed < kills:
        process = train(command, folder)
        begun(run, process)
        time.sleep(chance.uniform(0, min(2.0, seconds / 4)))
        process.send_signal(signal.SIGKILL)
        if finish(process) == 0:
            break
        killed += 1
        torn += any(run.glob(".ckpt*.tmp"))
        if run.exists() and max(checkpoint_steps(run), default=0) >= budget:
            break
        command = "--resume killed" if (run / "config.yaml").exists() else command
    if not checkpoint_steps(run) or checkpoint_steps(run)[-1] < budget:
        finish(train("--resume killed", folder))
    return killed, torn, same(folder / "whole", run)


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=100)
    parser.add_argument("--budget", type=int, default=600)
    parser.add_argument("--methods", nargs="*", default=list(METHODS), choices=list(METHODS))
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    chance = random.Random(arguments.seed)
    os.environ["OMP_NUM_THREADS"] = "1"
    print("| run | seeds | kills | inside a save | end |\n|---|---|---|---|---|", flush=True)
    each = -(-arguments.kills // len(arguments.methods))
    for name in arguments.methods:
        killed, torn, rounds, alike = 0, 0, 0, True
        while killed < each:  # a run that ends before it was killed often enough is followed by one with another seed
            with tempfile.TemporaryDirectory() as folder:
                words = f"{METHODS[name]} --seed {rounds}"
                more, inside, equal = survive(words, each - killed, arguments.budget, chance, Path(folder))
            killed, torn, rounds, alike = killed + more, torn + inside, rounds + 1, alike and equal
        print(f"| {name} | {rounds} | {killed} | {torn} | {'equal' if alike else 'DIFFERENT'} |", flush=True)


if __name__ == "__main__":
    main()
