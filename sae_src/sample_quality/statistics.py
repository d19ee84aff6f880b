"""`fid_stats.h5`: the moments of a dataset's features, which samples are compared with.

For every set and number of features, `{mode}_{dim}_mu` (dim,) and `{mode}_{dim}_sigma` (dim, dim), as the published
system keeps them.
"""

import io
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import torch

from omnilearn.data.download.paths import check_regular
from omnilearn.data.storage.hdf5 import own_dataset
from omnilearn.errors import UserError
from omnilearn.evaluation.measures import Unavailable
from omnilearn.files import write_bytes
from omnilearn.locks import exclusive
from sae_src.sample_quality.frechet import Moments

if TYPE_CHECKING:
    import h5py

FILE = "fid_stats.h5"


class Statistics(NamedTuple):
    """The moments of a set, and what made them: `n_samples`, `seed` and versions, empty in files of others."""

    moments: Moments
    about: dict[str, Any]


def read_statistics(path: Path, mode: str, dim: int) -> Statistics | None:
    """The statistics of the set `mode`; None where the file, or they in it, are missing.

    Raises `Unavailable` for a damaged file.
    """
    if not path.exists():
        return None
    check_regular(path)
    with _opened(path) as file:
        shapes = {f"{mode}_{dim}_mu": (dim,), f"{mode}_{dim}_sigma": (dim, dim)}
        if not any(name in file for name in shapes):
            return None
        moments = Moments(*(_array(file, name, shape) for name, shape in shapes.items()))
        about = {key: _plain(value) for key, value in file[f"{mode}_{dim}_mu"].attrs.items()}
        return Statistics(moments, about)


def write_statistics(path: Path, mode: str, moments: Moments, about: Mapping[str, Any]) -> None:
    """Add the moments of the set `mode` to the file, or replace those in it; what else it holds stays.

    Args:
        path: the file; it is made where it is missing, and replaced as a whole.
        mode: name of the set.
        moments: what to keep.
        about: what made them, kept as attributes of both arrays.
    """
    import h5py

    dim = len(moments.mean)
    with exclusive(path):
        content = io.BytesIO()  # in memory, where no disk can be full
        with h5py.File(content, "w") as new:
            if path.exists():
                with _opened(path) as old:
                    for name in old:
                        if own_dataset(old, name) is not None:
                            old.copy(old[name], new, name)
            for name, value in ((f"{mode}_{dim}_mu", moments.mean), (f"{mode}_{dim}_sigma", moments.covariance)):
                if name in new:
                    del new[name]
                new[name] = value.numpy()
                new[name].attrs.update(about)
        write_bytes(path, content.getvalue())


@contextmanager
def _opened(path: Path) -> Iterator["h5py.File"]:
    import h5py

    try:
        with h5py.File(path, "r") as file:
            yield file
    except UserError:
        raise
    except (OSError, RuntimeError, KeyError, ValueError) as error:  # what h5py makes of the library's errors
        raise _damaged(path, str(error).split("\n")[0]) from error


def _array(file: "h5py.File", name: str, shape: tuple[int, ...]) -> torch.Tensor:
    found = own_dataset(file, name)
    if found is None or found.shape != shape or not np.issubdtype(found.dtype, np.floating) or _is_unwritten(found):
        raise _damaged(Path(file.filename), f"'{name}' is missing or not an array of the shape {shape}")
    return torch.from_numpy(found[()].astype(np.float64))


def _is_unwritten(dataset: "h5py.Dataset") -> bool:
    return dataset.id.get_storage_size() == 0


def _plain(value: Any) -> Any:
    return value.item() if isinstance(value, np.generic) else str(value)


def _damaged(path: Path, reason: str) -> Unavailable:
    return Unavailable(f"{path}: damaged: {reason}; move it away: it can be made again")
