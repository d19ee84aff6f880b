"""An evaluation pass beside the bare forward passes of the same model over the same images, in turns.

python -m benchmarks.evaluation [--line "CONFIG ..."] [--images 512] [--image-size 32] [--rounds 5]

The bare loop computes the losses of images that are in memory already, in batches of the same size and in inference
mode; the pass indexes or generates its images, adds up its losses and shows its progress. The ratio that counts is that
of the images per second of the same round.
"""

import argparse
import math
import os
import statistics
import time
from collections.abc import Callable

import torch

import sae_src as sae
from omnilearn.assembly import build_data
from omnilearn.device import fastest_batch_size, to_device
from omnilearn.evaluation.evaluate import evaluate
from omnilearn.layers import flat_size

LINE = "hybrid a/e/conv12 a/d/strc/12 m/ae d/shapes"


def main() -> None:
    """Print the images per second of both, and the ratio."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--line", default=LINE)
    parser.add_argument("--images", type=int, default=512)
    parser.add_argument("--image-size", type=int, default=32)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--threads", type=int, default=1)
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    configs, keys = arguments.line.split(), {"dataset.image_size": arguments.image_size}
    data = build_data(sae.create_config(*configs, **keys))
    subset = data.subset("val")
    dataset = subset.dataset
    model = to_device(sae.build_model(*configs, shape=dataset.din, **keys), dataset.device).eval()
    steps = math.ceil(arguments.images / data.loading.batch_size)
    images = subset.batch(torch.arange(steps * data.loading.batch_size))
    size = fastest_batch_size(flat_size(dataset.din), dataset.device)

    def bare() -> None:
        with torch.inference_mode():
            total = torch.stack([model.losses(batch)["loss"] for batch in images.split(size)])
        total.sum().item()  # waits for a GPU

    def passed() -> None:
        evaluate(model, subset, data.loading.evaluation_batches(subset, 0), 0, step_limit=steps)

    rates: dict[str, list[float]] = {"bare": [], "pass": []}
    works: dict[str, Callable[[], None]] = {"bare": bare, "pass": passed}
    before = os.getloadavg()[0]
    for k in range(arguments.rounds + 1):
        for name, work in works.items():
            start = time.perf_counter()
            work()
            if k > 0:  # the first round allocates memory
                rates[name].append(len(images) / (time.perf_counter() - start))
    ratios = [one / other for one, other in zip(rates["pass"], rates["bare"], strict=True)]
    medians = {name: statistics.median(values) for name, values in rates.items()}
    print(
        f"{len(images)} images of {arguments.image_size} in batches of {size}: bare {medians['bare']:.0f}/s, ", end=""
    )
    print(f"pass {medians['pass']:.0f}/s, ratio {statistics.median(ratios):.2f} ", end="")
    print(f"({min(ratios):.2f} to {max(ratios):.2f}); load {before:.1f} before, {os.getloadavg()[0]:.1f} after")


if __name__ == "__main__":
    main()
