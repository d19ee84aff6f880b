"""MPI3D (Gondal et al., 2019): the official archives, and the files that earlier releases made of them."""

from collections.abc import Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import numpy as np

from omnilearn.config.registry import component
from omnilearn.data.download.files import get_files
from omnilearn.data.download.paths import damaged, data_root
from omnilearn.data.factors import FactorGrid
from omnilearn.data.sets.file_dataset import FileDataset, ImageSet
from omnilearn.data.splits import train_and_test
from omnilearn.data.storage.arrays import Keep, PixelArray, map_npy
from omnilearn.data.storage.conversion import ImageStream, convert, finished
from omnilearn.data.storage.hdf5 import check_dataset, open_h5, slab_length
from omnilearn.data.storage.npz import NpzMember, open_npz

if TYPE_CHECKING:
    import h5py

Category = Literal["toy", "realistic", "sim", "real", "complex"]

_STEP = 4096  # images read at a time: 50 MB
_NAMES = (
    "object_color",
    "object_shape",
    "object_size",
    "camera_height",
    "background_color",
    "horizontal_axis",
    "vertical_axis",
)
_COLORS = ("white", "green", "red", "blue", "brown", "olive")
_SHAPES = ("cone", "cube", "cylinder", "hexagonal", "pyramid", "sphere")
_COMPLEX_COLORS = ("yellow", "green", "olive", "red")
_COMPLEX_SHAPES = ("coffee-cup", "tennis-ball", "croissant", "beer-cup")
_OTHERS = (
    ("small", "large"),
    ("top", "center", "bottom"),
    ("purple", "sea green", "salmon"),
    tuple(range(40)),
    tuple(range(40)),
)


def grid_of(category: Category) -> FactorGrid:
    """The factors of a category: 1,036,800 combinations, of `complex` 460,800."""
    if category == "complex":
        return FactorGrid(_NAMES, (_COMPLEX_COLORS, _COMPLEX_SHAPES, *_OTHERS))
    return FactorGrid(_NAMES, (_COLORS, _SHAPES, *_OTHERS))


@component("mpi3d")
class MPI3D(FileDataset):
    """MPI3D: images of 3 x 64 x 64 from seven factors, in four categories.

    The first use converts `mpi3d/mpi3d_{category}.npz` (official) or `.h5` (earlier releases) to an array of 12.7 GB
    beside it, after which the file is no longer needed; the file itself is never changed. An archive may hold the first
    images only.

    Args:
        category: rendered simply (toy), rendered realistically (realistic, sim), photographed (real), or photographed
            with objects of daily life (complex).
        dataroot, download, sources, keep, cacheroot: as in `FileDataset`.
    """

    folder_name = "mpi3d"

    def __init__(
        self,
        category: Category = "toy",
        dataroot: Path | None = None,
        *,
        download: bool = False,
        sources: Path | None = None,
        keep: Keep = "auto",
        cacheroot: Path | None = None,
    ) -> None:
        self.config = f"d/mpi --cat {category}"
        self.category = _published(category)
        super().__init__(dataroot, download=download, sources=sources, keep=keep, cacheroot=cacheroot)

    def read(self, folder: Path, keep: Keep) -> ImageSet:
        """Convert the file, if it is there, and map the array."""
        grid, (npz, h5), array = grid_of(self.category), _files(folder, self.category), self._array_alone(folder)
        if array is None:
            stream = _h5_stream(h5, grid, self.config) if h5.exists() else _npz_stream(npz, grid, self.config)
            array = convert(stream, *self.arrays(self._array))
        source = PixelArray(map_npy(array), keep, mapped=True)
        return ImageSet(source, *train_and_test(source.shape[0]), grid=grid, prefix=f"{self.category}_")

    def is_complete(self, folder: Path) -> bool:
        """Whether there is an array, and no file that it could be older than."""
        return self._array_alone(folder) is not None

    def get_files(self, dataroot: Path | None, sources: Path | None) -> list[Path]:
        """Get the file of the category where it is missing; returns where it is."""
        return self.download_files(dataroot, sources, self.category)

    @classmethod
    def download_files(
        cls, dataroot: Path | None = None, sources: Path | None = None, category: Category = "toy"
    ) -> list[Path]:
        """Get the file of a category where it is missing; returns where it is."""
        _, h5 = _files(data_root(dataroot) / cls.folder_name, _published(category))
        return [h5] if h5.exists() else get_files(f"mpi3d/{_published(category)}", dataroot, sources)

    @property
    def _array(self) -> str:
        return f"mpi3d_{self.category}_images.npy"

    def _array_alone(self, folder: Path) -> Path | None:
        """The array, where there is no file that it could be older than."""
        return (
            None if any(path.exists() for path in _files(folder, self.category)) else finished(self.arrays(self._array))
        )


def _published(category: Category) -> Category:
    return "realistic" if category == "sim" else category


def _files(folder: Path, category: Category) -> tuple[Path, Path]:
    """The official archive of a category, and the file of earlier releases."""
    stem = folder / f"mpi3d_{category}"
    return stem.with_suffix(".npz"), stem.with_suffix(".h5")


def _npz_stream(path: Path, grid: FactorGrid, config: str) -> ImageStream:
    def opened() -> AbstractContextManager[NpzMember]:
        return open_npz(path, "images", config, shape=(None, 64, 64, 3), at_most=len(grid))

    with opened() as images:
        count = images.shape[0]

    def slabs(start: int) -> Iterator[np.ndarray]:
        with opened() as images:
            for slab in images.slabs(_STEP, start):
                yield slab.transpose(0, 3, 1, 2)

    return ImageStream((path,), (count, 3, 64, 64), _STEP, slabs)


def _h5_stream(path: Path, grid: FactorGrid, config: str) -> ImageStream:
    """The images of both sets of the earlier layout, in the order of the official archive."""
    with open_h5(path, config) as file:
        train, test = (_Half(file, part, config, len(grid)) for part in ("train", "test"))
        count = len(train.positions) + len(test.positions)
        positions = np.sort(np.concatenate([train.positions, test.positions]))
        if not np.array_equal(positions, np.arange(count)):
            raise damaged(path, "train_idx and test_idx are not all images, each once", config)
        step = min(slab_length(train.images), _STEP)

    def slabs(start: int) -> Iterator[np.ndarray]:
        with open_h5(path, config) as file:
            halves = [_Half(file, part, config, len(grid)) for part in ("train", "test")]
            for first in range(start, count, step):
                slab = np.empty((min(step, count - first), 64, 64, 3), np.uint8)
                for half in halves:
                    half.fill(slab, first)
                yield slab.transpose(0, 3, 1, 2)

    return ImageStream((path,), (count, 3, 64, 64), step, slabs)


class _Half:
    """The training or the test images of the earlier layout, and their ascending positions in the official order."""

    def __init__(self, file: "h5py.File", part: str, config: str, at_most: int) -> None:
        self.images: h5py.Dataset = check_dataset(
            file, f"{part}_images", config, shape=(None, 64, 64, 3), dtype=np.uint8, at_most=at_most
        )
        count = len(self.images)
        self.positions = check_dataset(file, f"{part}_idx", config, shape=(count,), dtype=np.integer, at_most=at_most)[
            :
        ]
        if np.any(np.diff(self.positions) <= 0):
            raise damaged(Path(file.filename), f"{part}_idx is not in ascending order", config)

    def fill(self, slab: np.ndarray, first: int) -> None:
        """Put those images into a slab that starts at position `first` and belong there."""
        start, stop = np.searchsorted(self.positions, [first, first + len(slab)])
        if start < stop:
            slab[self.positions[start:stop] - first] = self.images[start:stop]
