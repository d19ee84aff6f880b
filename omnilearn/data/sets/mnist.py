"""MNIST and its relatives with the same file format: Fashion-MNIST, KMNIST and EMNIST."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, Literal

import torch

from omnilearn.config.registry import component
from omnilearn.data.download.paths import check_regular, damaged, missing
from omnilearn.data.sets.file_dataset import FileDataset, ImageSet
from omnilearn.data.storage.arrays import Keep, PixelArray
from omnilearn.data.storage.idx import read_idx

# Where Debian's package `dataset-fashion-mnist` puts the official files.
DEBIAN = Path("/usr/share/datasets/fashion-mnist")
SIDE = 32


@dataclass(frozen=True)
class IdxFile:
    """An IDX file that is there: `path`, or `member` of the zip archive `path`."""

    path: Path
    member: str | None = None


class MNIST(FileDataset):
    """Grey images of 1 x 28 x 28 with class labels, resized to 32 x 32 as published; kept in memory.

    The files lie as torchvision lays them out below the folder `{ident}/`, compressed or not, and are never changed.

    Args:
        dataroot, download, sources, keep: as in `FileDataset`.
        resize: to 32 x 32, bilinearly; else 28 x 28.
    """

    torchvision: ClassVar[str]  # the name of torchvision's class, and of the folder inside

    def __init__(
        self,
        dataroot: Path | None = None,
        *,
        download: bool = False,
        sources: Path | None = None,
        keep: Keep = "auto",
        cacheroot: Path | None = None,
        resize: bool = True,
    ) -> None:
        self.resize = resize
        self.command_keys = {**self.command_keys, "dataset.resize": None if resize else "no"}
        super().__init__(dataroot, download=download, sources=sources, keep=keep, cacheroot=cacheroot)

    def read(self, folder: Path, keep: Keep) -> ImageSet:
        """Read images and labels of both sets."""
        images, targets = [], []
        for part in self._parts():
            image_file = self._find(folder, f"{part}-images-idx3-ubyte")
            label_file = self._find(folder, f"{part}-labels-idx1-ubyte")
            images.append(torch.tensor(read_idx(image_file.path, 3, self.config, member=image_file.member)))
            targets.append(torch.tensor(read_idx(label_file.path, 1, self.config, member=label_file.member)).long())
            if len(images[-1]) != len(targets[-1]):
                raise damaged(label_file.path, "it has not one label for each image", self.config)
            if images[-1].shape[1:] != (28, 28):
                raise damaged(image_file.path, f"its images have the shape {tuple(images[-1].shape[1:])}", self.config)
        rows = torch.arange(sum(map(len, images)))
        return ImageSet(
            PixelArray(torch.cat(images).unsqueeze(1), keep),
            rows[: len(images[0])],
            rows[len(images[0]) :],
            targets=torch.cat(targets),
            side=SIDE if self.resize else None,
            prefix=self._selection() if self.resize else f"{self._selection()}28_",
        )

    def is_complete(self, folder: Path) -> bool:
        """Whether every file is there in one of its forms."""
        names = [f"{part}-{kind}-ubyte" for part in self._parts() for kind in ("images-idx3", "labels-idx1")]
        return all(any(place.path.is_file() for place in self._places(folder, name)) for name in names)

    def _parts(self) -> tuple[str, str]:
        return "train", "t10k"

    def _selection(self) -> str:
        """What tells files about these images from those about others in the same folder."""
        return ""

    def _find(self, folder: Path, name: str) -> IdxFile:
        places = list(self._places(folder, name))
        for place in places:
            if place.path.exists() and not place.path.is_dir():
                return place
        for place in places:  # a folder in the place of a file, without the file in it
            check_regular(place.path)
        raise missing(places[0].path, self.config)

    def _places(self, folder: Path, name: str) -> Iterator[IdxFile]:
        """Where the file `name` may be, the best first: torchvision's place, then those of copies packed by others."""
        raw = folder / self.torchvision / "raw"
        dotted = name.replace("-idx", ".idx")
        for place in (raw, folder / self.torchvision, folder):
            for called in (f"{name}.gz", name, f"{dotted}.gz", dotted):
                yield IdxFile(place / called)
                yield IdxFile(place / called / called)  # unpacked into a folder of its own


@component("mnist")
class Digits(MNIST):
    """MNIST (LeCun et al., 1998): 70,000 handwritten digits."""

    ident = folder_name = "mnist"
    config = "d/mnist"
    torchvision = "MNIST"


@component("kmnist")
class KMNIST(MNIST):
    """KMNIST (Clanuwat et al., 2018): 70,000 handwritten characters of 10 Japanese syllables."""

    ident = folder_name = "kmnist"
    config = "d/kmnist"
    torchvision = "KMNIST"


@component("fmnist")
class FashionMNIST(MNIST):
    """Fashion-MNIST (Xiao et al., 2017): 70,000 articles of clothing; Debian's package of it will do too."""

    ident = folder_name = "fmnist"
    config = "d/fmnist"
    torchvision = "FashionMNIST"

    def _places(self, folder: Path, name: str) -> Iterator[IdxFile]:
        yield from super()._places(folder, name)
        yield IdxFile(DEBIAN / f"{name}.gz")


@component("emnist")
class EMNIST(MNIST):
    """EMNIST (Cohen et al., 2017): handwritten letters and digits, rows and columns swapped as in the official files.

    Args:
        emnist_split: which selection of the images; classes of `letters` count from 1.
        dataroot, download, sources, keep, resize: as in `MNIST`.
    """

    ident = folder_name = "emnist"
    config = "d/emnist"
    torchvision = "EMNIST"

    def __init__(
        self,
        emnist_split: Literal["byclass", "bymerge", "balanced", "letters", "digits", "mnist"] = "letters",
        dataroot: Path | None = None,
        *,
        download: bool = False,
        sources: Path | None = None,
        keep: Keep = "auto",
        cacheroot: Path | None = None,
        resize: bool = True,
    ) -> None:
        self.emnist_split = emnist_split
        self.command_keys = {"dataset.emnist-split": None if emnist_split == "letters" else emnist_split}
        super().__init__(dataroot, download=download, sources=sources, keep=keep, cacheroot=cacheroot, resize=resize)

    def _parts(self) -> tuple[str, str]:
        return f"emnist-{self.emnist_split}-train", f"emnist-{self.emnist_split}-test"

    def _selection(self) -> str:
        return f"{self.emnist_split}_"

    def _places(self, folder: Path, name: str) -> Iterator[IdxFile]:
        yield from super()._places(folder, name)
        raw = folder / self.torchvision / "raw"
        yield IdxFile(raw / "gzip.zip", f"gzip/{name}.gz")
