"""3D-Shapes (Burgess & Kim, 2018): the official file, as published or with the split that earlier releases added."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch

from omnilearn.config.registry import component
from omnilearn.data.download.files import get_files
from omnilearn.data.download.paths import damaged, data_root
from omnilearn.data.images import ImageDataset
from omnilearn.data.shapes.grid import GRID
from omnilearn.data.splits import train_and_test
from omnilearn.data.storage.arrays import Keep, PixelArray, map_npy
from omnilearn.data.storage.conversion import ImageStream, convert, is_finished
from omnilearn.data.storage.hdf5 import check_dataset, open_h5, read_slab, slab_length

if TYPE_CHECKING:
    import h5py

CONFIG = "d/3ds"


@component("3dshapes")
class Shapes3D(ImageDataset):
    """3D-Shapes: 480,000 images of 3 x 64 x 64 from six factors.

    The first use converts `3dshapes/3dshapes.h5` to an array of 5.9 GB beside it, after which the file is no longer
    needed; the file itself is never changed. It may hold the first images only.

    Args:
        dataroot: folder of all data; by default OMNILEARN_DATA_DIR, else ./local_data.
        download: get the file where it is missing.
        sources: a table of addresses that goes before the packaged one.
        keep: where to keep the images, see `PixelArray`.

    Raises:
        UserError: where the file is missing or not what it should be.
    """

    def __init__(
        self,
        dataroot: Path | None = None,
        *,
        download: bool = False,
        sources: Path | None = None,
        keep: Keep = "auto",
    ) -> None:
        path = data_root(dataroot) / "3dshapes" / "3dshapes.h5"
        array = path.with_name("3dshapes_images.npy")
        if path.exists() or not is_finished(array):
            if download:
                self.download_files(dataroot, sources)
            convert(_stream(path), array)
        source = PixelArray(map_npy(array), keep, mapped=True)
        super().__init__(source, *train_and_test(source.shape[0]), grid=GRID, folder=path.parent)

    @classmethod
    def download_files(cls, dataroot: Path | None = None, sources: Path | None = None) -> list[Path]:
        """Get the file where it is missing; returns where it is."""
        return get_files("3dshapes", dataroot, sources)


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
