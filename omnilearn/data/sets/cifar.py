"""CIFAR-10 and CIFAR-100 (Krizhevsky, 2009): the official archives for Python, packed or unpacked."""

import io
import tarfile
from collections.abc import Mapping
from pathlib import Path
from typing import ClassVar

import numpy as np
import torch

from omnilearn.config.registry import component
from omnilearn.data.download.paths import damaged, missing, unreadable
from omnilearn.data.sets.file_dataset import FileDataset, ImageSet
from omnilearn.data.storage.arrays import Keep, PixelArray
from omnilearn.data.storage.made_up import READ_ERRORS
from omnilearn.data.storage.pickled_batch import NotABatch, read_batch
from omnilearn.data.storage.unpacked import Unpacked
from omnilearn.files import open_regular

_MOST_BYTES = 2**28  # the largest file, CIFAR-100's archive, has 169 MB; its largest batch 155 MB
_MOST_IMAGES = 50_000  # in its training batch
_SIZE = 3 * 32 * 32
_GZIP = b"\x1f\x8b"
_TOO_LARGE = "its batches are larger than those of CIFAR"


class CIFAR(FileDataset):
    """Colour images of 3 x 32 x 32 with class labels; kept in memory.

    The files lie in the folder `{ident}/`: the official archive, or what torchvision unpacks from it. They are never
    changed. They are pickles, which are read without Python's unpickler: a file that asks for anything which the
    official ones do not have is refused.
    """

    archive: ClassVar[str]
    unpacked: ClassVar[str]
    train_batches: ClassVar[tuple[str, ...]]
    test_batch: ClassVar[str]
    label_key: ClassVar[bytes]
    classes: ClassVar[int]

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
        packed = io.BytesIO(self._read(archive))
        is_packed = packed.getvalue()[:2] == _GZIP
        try:
            with (
                Unpacked(packed, _MOST_BYTES, _TOO_LARGE) if is_packed else packed as unpacked,
                tarfile.open(fileobj=unpacked, mode="r:") as tar,
            ):
                members = self._members(tar)
                return [(archive, _content(tar, members, name)) for name in names]
        except (*READ_ERRORS, OSError) as error:
            raise damaged(archive, error, self.config) from error

    def _members(self, tar: tarfile.TarFile) -> dict[str, tarfile.TarInfo]:
        """The files in an archive by name, in whatever folder they are; those of the official folder count first."""
        found: dict[str, tarfile.TarInfo] = {}
        for member in tar:
            folder, _, name = member.name.rpartition("/")
            if name not in found or folder == self.unpacked:
                found[name] = member
        return found

    def _read(self, path: Path) -> bytes:
        try:
            with open_regular(path, follow_links=True) as file:
                content = file.read(_MOST_BYTES + 1)
        except FileNotFoundError:
            raise missing(path, self.config) from None
        except OSError as error:
            raise unreadable(path, error) from error
        if len(content) > _MOST_BYTES:
            raise damaged(path, "it is larger than any file of CIFAR", self.config)
        return content

    def _batch(self, path: Path, content: bytes) -> tuple[torch.Tensor, torch.Tensor]:
        try:
            batch = read_batch(content)
            images, labels = batch[b"data"], batch[self.label_key]
        except NotABatch as error:
            raise damaged(path, error, self.config) from error
        except KeyError as error:
            raise damaged(path, f"it has no {error}", self.config) from error
        if not isinstance(images, np.ndarray) or images.shape[1] != _SIZE or len(images) > _MOST_IMAGES:
            shape = getattr(images, "shape", None)
            raise damaged(path, f"its images are of type {type(images).__name__} and shape {shape}", self.config)
        if not isinstance(labels, list) or len(labels) != len(images):
            raise damaged(path, "it has not one label for each image", self.config)
        if not all(type(label) is int and 0 <= label < self.classes for label in labels):
            raise damaged(path, f"its labels are not numbers from 0 to {self.classes - 1}", self.config)
        return torch.tensor(images.reshape(-1, 3, 32, 32)), torch.tensor(labels)


def _content(tar: tarfile.TarFile, members: Mapping[str, tarfile.TarInfo], name: str) -> bytes:
    if name not in members:
        raise ValueError(f"it has no {name}")
    member = members[name]
    if not member.isfile() or member.issparse() or member.size > _MOST_BYTES:
        raise ValueError(f"its {name} is a link, or is larger than those of CIFAR")
    file = tar.extractfile(member)
    assert file is not None  # only folders and the like have no content
    return file.read()


@component("cifar10")
class CIFAR10(CIFAR):
    """CIFAR-10: 60,000 images of 10 classes."""

    ident = folder_name = "cifar10"
    config = "d/cifar10"
    archive, unpacked = "cifar-10-python.tar.gz", "cifar-10-batches-py"
    train_batches, test_batch = tuple(f"data_batch_{i}" for i in range(1, 6)), "test_batch"
    label_key, classes = b"labels", 10


@component("cifar100")
class CIFAR100(CIFAR):
    """CIFAR-100: 60,000 images of 100 classes."""

    ident = folder_name = "cifar100"
    config = "d/cifar100"
    archive, unpacked = "cifar-100-python.tar.gz", "cifar-100-python"
    train_batches, test_batch = ("train",), "test"
    label_key, classes = b"fine_labels", 100
