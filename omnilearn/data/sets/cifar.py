"""CIFAR-10 and CIFAR-100 (Krizhevsky, 2009): the official archives for Python, packed or unpacked."""

import io
import pickle
import tarfile
import zlib
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import torch

from omnilearn.config.registry import component
from omnilearn.data.download.paths import damaged, missing, unreadable
from omnilearn.data.sets.file_dataset import FileDataset, ImageSet
from omnilearn.data.storage.arrays import Keep, PixelArray

_MOST_BYTES = 2**28  # the largest batch, CIFAR-100's training images, has 155 MB


class CIFAR(FileDataset):
    """Colour images of 3 x 32 x 32 with class labels; kept in memory.

    The files lie in the folder `{ident}/`: the official archive, or what torchvision unpacks from it. They are never
    changed. They are pickles, of which only arrays and plain data are read: a file that asks for anything else is
    refused before it can run code.
    """

    archive: ClassVar[str]
    unpacked: ClassVar[str]
    train_batches: ClassVar[tuple[str, ...]]
    test_batch: ClassVar[str]
    label_key: ClassVar[bytes]

    def read(self, folder: Path, keep: Keep) -> ImageSet:
        """Read all batches; the last one is the test set."""
        names = (*self.train_batches, self.test_batch)
        batches = [self._batch(path, content) for path, content in self._contents(folder, names)]
        pixels = torch.cat([images for images, _ in batches])
        rows, test_count = torch.arange(len(pixels)), len(batches[-1][0])
        return ImageSet(
            PixelArray(pixels, keep),
            rows[: len(pixels) - test_count],
            rows[len(pixels) - test_count :],
            targets=torch.cat([labels for _, labels in batches]),
        )

    def is_complete(self, folder: Path) -> bool:
        """Whether the archive is unpacked."""
        return (folder / self.unpacked).is_dir()

    def _contents(self, place: Path, names: tuple[str, ...]) -> list[tuple[Path, bytes]]:
        """Path and content of each batch, from the unpacked folder where there is one, else from the archive."""
        folder, archive = place / self.unpacked, place / self.archive
        if folder.is_dir():
            return [(folder / name, self._read(folder / name)) for name in names]
        packed = self._read(archive)
        try:
            with tarfile.open(fileobj=io.BytesIO(packed)) as tar:
                members = [tar.getmember(f"{self.unpacked}/{name}") for name in names]
                if any(not member.isfile() or member.size > _MOST_BYTES for member in members):
                    raise ValueError("its batches are larger than those of CIFAR")
                return [(archive, _content(tar, member)) for member in members]
        except (tarfile.TarError, OSError, EOFError, KeyError, ValueError, zlib.error) as error:
            raise damaged(archive, error, self.config) from error

    def _read(self, path: Path) -> bytes:
        try:
            return path.read_bytes()
        except FileNotFoundError:
            raise missing(path, self.config) from None
        except OSError as error:
            raise unreadable(path, error) from error

    def _batch(self, path: Path, content: bytes) -> tuple[torch.Tensor, torch.Tensor]:
        try:
            batch = _PlainUnpickler(io.BytesIO(content), encoding="bytes").load()
            images, labels = np.asarray(batch[b"data"]), np.asarray(batch[self.label_key])
        except (pickle.UnpicklingError, EOFError, KeyError, TypeError, ValueError, IndexError, AttributeError) as error:
            raise damaged(path, error, self.config) from error
        if images.dtype != np.uint8 or images.ndim != 2 or images.shape[1] != 3 * 32 * 32:
            raise damaged(path, f"images of type {images.dtype} and shape {images.shape}", self.config)
        if labels.shape != (len(images),) or labels.dtype.kind not in "iu":
            raise damaged(path, "it has not one label for each image", self.config)
        return torch.tensor(images.reshape(-1, 3, 32, 32)), torch.tensor(labels.astype(np.int64))


def _content(tar: tarfile.TarFile, member: tarfile.TarInfo) -> bytes:
    file = tar.extractfile(member)
    assert file is not None  # only folders and the like have no content
    return file.read()


class _PlainUnpickler(pickle.Unpickler):
    """Reads arrays and plain data; the names that a pickled numpy array refers to are the only ones it knows."""

    def find_class(self, module: str, name: str) -> Any:
        known = _KNOWN_NAMES.get((module, name))
        if known is None:
            raise pickle.UnpicklingError(f"it asks for {module}.{name}, which could run code")
        return known


def _encode(text: str, encoding: str) -> bytes:
    if encoding != "latin1":
        raise pickle.UnpicklingError(f"it asks for the encoding {encoding}")
    return text.encode(encoding)


_EMPTY_ARRAY = np.empty(0).__reduce__()[0]  # the function that makes the array that a pickle then fills
_KNOWN_NAMES = {
    ("numpy.core.multiarray", "_reconstruct"): _EMPTY_ARRAY,
    ("numpy._core.multiarray", "_reconstruct"): _EMPTY_ARRAY,
    ("numpy", "ndarray"): np.ndarray,
    ("numpy", "dtype"): np.dtype,
    ("_codecs", "encode"): _encode,  # how Python 3 writes bytes for Python 2
}


@component("cifar10")
class CIFAR10(CIFAR):
    """CIFAR-10: 60,000 images of 10 classes."""

    ident = folder_name = "cifar10"
    config = "d/cifar10"
    archive, unpacked = "cifar-10-python.tar.gz", "cifar-10-batches-py"
    train_batches, test_batch = tuple(f"data_batch_{i}" for i in range(1, 6)), "test_batch"
    label_key = b"labels"


@component("cifar100")
class CIFAR100(CIFAR):
    """CIFAR-100: 60,000 images of 100 classes."""

    ident = folder_name = "cifar100"
    config = "d/cifar100"
    archive, unpacked = "cifar-100-python.tar.gz", "cifar-100-python"
    train_batches, test_batch = ("train",), "test"
    label_key = b"fine_labels"
