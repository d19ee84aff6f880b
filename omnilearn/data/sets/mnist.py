"""MNIST and its relatives with the same file format: Fashion-MNIST, KMNIST and EMNIST."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, Literal

import torch

from omnilearn.config.registry import component
from omnilearn.data.download.files import get_files
from omnilearn.data.download.paths import damaged, data_root, missing
from omnilearn.data.images import ImageDataset
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


class MNIST(ImageDataset):
    """Grey images of 1 x 28 x 28 with class labels, resized to 32 x 32 as published; kept in memory.

    The files lie as torchvision lays them out below the folder `{ident}/`, compressed or not, and are never changed.

    Args:
        dataroot: folder of all data; by default OMNILEARN_DATA_DIR, else ./local_data.
        download: get the files where they are missing.
        sources: a table of addresses that goes before the packaged one.
        keep: where to keep the images, see `PixelArray`.
        resize: to 32 x 32, bilinearly; else 28 x 28.

    Raises:
        UserError: where a file is missing or not what it should be.
    """

    ident: ClassVar[str]  # the name of the dataset, its folder and its config
    torchvision: ClassVar[str]  # the name of torchvision's class, and of the folder inside

    def __init__(
        self,
        dataroot: Path | None = None,
        *,
        download: bool = False,
        sources: Path | None = None,
        keep: Keep = "auto",
        resize: bool = True,
    ) -> None:
        if download and not self._is_there(dataroot):
            self.download_files(dataroot, sources)
        config = f"d/{self.ident}"
        images, targets = [], []
        for part in self._parts():
            image_file = self._find(dataroot, f"{part}-images-idx3-ubyte")
            label_file = self._find(dataroot, f"{part}-labels-idx1-ubyte")
            images.append(torch.tensor(read_idx(image_file.path, 3, config, member=image_file.member)))
            targets.append(torch.tensor(read_idx(label_file.path, 1, config, member=label_file.member)).long())
            if len(images[-1]) != len(targets[-1]):
                raise damaged(label_file.path, "it has not one label for each image", config)
            if images[-1].shape[1:] != (28, 28):
                raise damaged(image_file.path, f"its images have the shape {tuple(images[-1].shape[1:])}", config)
        rows = torch.arange(sum(map(len, images)))
        super().__init__(
            PixelArray(torch.cat(images).unsqueeze(1), keep),
            rows[: len(images[0])],
            rows[len(images[0]) :],
            targets=torch.cat(targets),
            side=SIDE if resize else None,
            folder=data_root(dataroot) / self.ident,
            prefix=self._selection() if resize else f"{self._selection()}28_",
        )

    @classmethod
    def download_files(cls, dataroot: Path | None = None, sources: Path | None = None) -> list[Path]:
        """Get the files where they are missing; returns where they are."""
        return get_files(cls.ident, dataroot, sources)

    def _parts(self) -> tuple[str, str]:
        return "train", "t10k"

    def _selection(self) -> str:
        """What tells files about these images from those about others in the same folder."""
        return ""

    def _find(self, dataroot: Path | None, name: str) -> IdxFile:
        places = list(self._places(dataroot, name))
        for place in places:
            if place.path.exists():
                return place
        raise missing(places[0].path, f"d/{self.ident}")

    def _places(self, dataroot: Path | None, name: str) -> Iterator[IdxFile]:
        """Where the file `name` may be, the best first."""
        raw = data_root(dataroot) / self.ident / self.torchvision / "raw"
        yield IdxFile(raw / f"{name}.gz")
        yield IdxFile(raw / name)

    def _is_there(self, dataroot: Path | None) -> bool:
        names = [f"{part}-{kind}-ubyte" for part in self._parts() for kind in ("images-idx3", "labels-idx1")]
        return all(any(place.path.exists() for place in self._places(dataroot, name)) for name in names)


@component("mnist")
class Digits(MNIST):
    """MNIST (LeCun et al., 1998): 70,000 handwritten digits."""

    ident, torchvision = "mnist", "MNIST"


@component("kmnist")
class KMNIST(MNIST):
    """KMNIST (Clanuwat et al., 2018): 70,000 handwritten characters of 10 Japanese syllables."""

    ident, torchvision = "kmnist", "KMNIST"


@component("fmnist")
class FashionMNIST(MNIST):
    """Fashion-MNIST (Xiao et al., 2017): 70,000 articles of clothing; Debian's package of it will do too."""

    ident, torchvision = "fmnist", "FashionMNIST"

    def _places(self, dataroot: Path | None, name: str) -> Iterator[IdxFile]:
        yield from super()._places(dataroot, name)
        yield IdxFile(DEBIAN / f"{name}.gz")


@component("emnist")
class EMNIST(MNIST):
    """EMNIST (Cohen et al., 2017): handwritten letters and digits, rows and columns swapped as in the official files.

    Args:
        emnist_split: which selection of the images; classes of `letters` count from 1.
        dataroot, download, sources, keep, resize: as in `MNIST`.
    """

    ident, torchvision = "emnist", "EMNIST"

    def __init__(
        self,
        emnist_split: Literal["byclass", "bymerge", "balanced", "letters", "digits", "mnist"] = "letters",
        dataroot: Path | None = None,
        *,
        download: bool = False,
        sources: Path | None = None,
        keep: Keep = "auto",
        resize: bool = True,
    ) -> None:
        self.emnist_split = emnist_split
        super().__init__(dataroot, download=download, sources=sources, keep=keep, resize=resize)

    def _parts(self) -> tuple[str, str]:
        return f"emnist-{self.emnist_split}-train", f"emnist-{self.emnist_split}-test"

    def _selection(self) -> str:
        return f"{self.emnist_split}_"

    def _places(self, dataroot: Path | None, name: str) -> Iterator[IdxFile]:
        yield from super()._places(dataroot, name)
        raw = data_root(dataroot) / self.ident / self.torchvision / "raw"
        yield IdxFile(raw / "gzip.zip", f"gzip/{name}.gz")
