"""3D Cars (Reed et al., 2015): rendered cars, from the official archive."""

from pathlib import Path
from typing import Literal

from omnilearn.config.registry import component
from omnilearn.data.download.paths import damaged
from omnilearn.data.factors import FactorGrid
from omnilearn.data.sets.cars3d_archive import CARS, CONFIG, VIEWS, car_names, fill_with_cars
from omnilearn.data.sets.file_dataset import FileDataset, ImageSet
from omnilearn.data.sets.resized_images import ResizedArray, in_order
from omnilearn.data.splits import train_and_test
from omnilearn.data.storage.arrays import Keep, PixelArray, map_npy
from omnilearn.data.storage.conversion import convert


@component("cars3d")
class Cars3D(FileDataset):
    """3D Cars: 17,568 images of 3 x 64 x 64 from three factors, resized from 128 x 128.

    The factors are 4 elevations, 24 azimuths and 183 cars, in the order of the archive's own list. The set was
    published without a test set; the rule of 3D-Shapes makes one. The first use converts the official archive, without
    unpacking it to the disk, to an array beside it (216 MB at 64 x 64, in as much memory), after which the archive is
    no longer needed; it is never changed. It may hold fewer cars.

    Args:
        image_size: side of the images; 128 leaves them as they are.
        dataroot, download, sources, keep, cacheroot: as in `FileDataset`.
    """

    ident = folder_name = "cars3d"
    config = CONFIG
    archive = "nips2015-analogy-data.tar.gz"

    def __init__(
        self,
        dataroot: Path | None = None,
        *,
        image_size: Literal[32, 64, 128] = 64,
        download: bool = False,
        sources: Path | None = None,
        keep: Keep = "auto",
        cacheroot: Path | None = None,
    ) -> None:
        self._resized = ResizedArray(self.ident, image_size)
        self.command_keys = self._resized.command_keys
        super().__init__(dataroot, download=download, sources=sources, keep=keep, cacheroot=cacheroot)

    def read(self, folder: Path, keep: Keep) -> ImageSet:
        """Convert the archive, if it is there, and map the array."""
        side = self._resized.side
        array = self._array_alone(folder)
        if array is None:
            path = folder / self.archive
            names = car_names(path)
            shape = (VIEWS * len(names), 3, side, side)
            stream = in_order((path,), shape, lambda images: fill_with_cars(images, path, names))
            array = convert(stream, *self.arrays(self._resized.name))
        source = PixelArray(map_npy(array), keep, mapped=True)
        count = source.shape[0]
        if count % VIEWS:
            raise damaged(array, f"it holds {count:,} images, which is no multiple of {VIEWS}", CONFIG)
        grid = grid_of(count // VIEWS)
        return ImageSet(source, *train_and_test(count), grid=grid, prefix=self._resized.prefix)

    def is_complete(self, folder: Path) -> bool:
        """Whether there is an array, and no archive that it could be older than."""
        return self._array_alone(folder) is not None

    def _array_alone(self, folder: Path) -> Path | None:
        return self._resized.alone(self.arrays(self._resized.name), (folder / self.archive,))


def grid_of(cars: int = CARS) -> FactorGrid:
    """The factors of that many cars, in the order of the published comparisons (Locatello et al., 2019)."""
    return FactorGrid(
        names=("elevation", "azimuth", "object_type"),
        values=(tuple(range(4)), tuple(range(0, 360, 15)), tuple(range(cars))),
    )
