"""How far a model's samples are from its data: Fréchet distances in the features of a network."""

import shlex
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from omnilearn.config.registry import component
from omnilearn.data import BatchSampler, Dataset, Subset
from omnilearn.data.loading import Data
from omnilearn.device import to_device
from omnilearn.errors import UserError
from omnilearn.evaluation.measures import Measure, Measured, NotPrepared, Unavailable, measure
from omnilearn.model import Model
from omnilearn.progress import Progress
from omnilearn.randomness import undisturbed
from sae_src.methods import Autoencoder, as_autoencoder
from sae_src.sample_quality.factor_net import FILE as FACTOR_NET
from sae_src.sample_quality.factor_net import load_factor_net
from sae_src.sample_quality.frechet import Moments, RunningMoments, frechet_distance
from sae_src.sample_quality.inception import FeatureCount, load_inception
from sae_src.sample_quality.samples import SampleKind, kinds_of, sample_batches, why_not
from sae_src.sample_quality.statistics import FILE as STATISTICS
from sae_src.sample_quality.statistics import Statistics, read_statistics

_DIM: FeatureCount = 2048  # as published

Network = Callable[[Tensor], Tensor]
"""From images (B, C, H, W) to features (B, D)."""


@measure("fid")
@component("fid")
class FID(Measure):
    """The Fréchet Inception distance (Heusel et al. 2017) of a model's samples to a set of its data.

    The moments of the data are those of `fig compute-fid` for the part that is evaluated, else for `train`; of a part
    that `dataset.holdout` makes, they are computed from at most `n_samples` of it. Scores are `rec_fid`, `prior_fid`
    and `hybrid_fid` (`hyb-grp_fid` for hybrids of whole segments).

    Args:
        dim: number of features.
        batch_size: images at once.
        n_samples: number of samples of each kind. Fewer give larger distances: compare equal numbers only.
        kinds: which samples; by default all that the model has (see `kinds_of`).
        skip_rec_fid: leave out reconstructions.
        skip_hyb_fid: leave out hybrids.
        weights: file with the weights of the network; by default below the data folder.
        download: get that file where it is missing (91 MB).
    """

    title = "FID"

    def __init__(
        self,
        dim: FeatureCount = _DIM,
        batch_size: int = 50,
        n_samples: int = 50_000,
        *,
        kinds: Sequence[SampleKind] | None = None,
        skip_rec_fid: bool = False,
        skip_hyb_fid: bool = False,
        weights: Path | None = None,
        download: bool = False,
    ) -> None:
        check_sizes(batch_size, n_samples)
        self.dim, self.batch_size, self.n_samples, self.kinds = dim, batch_size, n_samples, kinds
        self.skipped = (("rec",) if skip_rec_fid else ()) + (("hybrid", "hyb-grp") if skip_hyb_fid else ())
        self.weights, self.download = weights, download

    def measure(
        self, model: Model, data: Data, mode: str, seed: int, *, stop: Callable[[], BaseException | None]
    ) -> Measured:
        """The distance of each kind of samples; where the moments of the data are missing, the samples' moments."""
        autoencoder = model_of_images(model)
        network = load_inception(self.dim, self.weights, download=self.download, config=data.dataset.command_words)
        network = to_device(network, data.dataset.device)
        reference, known = self._reference(data, mode, network, seed, stop)
        missing = () if known else (_no_statistics(data.dataset, mode, self.dim),)
        measured = distances_of_samples(
            autoencoder,
            network,
            known.moments if known else None,
            data.subset(mode),
            suffix="fid",
            kinds=[kind for kind in self.kinds or kinds_of(autoencoder) if kind not in self.skipped],
            count=self.n_samples,
            batch_size=self.batch_size,
            seed=seed,
            stop=stop,
        )
        settings: dict[str, Any] = {"dim": self.dim, "n_samples": self.n_samples, "batch_size": self.batch_size}
        settings |= {"reference": reference, "reference_n_samples": known and known.about.get("n_samples")}
        return Measured(measured.scores, measured.tensors, settings, missing + measured.notes)

    def _reference(
        self, data: Data, mode: str, network: Network, seed: int, stop: Callable[[], BaseException | None]
    ) -> tuple[str | None, Statistics | None]:
        """The set that samples are compared with, and its statistics; see `_statistics_of_data`."""
        if not data.is_cut(mode):
            return self._statistics_of_data(data.dataset, mode)
        return mode, moments_of_part(data.subset(mode), network, self.n_samples, self.batch_size, seed, stop)

    def _statistics_of_data(self, dataset: Dataset, mode: str) -> tuple[str | None, Statistics | None]:
        """The name of the set `mode`, else of the training set, and its statistics; None where there are none.

        Then samples are drawn all the same: their moments are kept, and only the distance is left out.
        """
        path = dataset.file_beside(STATISTICS)
        for name in dict.fromkeys((mode, "train")):
            known = None if path is None else read_statistics(path, name, self.dim)
            if known is not None:
                return name, known
        return None, None


@measure("factor_distance")
@component("factor-distance")
class FactorDistance(Measure):
    """The Fréchet distance of a model's samples to its data in the features of the factor net.

    That is a small network which reads the factors of variation from an image, trained by `fig train-factor-net`. Its
    distances are comparable with each other, for the same net and number of samples, and with nothing else; they are
    not FIDs. Scores are `rec_factor_distance` and so on. A part that is not the test set is compared with the training
    set, one that `dataset.holdout` makes with at most `n_samples` of itself.

    Args:
        batch_size: images at once.
        n_samples: number of samples of each kind.
        kinds: which samples; by default all that the model has (see `kinds_of`).
        network: the file of the net; by default beside the data.
    """

    title = "Fréchet distance (factor net)"

    def __init__(
        self,
        batch_size: int = 50,
        n_samples: int = 10_000,
        *,
        kinds: Sequence[SampleKind] | None = None,
        network: Path | None = None,
    ) -> None:
        check_sizes(batch_size, n_samples)
        self.batch_size, self.n_samples, self.kinds, self.network = batch_size, n_samples, kinds, network

    def measure(
        self, model: Model, data: Data, mode: str, seed: int, *, stop: Callable[[], BaseException | None]
    ) -> Measured:
        """The distance of each kind of samples."""
        autoencoder = model_of_images(model)
        path = self.network or data.dataset.file_beside(FACTOR_NET)
        if path is None or not path.is_file():
            if data.dataset.grid is None:
                raise Unavailable("needs images whose factors form a grid, to train the net on")
            out = "" if self.network is None else f" --out {shlex.quote(str(self.network))}"
            command = f"fig train-factor-net {data.dataset.command_words}{out}"
            raise NotPrepared(f"the factor net is missing ({path}): train it ({command})", command)
        net, moments, about = load_factor_net(path)
        if net.din != autoencoder.dout:
            raise Unavailable(f"{path}: the net takes images of size {net.din}, the model makes {autoencoder.dout}")
        reference = mode if mode in moments or data.is_cut(mode) else "train"
        features = to_device(net.features, data.dataset.device)
        if data.is_cut(mode):
            part = moments_of_part(data.subset(mode), features, self.n_samples, self.batch_size, seed, stop)
            moments = {**moments, mode: part.moments}
        measured = distances_of_samples(
            autoencoder,
            features,
            moments[reference],
            data.subset(mode),
            suffix="factor_distance",
            kinds=self.kinds or kinds_of(autoencoder),
            count=self.n_samples,
            batch_size=self.batch_size,
            seed=seed,
            stop=stop,
        )
        settings = {"n_samples": self.n_samples, "batch_size": self.batch_size, "reference": reference, "net": about}
        return Measured(measured.scores, measured.tensors, settings, measured.notes)


def distances_of_samples(
    model: Autoencoder,
    network: Network,
    moments: Moments | None,
    subset: Subset,
    *,
    suffix: str,
    kinds: Sequence[SampleKind],
    count: int,
    batch_size: int,
    seed: int,
    stop: Callable[[], BaseException | None],
) -> Measured:
    """`{kind}_{suffix}`, the distance of samples of each kind, and `{kind}_{suffix}_stats`, their moments.

    Without `moments` of the data to compare with, the moments of the samples only.
    """
    scores, tensors, notes = {}, {}, []
    for kind in kinds:
        reason = why_not(model, kind)
        if reason is not None:
            notes.append(f"no {kind} samples: {reason}")
            continue
        if kind == "rec" and count > len(subset):
            notes.append(_repeated(count, len(subset), suffix))
        with undisturbed(seed):
            batches = sample_batches(model, kind, count, subset=subset, batch_size=batch_size, seed=seed)
            found = moments_of(batches, network, count, title=f"{kind} samples", stop=stop)
        tensors[f"{kind}_{suffix}_stats"] = tuple(found)
        if not all(moment.isfinite().all() for moment in found):
            notes.append(f"no distance of {kind} samples: their features are not finite, training has diverged")
        elif moments is not None:
            scores[f"{kind}_{suffix}"] = frechet_distance(moments, found)
    return Measured(scores, tensors, {}, tuple(notes))


def _no_statistics(dataset: Dataset, mode: str, dim: int) -> str:
    """What there is to say where the moments of the data are missing."""
    command = f"fig compute-fid {dataset.command_words} --mode {'test' if mode == 'test' else 'train'}"
    command += "" if dim == _DIM else f" --dim {dim}"
    return f"no distances until the statistics of the data are made ({command}); those of the samples are kept"


def _repeated(count: int, observations: int, suffix: str) -> str:
    """What there is to say where reconstructions are of fewer observations than samples are asked for."""
    key = suffix.replace("_", "-")
    return (
        f"{count:,} reconstructions of {observations:,} observations: each is taken several times "
        f"(--{key}.n-samples {observations} takes each once; compare distances of equal numbers only)"
    )


@torch.no_grad()
def moments_of(
    batches: Iterable[Tensor],
    network: Network,
    count: int,
    *,
    title: str,
    stop: Callable[[], BaseException | None] = lambda: None,
) -> Moments:
    """The moments of the features of `count` images that come in batches (B, C, H, W)."""
    running = RunningMoments()
    with Progress(count, title, "images") as progress:
        for batch in batches:
            if (reason := stop()) is not None:
                raise reason
            running.update(network(batch))
            progress.update(len(batch))
    return running.moments()


def moments_of_part(
    subset: Subset,
    network: Network,
    count: int,
    batch_size: int,
    seed: int,
    stop: Callable[[], BaseException | None],
) -> Statistics:
    """The moments of the features of at most `count` different observations of a subset, in random order by `seed`."""
    count = min(count, len(subset))
    if count < 2:
        raise Unavailable("the part has a single observation, and moments need two")
    positions = torch.cat(list(BatchSampler(len(subset), min(batch_size, count), seed).one_epoch()))[:count]
    batches = (subset.batch(some) for some in positions.split(batch_size))
    found = moments_of(batches, network, count, title="observations of the part", stop=stop)
    return Statistics(found, {"n_samples": count})


def data_batches(dataset: Dataset, count: int, *, batch_size: int, seed: int) -> Iterable[Tensor]:
    """`count` different observations of a dataset in random order by `seed`, as batches."""
    subset = Subset(dataset, torch.arange(len(dataset)))
    order = BatchSampler(len(dataset), min(batch_size, count), seed)
    for batch in order.one_epoch():
        yield subset.batch(batch[:count])
        count -= len(batch)
        if count <= 0:
            return


def model_of_images(model: Model) -> Autoencoder:
    """The model as an autoencoder of images; `Unavailable` where it makes anything else."""
    autoencoder = as_autoencoder(model)
    if isinstance(autoencoder.dout, int):
        raise Unavailable("needs a model of images, this one makes vectors")
    return autoencoder


def check_sizes(batch_size: int, n_samples: int) -> None:
    """Refuse numbers that no moments can be computed with."""
    for name, value, least in (("batch_size", batch_size, 1), ("n_samples", n_samples, 2)):
        if value < least:
            raise UserError(f"{name} must be at least {least}, got {value}")
