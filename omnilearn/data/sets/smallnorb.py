"""SmallNORB (LeCun et al., 2004): photographs of toys, from the official files."""

from functools import partial
from pathlib import Path
from typing import ClassVar, Literal

import numpy as np
import torch

from omnilearn.config.registry import component
from omnilearn.data.download.files import get_files
from omnilearn.data.download.paths import damaged, data_root
from omnilearn.data.factors import FactorGrid
from omnilearn.data.sets.file_dataset import FileDataset, ImageSet
from omnilearn.data.sets.resized_images import ResizedArray, in_order, resized
from omnilearn.data.splits import train_and_test
from omnilearn.data.storage.arrays import Keep, PixelArray, map_npy
from omnilearn.data.storage.binary_matrix import open_matrix, read_matrix
from omnilearn.data.storage.conversion import convert

CONFIG = "d/smallnorb"
SIDE = 96
_PARTS = ("smallnorb-5x46789x9x18x6x2x96x96-training", "smallnorb-5x01235x9x18x6x2x96x96-testing")
_KINDS = ("dat", "cat", "info")
_STEP = 512  # pairs of images read at a time: 9 MB
_BYTES, _INTEGERS = np.dtype(np.uint8), np.dtype("<i4")


@component("smallnorb")
class SmallNORB(FileDataset):
    """SmallNORB: 48,600 grey images of 1 x 64 x 64 from five factors, resized from 96 x 96.

    Of each pair of cameras the first is taken, as in the published comparisons. The two official parts show different
    instances, five of each category; together they are a grid, which is cut by the rule of 3D-Shapes. The first use
    converts the official files, compressed or not, to an array beside them (199 MB at 64 x 64, in as much memory),
    after which they are no longer needed; they are never changed.

    Args:
        image_size: side of the images; 96 leaves them as they are.
        dataroot, download, sources, keep, cacheroot: as in `FileDataset`.
    """

    ident = folder_name = "smallnorb"
    config = CONFIG
    all_combinations: ClassVar[FactorGrid] = FactorGrid(
        names=("category", "instance", "elevation", "azimuth", "lighting"),
        values=(
            ("animal", "human", "airplane", "truck", "car"),
            tuple(range(10)),
            tuple(range(30, 75, 5)),  # degrees
            tuple(range(0, 360, 20)),
            tuple(range(6)),
        ),
    )

    def __init__(
        self,
        dataroot: Path | None = None,
        *,
        image_size: Literal[32, 64, 96] = 64,
        download: bool = False,
        sources: Path | None = None,
        keep: Keep = "auto",
        cacheroot: Path | None = None,
    ) -> None:
        self._resized = ResizedArray(self.ident, image_size)
        self.command_keys = self._resized.command_keys
        super().__init__(dataroot, download=download, sources=sources, keep=keep, cacheroot=cacheroot)

    def read(self, folder: Path, keep: Keep) -> ImageSet:
        """Convert the files, if they are there, and map the array."""
        grid, side = self.all_combinations, self._resized.side
        array = self._array_alone(folder)
        if array is None:
            files = _files(folder)
            positions = _positions(files, grid)
            fill = partial(_fill, files=files[:: len(_KINDS)], positions=positions)
            array = convert(in_order(files, (len(grid), 1, side, side), fill), *self.arrays(self._resized.name))
        source = PixelArray(map_npy(array), keep, mapped=True)
        return ImageSet(source, *train_and_test(len(grid)), grid=grid, prefix=self._resized.prefix)

    def is_complete(self, folder: Path) -> bool:
        """Whether there is an array, and no file that it could be older than."""
        return self._array_alone(folder) is not None

    @classmethod
    def download_files(cls, dataroot: Path | None = None, sources: Path | None = None) -> list[Path]:
        """Get the files where they are missing, compressed and unpacked; returns where they are."""
        folder = data_root(dataroot) / cls.folder_name
        files = _files(folder)
        unpacked = [f"{path.name}.gz" for path in files if path.suffix == ".mat"]
        get_files(cls.ident, dataroot, sources, needless=unpacked)
        return list(files)

    def _array_alone(self, folder: Path) -> Path | None:
        return self._resized.alone(self.arrays(self._resized.name), _files(folder))


def _files(folder: Path) -> tuple[Path, ...]:
    """All files of the set, part by part."""
    return tuple(_file(folder, part, kind) for part in _PARTS for kind in _KINDS)


def _file(folder: Path, part: str, kind: str) -> Path:
    """A file as it is: compressed, or unpacked where only that is there."""
    packed, unpacked = (folder / f"{part}-{kind}.mat{ending}" for ending in (".gz", ""))
    return unpacked if unpacked.exists() and not packed.exists() else packed


def _positions(files: tuple[Path, ...], grid: FactorGrid) -> np.ndarray:
    """Where (parts, N) on the grid the images of each part are; each place is taken once."""
    count = len(grid) // len(_PARTS)
    positions = np.stack([_positions_of_part(files[k + 1], files[k + 2], count, grid) for k in (0, len(_KINDS))])
    if not np.array_equal(np.sort(positions, axis=None), np.arange(len(grid))):
        raise damaged(files[2], "the images of both parts are not all combinations of the factors, each once", CONFIG)
    return positions


def _positions_of_part(category: Path, info: Path, count: int, grid: FactorGrid) -> np.ndarray:
    categories = read_matrix(category, CONFIG, shape=(count,), dtype=_INTEGERS)
    instance, elevation, azimuth, lighting = read_matrix(info, CONFIG, shape=(count, 4), dtype=_INTEGERS).T
    if (azimuth % 2).any():  # they are counted in steps of ten degrees
        raise damaged(info, "an azimuth is not even", CONFIG)
    classes = np.stack([categories, instance, elevation, azimuth // 2, lighting], axis=1)
    if (classes < 0).any() or (classes >= grid.sizes).any():
        raise damaged(info, f"a class is not among those of {', '.join(grid.names)}", CONFIG)
    return grid.indices(torch.from_numpy(classes.astype(np.int64))).numpy()


def _fill(images: np.ndarray, files: tuple[Path, ...], positions: np.ndarray) -> None:
    for path, of_part in zip(files, positions, strict=True):
        first = 0
        with open_matrix(path, CONFIG, shape=(len(of_part), 2, SIDE, SIDE), dtype=_BYTES) as matrix:
            for pairs in matrix.slabs(_STEP):
                images[of_part[first : first + len(pairs)]] = resized(pairs[:, 0, :, :, None], images.shape[-1])
                first += len(pairs)
