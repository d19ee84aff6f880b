"""3D-Shapes (Burgess & Kim, 2018): the official file, as published or with the split that earlier releases added."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch

from omnilearn.config.registry import component
from omnilearn.data.download.paths import damaged
from omnilearn.data.sets.file_dataset import FileDataset, ImageSet
from omnilearn.data.shapes.grid import GRID
from omnilearn.data.splits import train_and_test
from omnilearn.data.storage.arrays import Keep, PixelArray, map_npy
from omnilearn.data.storage.conversion import ImageStream, convert, finished
from omnilearn.data.storage.hdf5 import check_dataset, open_h5, read_slab, slab_length

if TYPE_CHECKING:
    import h5py

CONFIG = "d/3ds"


@component("3dshapes")
class Shapes3D(FileDataset):
    """3D-Shapes: 480,000 images of 3 x 64 x 64 from six factors.

    The first use converts `3dshapes/3dshapes.h5` to an array of 5.9 GB beside it, after which the file is no longer
    needed; the file itself is never changed. It may hold the first images only.
    """

    ident = folder_name = "3dshapes"
    config = CONFIG
    file, array = "3dshapes.h5", "3dshapes_images.npy"

    def read(self, folder: Path, keep: Keep) -> ImageSet:
        """Convert the file, if it is there, and map the array."""
        array = self._array_alone(folder) or convert(_stream(folder / self.file), *self.arrays(self.array))
        source = PixelArray(map_npy(array), keep, mapped=True)
        return ImageSet(source, *train_and_test(source.shape[0]), grid=GRID)

    def is_complete(self, folder: Path) -> bool:
        """Whether there is an array, and no file that it could be older than."""
        return self._array_alone(folder) is not None

    def _array_alone(self, folder: Path) -> Path | None:
        """The array, where there is no file that it could be older than."""
        return None if (folder / self.file).exists() else finished(self.arrays(self.array))


def _stream(path: Path) -> ImageStream:
    with open_h5(path, CONFIG) as file:
        images = _images(file)
        _labels(file, len(images))
        shape, step = (len(images), 3, 64, 64), slab_length(images)

    def slabs(start: int) -> Iterator[np.ndarray]:
        with open_h5(path, CONFIG) as file:
            images = _images(file)
            _check_order(path, _labels(file, len(images))[:])
            for first in range(start, len(images), step):
                yield read_slab(images, first, min(first + step, len(images)))

    return ImageStream((path,), shape, step, slabs)


def _images(file: "h5py.File") -> "h5py.Dataset":
    return check_dataset(file, "images", CONFIG, shape=(None, 64, 64, 3), dtype=np.uint8, at_most=len(GRID))


def _labels(file: "h5py.File", count: int) -> "h5py.Dataset":
    return check_dataset(file, "labels", CONFIG, shape=(count, 6), dtype=np.floating, at_most=len(GRID))


def _check_order(path: Path, labels: np.ndarray) -> None:
    """Refuse images in another order than the published one, for which the factors would be wrong."""
    classes = GRID.classes(torch.arange(len(labels))).numpy()
    for k, name in enumerate(GRID.names):
        values, of_image = np.unique(labels[:, k], return_inverse=True)
        class_of_value = np.zeros(len(values), np.int64)
        class_of_value[of_image] = classes[:, k]
        if len(values) != len(np.unique(classes[:, k])) or not np.array_equal(class_of_value[of_image], classes[:, k]):
            raise damaged(path, f"the labels of {name} are not in the published order", CONFIG)
