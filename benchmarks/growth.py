"""Time and memory against the size of what they depend on, and by which power.

python -m benchmarks.growth [--only steps runs images latents factors checkpoints] [--scale 1] [--json FILE]

Each subject is measured at four sizes, each in a process of its own that has loaded everything before: the seconds of
the processor, which other work on the machine changes little, and how much more memory the process took than before it
began. The power is the slope of log(seconds) between the two largest sizes, where what every size needs counts least;
beside it stands that of the work itself.
"""

import argparse
import json
import math
import multiprocessing
import os
import resource
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import redirect_stdout
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch

import sae_src as sae
from omnilearn.assembly import build_data
from omnilearn.device import to_device
from omnilearn.evaluation.evaluate import evaluate
from omnilearn.runs.checkpoint import remove_checkpoints, save_checkpoint
from omnilearn.runs.folder import CONFIG, INFO, new_run
from omnilearn.runs.run import pick_checkpoint
from omnilearn.runs.summary import summaries
from sae_src import metrics

VECTORS = ("hybrid", "a/conv12", "m/ae", "d/vec")
Work = Callable[[], object]


class Subject(NamedTuple):
    """Something that there may be much of.

    Attributes:
        what: the work that is measured.
        prepare: puts what the work needs into a folder, for a size; returns the work.
        sizes: the sizes.
        power: the power of the size that the work itself grows by; 0 where it need not grow.
    """

    what: str
    prepare: Callable[[Path, int], Work]
    sizes: tuple[int, ...]
    power: float


def training(folder: Path, steps: int) -> Work:
    """A whole training of some steps, with curves and checkpoints."""
    keys: dict[str, Any] = {
        "checkpoint.freq": 100,
        "validation": None,
        "evaluation": None,
        "viz": None,
        "print.freq": 100,
    }
    keys |= {"dataset.num_samples": 600, "saveroot": str(folder), "device": "cpu"}
    sae.train(*VECTORS, budget=1, **keys)  # loads what a training needs
    return lambda: sae.train(*VECTORS, budget=steps, **keys)


def _write_runs(folder: Path, count: int) -> None:
    config = "budget: 2\nseed: 0\nmodel: {_type: ae}\ndataset: {_type: vec}\n"
    info = "started: 2026-01-01T00:00:00\ncompleted: {step: 2, best: {loss: 0.5}}\n"
    for k in range(count):
        run = folder / f"run{k}"
        (run / "ckpt2").mkdir(parents=True)
        (run / CONFIG).write_text(config)
        (run / INFO).write_text(info)


def listing(folder: Path, count: int) -> Work:
    """All runs of a save folder at a glance, as `fig runs` shows them."""
    _write_runs(folder, count)
    return lambda: list(summaries(folder))


def beginning(folder: Path, count: int) -> Work:
    """Twenty new runs beside others, whose name is taken by all of those."""
    for k in range(count):
        (folder / ("run" if k == 0 else f"run_{k + 1}")).mkdir()

    def begin() -> None:
        for _ in range(20):
            with new_run(folder, "run", {CONFIG: "budget: 2\n"}, date=False):
                pass

    return begin


def passing(folder: Path, count: int) -> Work:
    """An evaluation of some images."""
    configs, small = ("hybrid", "a/conv12", "m/ae", "d/shapes"), {"dataset.image_size": 32}
    data = build_data(sae.create_config(*configs, **small))
    subset = data.subset("val")
    model = to_device(sae.build_model(*configs, shape=subset.dataset.din, **small), subset.dataset.device)
    batches = data.loading.evaluation_batches(subset, 0)
    return lambda: evaluate(model, subset, batches, 0, step_limit=math.ceil(count / batches.batch_size))


def responding(folder: Path, latents: int) -> Work:
    """The response matrix of so many latents: each of 100 samples is decoded once per latent, and has all of them."""
    points = torch.randn(100, latents)
    to_samples, to_latents = torch.nn.Linear(latents, 64), torch.nn.Linear(64, latents)
    return lambda: sae.response_matrix(points, to_latents, to_samples)


def _scores(codes: int, factors: int) -> Work:
    random = np.random.default_rng(0)
    truth = random.integers(4, size=(1000, factors))
    arrays = random.normal(size=(1000, codes)) + truth[:, random.integers(factors, size=codes)], truth

    def score(points: int = 1000) -> None:
        some = [array[:points] for array in arrays]
        for metric in (metrics.mig, metrics.irs, metrics.modularity_explicitness):
            metric.score(*some, *some)

    score(50)  # loads what the metrics need
    return score


def scoring_latents(folder: Path, latents: int) -> Work:
    """MIG, IRS and modularity of so many latents and six factors."""
    return _scores(latents, 6)


def scoring_factors(folder: Path, factors: int) -> Work:
    """The same of 12 latents and so many factors."""
    return _scores(12, factors)


def _write_checkpoints(folder: Path, count: int) -> dict[str, Any]:
    state = {"weights": torch.zeros(1000)}
    for step in range(1, count + 1):
        save_checkpoint(folder, step, state, {})
    return state


def loading(folder: Path, count: int) -> Work:
    """The newest of so many checkpoints, checked and read, a hundred times."""
    _write_checkpoints(folder, count)
    return lambda: [pick_checkpoint(folder) for _ in range(100)]


def saving(folder: Path, count: int) -> Work:
    """Twenty further checkpoints beside so many others, all of which are kept."""
    state = _write_checkpoints(folder, count)

    def save() -> None:
        for step in range(count + 1, count + 21):
            save_checkpoint(folder, step, state, {})
            remove_checkpoints(folder, keep=10**6)

    return save


SUBJECTS = {
    "steps": [Subject("train", training, (50, 100, 200, 400), 1)],
    "runs": [
        Subject("list all", listing, (50, 200, 800, 1600), 1),
        Subject("begin 20 more", beginning, (50, 200, 800, 3200), 1),
    ],
    "images": [Subject("evaluate", passing, (128, 256, 512, 1024), 1)],
    "latents": [
        Subject("response matrix", responding, (64, 128, 256, 512), 2),
        Subject("score", scoring_latents, (12, 24, 48, 96), 1),
    ],
    "factors": [Subject("score", scoring_factors, (4, 8, 16, 32), 1)],
    "checkpoints": [
        Subject("read the newest 100 times", loading, (10, 40, 160, 640), 1),
        Subject("write 20 more", saving, (10, 40, 160, 640), 1),
    ],
}


def measured(subject: Subject, size: int) -> tuple[float, float]:
    """Seconds of the processor and MiB of the work of a size, in a process of its own."""
    here, there = multiprocessing.Pipe(duplex=False)
    process = multiprocessing.get_context("fork").Process(target=_measure, args=(subject, size, there))
    process.start()
    there.close()
    try:
        seconds, memory = here.recv()
    except EOFError:
        raise SystemExit(f"failed: {subject.what} {size}") from None
    process.join()
    return seconds, memory


def _measure(subject: Subject, size: int, result: Connection) -> None:
    with tempfile.TemporaryDirectory() as folder, open(os.devnull, "w") as nowhere, redirect_stdout(nowhere):
        work = subject.prepare(Path(folder), size)
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        start = time.process_time()
        work()
        seconds = time.process_time() - start
        after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    result.send((seconds, (after - before) / 1024))


def scaled(subject: Subject, scale: float) -> list[int]:
    """The sizes of a subject times a scale, at least 4."""
    return [max(4, round(size * scale)) for size in subject.sizes]


def power(sizes: Sequence[int], seconds: Sequence[float]) -> float:
    """The slope of log(seconds) over log(size) between the last two."""
    return math.log(seconds[-1] / seconds[-2]) / math.log(sizes[-1] / sizes[-2])


def main(words: Sequence[str] | None = None) -> list[dict[str, Any]]:
    """Print the table, and write all numbers as JSON where asked to."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", nargs="+", choices=SUBJECTS, default=list(SUBJECTS))
    parser.add_argument("--scale", type=float, default=1.0, help="of all sizes")
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args(words)
    chosen = [subject for name in arguments.only for subject in SUBJECTS[name]]
    if not 0 < arguments.scale < math.inf:
        parser.error(f"--scale {arguments.scale:g}: must be a number above 0")
    if any(len(set(scaled(subject, arguments.scale)[-2:])) < 2 for subject in chosen):
        parser.error(f"--scale {arguments.scale:g}: the two largest sizes are the same, which tell no power; take more")
    torch.set_num_threads(1)
    rows = []
    print(
        "| N | work | sizes | CPU seconds | MiB more | power | of the work |\n|---|---|---|---|---|---|---|", flush=True
    )
    for name in arguments.only:
        for subject in SUBJECTS[name]:
            sizes = scaled(subject, arguments.scale)
            seconds, memory = zip(*(measured(subject, size) for size in sizes), strict=True)
            grows = power(sizes, seconds)
            rows.append({"of": name, "work": subject.what, "sizes": sizes, "seconds": seconds, "mib": memory})
            rows[-1] |= {"power": grows, "power_of_work": subject.power}
            cells = [", ".join(f"{one:.2g}" for one in seconds), ", ".join(f"{one:.0f}" for one in memory)]
            cells = [name, subject.what, ", ".join(map(str, sizes)), *cells, f"{grows:.2f}", f"{subject.power:g}"]
            print(f"| {' | '.join(cells)} |", flush=True)
    if arguments.json:
        arguments.json.write_text(json.dumps(rows, indent=2) + "\n")
    return rows


if __name__ == "__main__":
    main(sys.argv[1:])
