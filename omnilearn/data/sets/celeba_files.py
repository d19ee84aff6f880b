"""The files of CelebA: images as encoded bytes, the official partition, and what is known about each image."""

import zipfile
from abc import ABC, abstractmethod
from collections.abc import Iterator
from pathlib import Path
from typing import Literal, NoReturn

import numpy as np
import torch
from torch import Tensor

from omnilearn.data.download.paths import damaged, missing, unreadable
from omnilearn.data.sets.celeba_tables import CONFIG, find_table, places
from omnilearn.data.storage.hdf5 import check_dataset, open_h5
from omnilearn.data.storage.made_up import READ_ERRORS
from omnilearn.errors import size_in_words
from omnilearn.files import read_bytes

COUNT = 202_599
_MOST_BYTES = 2**24  # of an image; the official ones have 10 kB
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
    if not has_partition(folder) and all(path.exists() for path in earlier):
        return EarlierFiles(*earlier)
    return OfficialFiles(folder)


def has_partition(folder: Path) -> bool:
    """Whether the table of the official parts is there, in any of its forms."""
    names = (PARTITION, str(Path(PARTITION).with_suffix(".csv")))
    return any(place.exists() for name in names for place in places(folder, name))


class OfficialFiles(CelebAFiles):
    """The images as a folder or zip archive, with the tables beside it.

    Copies that others have packed anew are read too: tables as .csv, the folder inside another of its name, an archive
    without it.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        partition = find_table(folder, PARTITION, 0)
        self._images = _find_images(folder)
        self._names = tuple(partition.image_names())
        if not 1 <= len(self._names) <= COUNT:
            raise damaged(partition.path, f"it lists {len(self._names):,} images, expected at most {COUNT:,}", CONFIG)
        part = torch.from_numpy(partition.numbers(1)[:, 0])
        self.train, self.test = (part == 0).nonzero()[:, 0], (part != 0).nonzero()[:, 0]
        self.files = (partition.path, self._images) if self._images.is_file() else (partition.path,)

    def encoded(self, start: int) -> Iterator[tuple[Path, bytes]]:
        """Path and content of each image file from row `start` on."""
        paths = [self._images / Path(name).name for name in self._names[start:]]
        return self._from_archive(paths) if self._images.is_file() else self._from_folder(paths)

    def labels(self, kind: LabelType) -> Tensor:
        """What is known about every image."""
        name, header, columns, _ = _LABELS[kind]
        found = find_table(self._folder, name, header)
        if tuple(found.image_names()) != self._names:
            raise damaged(found.path, f"it does not list the images of {PARTITION} in the same order", CONFIG)
        table = torch.from_numpy(found.numbers(columns))
        if kind == "attr":
            return (table > 0).long()
        return table[:, 0] if kind == "identity" else table

    def label_names(self, kind: LabelType) -> tuple[str, ...]:
        """The names of the columns of `labels`."""
        name, header, _, _ = _LABELS[kind]
        return find_table(self._folder, name, header).column_names() if header else ("identity",)

    def _from_folder(self, paths: list[Path]) -> Iterator[tuple[Path, bytes]]:
        for path in paths:
            try:
                yield path, read_bytes(path, follow_links=True, at_most=_MOST_BYTES)
            except FileNotFoundError:
                raise missing(path, CONFIG) from None
            except OSError as error:
                raise unreadable(path, error) from error

    def _from_archive(self, paths: list[Path]) -> Iterator[tuple[Path, bytes]]:
        try:
            with zipfile.ZipFile(self._images) as archive:
                members = _members(archive)
                for path in paths:
                    member = archive.getinfo(members.get(path.name, f"{FOLDER}/{path.name}"))
                    if member.file_size > _MOST_BYTES:
                        raise ValueError(f"{member.filename} has {size_in_words(member.file_size)}")
                    yield path, archive.read(member)
        except OSError as error:
            raise unreadable(self._images, error) from error
        except READ_ERRORS as error:
            raise damaged(self._images, error, CONFIG) from error


def _find_images(folder: Path) -> Path:
    """The folder of the images, else the archive; `UserError` where there is neither."""
    for place in places(folder, FOLDER):
        if place.is_dir():
            inner = place / FOLDER
            return inner if inner.is_dir() else place
    return next((place for place in places(folder, ARCHIVE) if place.exists()), None) or _no_images(folder)


def _no_images(folder: Path) -> NoReturn:
    raise missing(folder / ARCHIVE, CONFIG)


def _members(archive: zipfile.ZipFile) -> dict[str, str]:
    """The images in an archive by their names, in whatever folder they are; the official place counts first."""
    found: dict[str, str] = {}
    for member in archive.namelist():
        *folders, name = member.split("/")
        if name.endswith(".jpg") and "__MACOSX" not in folders and (name not in found or folders == [FOLDER]):
            found[name] = member
    return found


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
