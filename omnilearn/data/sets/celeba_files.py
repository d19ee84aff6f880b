"""The files of CelebA: images as encoded bytes, the official partition, and what is known about each image."""

import zipfile
import zlib
from abc import ABC, abstractmethod
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

import numpy as np
import torch
from torch import Tensor

from omnilearn.data.download.paths import check_regular, damaged, missing, unreadable
from omnilearn.data.storage.hdf5 import check_dataset, open_h5
from omnilearn.files import read_bytes

CONFIG = "d/celeba"
COUNT = 202_599
LabelType = Literal["attr", "landmark", "identity"]

FOLDER, ARCHIVE, PARTITION = "img_align_celeba", "img_align_celeba.zip", "list_eval_partition.txt"
EARLIER = ("celeba_train.h5", "celeba_test.h5")
# For each type of label: the official text file, the lines before its table, its columns; then the earlier dataset.
_LABELS: dict[LabelType, tuple[str, int, int, str]] = {
    "attr": ("list_attr_celeba.txt", 2, 40, "attrs"),
    "landmark": ("list_landmarks_align_celeba.txt", 2, 10, "landmarks"),
    "identity": ("identity_CelebA.txt", 0, 1, "identities"),
}


class CelebAFiles(ABC):
    """The images of CelebA in the order of their files.

    Attributes:
        files: the files that decide what the images are.
        train: rows of the official training images.
        test: rows of the official validation and test images, which were published as one test set.
    """

    files: tuple[Path, ...]
    train: Tensor
    test: Tensor

    def __len__(self) -> int:
        return len(self.train) + len(self.test)

    @abstractmethod
    def encoded(self, start: int) -> Iterator[tuple[Path, bytes]]:
        """Name and content of each image file from row `start` on."""

    @abstractmethod
    def labels(self, kind: LabelType) -> Tensor:
        """What is known about every image: attributes (N, 40) in {0, 1}, landmarks (N, 10) in pixels of the whole image
        (x, y of eyes, nose and corners of the mouth), or identities (N,); int64."""

    @abstractmethod
    def label_names(self, kind: LabelType) -> tuple[str, ...]:
        """The names of the columns of `labels`."""


def find_celeba(folder: Path) -> CelebAFiles:
    """The files in a folder: the official ones, or those that earlier releases made of them.

    Raises `UserError` where neither is complete.
    """
    earlier = tuple(folder / name for name in EARLIER)
    if not (folder / PARTITION).exists() and all(path.exists() for path in earlier):
        return EarlierFiles(*earlier)
    return OfficialFiles(folder)


class OfficialFiles(CelebAFiles):
    """The images as a folder or zip archive, with the text files beside it."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._images = folder / FOLDER if (folder / FOLDER).is_dir() else folder / ARCHIVE
        partition = folder / PARTITION
        for path in (partition, self._images):
            if not path.exists():
                raise missing(path, CONFIG)
        self._names = tuple(_first_words(partition, 0))
        if not 1 <= len(self._names) <= COUNT:
            raise damaged(partition, f"it lists {len(self._names):,} images, expected at most {COUNT:,}", CONFIG)
        part = torch.from_numpy(_numbers(partition, 0, 1)[:, 0])
        self.train, self.test = (part == 0).nonzero()[:, 0], (part != 0).nonzero()[:, 0]
        self.files = (partition, self._images) if self._images.is_file() else (partition,)

    def encoded(self, start: int) -> Iterator[tuple[Path, bytes]]:
        """Path and content of each image file from row `start` on."""
        paths = [self._images / Path(name).name for name in self._names[start:]]
        return self._from_archive(paths) if self._images.is_file() else self._from_folder(paths)

    def labels(self, kind: LabelType) -> Tensor:
        """What is known about every image."""
        name, header, columns, _ = _LABELS[kind]
        path = self._folder / name
        if tuple(_first_words(path, header)) != self._names:
            raise damaged(path, f"it does not list the images of {PARTITION} in the same order", CONFIG)
        table = torch.from_numpy(_numbers(path, header, columns))
        if kind == "attr":
            return (table > 0).long()
        return table[:, 0] if kind == "identity" else table

    def label_names(self, kind: LabelType) -> tuple[str, ...]:
        """The names of the columns of `labels`."""
        name, header, _, _ = _LABELS[kind]
        if not header:
            return ("identity",)
        lines = _lines(self._folder / name)
        next(lines)
        return tuple(next(lines, "").split())

    def _from_folder(self, paths: list[Path]) -> Iterator[tuple[Path, bytes]]:
        for path in paths:
            try:
                yield path, read_bytes(path, follow_links=True)
            except FileNotFoundError:
                raise missing(path, CONFIG) from None
            except OSError as error:
                raise unreadable(path, error) from error

    def _from_archive(self, paths: list[Path]) -> Iterator[tuple[Path, bytes]]:
        try:
            with zipfile.ZipFile(self._images) as archive:
                for path in paths:
                    yield path, archive.read(f"{FOLDER}/{path.name}")
        except OSError as error:
            raise unreadable(self._images, error) from error
        except (zipfile.BadZipFile, zlib.error, EOFError, KeyError, NotImplementedError, RuntimeError) as error:
            raise damaged(self._images, error, CONFIG) from error


class EarlierFiles(CelebAFiles):
    """The images as byte strings in one HDF5 file for training and one for testing."""

    def __init__(self, train: Path, test: Path) -> None:
        self.files = (train, test)
        self._counts = []
        for path in self.files:
            with open_h5(path, CONFIG) as file:
                images = check_dataset(file, "images", CONFIG, shape=(None,), dtype=np.bytes_, at_most=COUNT)
                self._counts.append(len(images))
        rows = torch.arange(sum(self._counts))
        self.train, self.test = rows[: self._counts[0]], rows[self._counts[0] :]

    def encoded(self, start: int) -> Iterator[tuple[Path, bytes]]:
        """Position in its file and content of each image from row `start` on."""
        for path, count in zip(self.files, self._counts, strict=True):
            with open_h5(path, CONFIG) as file:
                for row in range(min(start, count), count):
                    yield path / str(row), bytes(file["images"][row])
            start = max(0, start - count)

    def labels(self, kind: LabelType) -> Tensor:
        """What is known about every image."""
        _, _, columns, key = _LABELS[kind]
        tables = []
        for path, count in zip(self.files, self._counts, strict=True):
            with open_h5(path, CONFIG) as file:
                shape = (count,) if kind == "identity" else (count, columns)
                table = check_dataset(file, key, CONFIG, shape=shape, dtype=np.integer, at_most=COUNT)
                tables.append(torch.from_numpy(table[:].astype(np.int64)))
        return torch.cat(tables)

    def label_names(self, kind: LabelType) -> tuple[str, ...]:
        """The names of the columns of `labels`."""
        if kind == "identity":
            return ("identity",)
        with open_h5(self.files[0], CONFIG) as file:
            names = file.attrs["attr_names" if kind == "attr" else "landmark_names"]
            return tuple(name.decode() if isinstance(name, bytes) else str(name) for name in names)


def _lines(path: Path) -> Iterator[str]:
    check_regular(path)
    try:
        with path.open(encoding="ascii") as file:
            yield from file
    except FileNotFoundError:
        raise missing(path, CONFIG) from None
    except OSError as error:
        raise unreadable(path, error) from error
    except UnicodeDecodeError as error:
        raise damaged(path, error, CONFIG) from error


def _first_words(path: Path, header: int) -> Iterator[str]:
    for number, line in enumerate(_lines(path)):
        if number >= header and line.strip():
            yield line.split(maxsplit=1)[0]


def _numbers(path: Path, header: int, columns: int) -> np.ndarray:
    """The whole numbers (N, columns) that follow the image name on each line, as int64."""
    try:
        return np.loadtxt(path, np.int64, skiprows=header, usecols=range(1, columns + 1), ndmin=2)
    except OSError as error:
        raise unreadable(path, error) from error
    except (ValueError, IndexError) as error:
        raise damaged(path, error, CONFIG) from error
