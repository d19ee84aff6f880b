"""`fig train-factor-net`: the network of the Fréchet distance (factor net), from images with known factors."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from omnilearn.config import Builder, Node, call, reject_unused
from omnilearn.data import Dataset
from omnilearn.device import describe_device, pick_device, to_device
from omnilearn.errors import UserError, counted
from omnilearn.files import make_folder
from omnilearn.progress import with_progress
from omnilearn.randomness import undisturbed
from omnilearn.versions import library_versions
from sae_src.sample_quality.factor_net import FILE, FactorNet, save_factor_net
from sae_src.sample_quality.measures import data_batches, moments_of

LEARNING_RATE = 1e-3
STANDARDISED_ON = 2000  # images
_ENCODED_AT_ONCE = 200


@dataclass(frozen=True)
class FactorNetSettings:
    """What `fig train-factor-net` can be told; `fig train-factor-net -h` says what each key means."""

    dataset: Builder[Dataset] | None = None
    steps: int = 500
    batch_size: int = 96
    n_samples: int = 10_000
    seed: int = 0
    device: str | None = None
    out: Path | None = None

    def __post_init__(self) -> None:
        if self.dataset is None:
            raise UserError("which data? name a config of d/ whose factors are known, such as d/shapes")
        for key, least in (("steps", 1), ("batch_size", 2), ("n_samples", 2), ("seed", 0)):
            if getattr(self, key) < least:
                raise UserError(f"{key}: must be at least {least}, got {getattr(self, key)}")


def train_and_keep_factor_net(config: Node) -> Path:
    """Train the net as the keys say, and write it and the moments of its data's features; returns the file."""
    settings = call(FactorNetSettings, config)
    reject_unused(config)
    device = pick_device(settings.device)
    assert settings.dataset is not None  # or the settings would not be there
    dataset = settings.dataset().to(device)
    if dataset.grid is None or isinstance(dataset.din, int):
        raise UserError(f"{type(dataset).__name__}: the factor net needs images whose factors are known")
    path = settings.out or dataset.file_beside(FILE)
    if path is None:
        raise UserError(f"out: {type(dataset).__name__} has no folder of its own: name the file to write")
    sets = {mode: dataset.in_mode(mode) for mode in ("train", "test")}
    for mode, some in sets.items():
        if len(some) < 2:
            raise UserError(f"{dataset.config}: its {mode} set has {counted(len(some), 'image')}, and moments need two")
    counts = {mode: min(settings.n_samples, len(some)) for mode, some in sets.items()}
    print(f"factor net of {type(dataset).__name__}: {settings.steps} steps on {describe_device(device)}", flush=True)
    net = train_factor_net(
        sets["train"], steps=settings.steps, batch_size=settings.batch_size, seed=settings.seed, device=device
    )
    accuracies = dict(zip(dataset.factor_names, accuracies_of(net, sets["test"], settings), strict=True))
    print("test accuracy: " + ", ".join(f"{name} {value:.3f}" for name, value in accuracies.items()))
    moments = {}
    for mode, some in sets.items():
        batches = data_batches(some, counts[mode], batch_size=_ENCODED_AT_ONCE, seed=settings.seed)
        moments[mode] = moments_of(batches, net.features, counts[mode], title=f"{mode} images")
    about = {
        "dataset": type(dataset).__name__,
        "accuracies": accuracies,
        "seed": settings.seed,
        "steps": settings.steps,
        "batch_size": settings.batch_size,
        # Images behind the moments of each set: one number where both have as many as were asked for.
        "n_samples": settings.n_samples if min(counts.values()) == settings.n_samples else counts,
        "device": describe_device(device),
        "threads": torch.get_num_threads(),
        "versions": library_versions(),
    }
    make_folder(path.parent)
    save_factor_net(path, net, moments, about)
    print(f"written to {path}")
    return path


def train_factor_net(
    dataset: Dataset, *, steps: int = 500, batch_size: int = 96, seed: int = 0, device: torch.device | str = "cpu"
) -> FactorNet:
    """A net trained to read the factors from images drawn uniformly with replacement; in evaluation mode.

    The same seed gives the same net, for one version of torch, device and number of threads. The loss is the sum over
    factors of the cross entropy, averaged over the batch.

    Args:
        dataset: images with known factors, on `device`.
        steps: training steps.
        batch_size: images in a step.
        seed: seed of the weights and of the images.
        device: where to train.
    """
    assert not isinstance(dataset.din, int)
    generator = torch.Generator().manual_seed(seed)
    with undisturbed(seed):
        net = to_device(FactorNet(dataset.din, dataset.factor_sizes), torch.device(device)).train()
    optimiser = torch.optim.Adam(net.parameters(), lr=LEARNING_RATE)
    for _ in with_progress(range(steps), "factor net", "steps"):
        indices = torch.randint(len(dataset), (batch_size,), generator=generator)
        loss = cross_entropy(net(dataset.batch(indices)), dataset.factors(indices).to(device))
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    with undisturbed(seed):
        standardise_features(net, data_batches(dataset, STANDARDISED_ON, batch_size=_ENCODED_AT_ONCE, seed=seed))
    return net.requires_grad_(False).eval()


@torch.no_grad()
def standardise_features(net: FactorNet, batches: Iterable[Tensor]) -> None:
    """Scale the features to mean 0 and variance 1 over some images: they change while the net learns."""
    for layer in net.features:
        if isinstance(layer, nn.BatchNorm1d):
            layer.reset_running_stats()
            layer.momentum = None  # the plain average over all batches
    net.train()
    for batch in batches:
        net.features(batch)


def cross_entropy(logits: Sequence[Tensor], factors: Tensor) -> Tensor:
    """The sum over factors of the cross entropy of logits (B, sizes[k]) and classes (B, K), averaged over the batch."""
    each = [F.cross_entropy(scores, classes) for scores, classes in zip(logits, factors.T, strict=True)]
    return sum(each[1:], start=each[0])


@torch.no_grad()
def accuracies_of(net: FactorNet, dataset: Dataset, settings: FactorNetSettings) -> list[float]:
    """The share of right answers for each factor, on random images of a dataset."""
    generator = torch.Generator().manual_seed(settings.seed)
    indices = torch.randint(len(dataset), (settings.n_samples,), generator=generator)
    right = torch.zeros(len(net.sizes))
    for some in indices.split(_ENCODED_AT_ONCE):
        answers = torch.stack([scores.argmax(1) for scores in net(dataset.batch(some))], dim=1).cpu()
        right += (answers == dataset.factors(some)).sum(0)
    return (right / len(indices)).tolist()
