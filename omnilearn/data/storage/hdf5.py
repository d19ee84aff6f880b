"""Images in HDF5 files: checked before anything is read, then read in the order of the file's chunks."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from omnilearn.data.download.paths import check_regular, damaged, missing, unreadable
from omnilearn.errors import UserError

if TYPE_CHECKING:
    import h5py

_SLAB_BYTES = 64 * 2**20
# The official 3D-Shapes file has chunks of 15,000 images: a slab of one chunk's images reads every chunk once.
_MOST_IMAGES_IN_SLAB = 20_000


@contextmanager
def open_h5(path: Path, config: str) -> Iterator["h5py.File"]:
    """Open an HDF5 file to read it; errors inside the block are about the file.

    Args:
        path: the file; it is never changed.
        config: the config whose download command an error message names.

    Raises `UserError` where the file is missing or damaged, now or while it is read.
    """
    import h5py

    check_regular(path)
    try:
        with h5py.File(path, "r") as file:
            yield file
    except UserError:
        raise
    except FileNotFoundError:
        raise missing(path, config) from None
    except PermissionError as error:
        raise unreadable(path, error) from error
    except (OSError, RuntimeError, KeyError, ValueError) as error:  # what h5py makes of the library's errors
        raise damaged(path, error, config) from error


def own_dataset(file: "h5py.File", key: str) -> "h5py.Dataset | None":
    """The dataset `key` whose values are in the file itself, else None: links and files elsewhere are not followed."""
    import h5py

    if not isinstance(file.get(key, getlink=True), h5py.HardLink):
        return None
    found = file[key]
    if not isinstance(found, h5py.Dataset) or found.external or found.is_virtual:
        return None
    return found


def check_dataset(
    file: "h5py.File", key: str, config: str, *, shape: tuple[int | None, ...], dtype: np.dtype | type, at_most: int
) -> "h5py.Dataset":
    """The dataset `key` of a file, or a `UserError` where it is missing or not what it should be.

    Args:
        file: an open file.
        key: name of the dataset.
        config: the config whose download command an error message names.
        shape: the expected shape, None for any length of an axis.
        dtype: the expected type, exactly or as a kind such as `np.integer`.
        at_most: the largest length of the first axis; more is refused before any memory is taken.
    """
    path = Path(file.filename)
    found = own_dataset(file, key)
    if found is None:
        raise damaged(path, f"it has no dataset '{key}'", config)
    if not np.issubdtype(found.dtype, dtype):
        raise damaged(path, f"'{key}' has values of type {found.dtype}", config)
    fits = found.ndim == len(shape) and all(want in (None, size) for want, size in zip(shape, found.shape, strict=True))
    if not fits:
        raise damaged(path, f"'{key}' has the shape {found.shape}", config)
    if not 1 <= len(found) <= at_most:
        raise damaged(path, f"'{key}' claims {len(found):,} entries, expected at most {at_most:,}", config)
    if found.id.get_storage_size() == 0:
        raise damaged(path, f"'{key}' was never filled", config)
    return found


def slab_length(dataset: "h5py.Dataset") -> int:
    """How many images (along the first axis) to read at a time."""
    image = int(np.prod(dataset.shape[1:]))
    length = max(1, _SLAB_BYTES // image)
    if dataset.chunks:
        length = max(dataset.chunks[0], length // dataset.chunks[0] * dataset.chunks[0])
    return min(length, _MOST_IMAGES_IN_SLAB, len(dataset))


def read_slab(dataset: "h5py.Dataset", start: int, stop: int) -> np.ndarray:
    """Images `start` to `stop` of a dataset (N, H, W, C), as (n, C, H, W)."""
    if dataset.chunks and dataset.chunks[3] < dataset.shape[3]:
        # Each channel has its own chunks: read one after the other, so that only one is there twice.
        slab = np.empty((stop - start, dataset.shape[3], *dataset.shape[1:3]), np.uint8)
        for channel in range(dataset.shape[3]):
            slab[:, channel] = dataset[start:stop, :, :, channel]
        return slab
    return dataset[start:stop].transpose(0, 3, 1, 2)
