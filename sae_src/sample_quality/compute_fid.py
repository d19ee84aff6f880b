"""`fig compute-fid`: the moments of a dataset's Inception features, which the FID compares samples with."""

from dataclasses import dataclass
from pathlib import Path

from omnilearn.config import Builder, Node, call, reject_unused
from omnilearn.data import Dataset
from omnilearn.device import describe_device, pick_device, to_device
from omnilearn.errors import UserError
from omnilearn.versions import library_versions
from sae_src.sample_quality.inception import FeatureCount, load_inception
from sae_src.sample_quality.measures import check_sizes, data_batches, moments_of
from sae_src.sample_quality.statistics import FILE, read_statistics, write_statistics


@dataclass(frozen=True)
class ComputeFIDSettings:
    """What `fig compute-fid` can be told; `fig compute-fid -h` says what each key means."""

    dataset: Builder[Dataset] | None = None
    mode: str = "train"
    ident: str | None = None
    dim: FeatureCount | None = None
    fid_dim: FeatureCount | None = None
    n_samples: int = 50_000
    batch_size: int = 50
    seed: int = 0
    device: str | None = None
    weights: Path | None = None
    download: bool = False
    overwrite: bool = False
    root: Path | None = None
    out: Path | None = None
    out_path: Path | None = None
    save_path: Path | None = None

    def __post_init__(self) -> None:
        if self.dataset is None:
            raise UserError("which data? name a config of d/, such as d/3ds")
        check_sizes(self.batch_size, self.n_samples)
        if self.dim and self.fid_dim and self.dim != self.fid_dim:
            raise UserError(f"dim: is {self.dim}, but fid_dim is {self.fid_dim}: give one of them")
        if len({self.out, self.out_path, self.save_path} - {None}) > 1:
            raise UserError("out: out_path and save_path are other names for it, and two of them differ: give one")

    @property
    def features(self) -> FeatureCount:
        """The number of features, by either of its names."""
        return self.dim or self.fid_dim or 2048

    @property
    def file(self) -> Path | None:
        """The file to write, by any of its names; None for the one beside the data."""
        return self.out or self.out_path or self.save_path


def compute_fid(config: Node) -> Path | None:
    """Compute and keep the moments of one set, as the keys say; returns the file, None where they are in it already.

    Raises `UserError` where the network, its weights or the data are missing.
    """
    settings = call(ComputeFIDSettings, config)
    reject_unused(config)
    device = pick_device(settings.device)
    assert settings.dataset is not None  # or the settings would not be there
    dataset = settings.dataset() if settings.root is None else settings.dataset(dataroot=settings.root)
    if isinstance(dataset.din, int):
        raise UserError(f"{type(dataset).__name__}: the FID needs images, these are vectors")
    path, name = settings.file or dataset.file_beside(FILE), settings.ident or settings.mode
    if path is None:
        raise UserError(f"out: {type(dataset).__name__} has no folder of its own: name the file to write")
    if path.is_dir():
        raise UserError(f"out: {path} is a folder, not a file")
    known = None if settings.overwrite else read_statistics(path, name, settings.features)
    if known is not None:
        count = known.about.get("n_samples", "an unknown number")
        what = f"'{name}', {settings.features} features of {count} images"
        print(f"{path} has {what} already (--overwrite yes computes it again)")
        return None
    network = load_inception(settings.features, settings.weights, download=settings.download)
    dataset = dataset.in_mode(settings.mode).to(device)
    count = min(settings.n_samples, len(dataset))
    print(f"{count:,} of {len(dataset):,} {settings.mode} images on {describe_device(device)}", flush=True)
    batches = data_batches(dataset, count, batch_size=settings.batch_size, seed=settings.seed)
    moments = moments_of(batches, to_device(network, device), count, title=f"{settings.mode} images")
    about = {"n_samples": count, "seed": settings.seed, **library_versions()}
    write_statistics(path, name, moments, about)
    print(f"written to {path}")
    return path
