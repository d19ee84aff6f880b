"""dSprites (Matthey et al., 2017): the official archive."""

from collections.abc import Iterator
from contextlib import AbstractContextManager
from pathlib import Path

import numpy as np

from omnilearn.config.registry import component
from omnilearn.data.download.paths import damaged
from omnilearn.data.factors import FactorGrid
from omnilearn.data.sets.file_dataset import FileDataset, ImageSet
from omnilearn.data.splits import train_and_test
from omnilearn.data.storage.arrays import Keep, PixelArray, map_npy
from omnilearn.data.storage.conversion import ImageStream, convert, finished
from omnilearn.data.storage.npz import NpzMember, open_npz

CONFIG = "d/dsprites"
GRID = FactorGrid(
    names=("color", "shape", "scale", "orientation", "position_x", "position_y"),
    values=(
        ("white",),
        ("square", "ellipse", "heart"),
        tuple(np.linspace(0.5, 1, 6).tolist()),
        tuple(np.linspace(0, 2 * np.pi, 40).tolist()),
        tuple(np.linspace(0, 1, 32).tolist()),
        tuple(np.linspace(0, 1, 32).tolist()),
    ),
)
_STEP = 16_384  # images read at a time: 67 MB


@component("dsprites")
class DSprites(FileDataset):
    """dSprites: 737,280 black and white images of 1 x 64 x 64 from six factors, of which the first has one value.

    The set was published without a test set; the rule of 3D-Shapes makes one. The first use converts the archive to an
    array of 3 GB beside it, after which the file is no longer needed; the file itself is never changed. Its pickled
    entry, which could run code, is never read.
    """

    ident = folder_name = "dsprites"
    config = CONFIG
    file, array = "dsprites_ndarray_co1sh3sc6or40x32y32_64x64.npz", "dsprites_images.npy"

    def read(self, folder: Path, keep: Keep) -> ImageSet:
        """Convert the archive, if it is there, and map the array."""
        array = self._array_alone(folder) or convert(_stream(folder / self.file), *self.arrays(self.array))
        source = PixelArray(map_npy(array), keep, mapped=True)
        return ImageSet(source, *train_and_test(source.shape[0]), grid=GRID)

    def is_complete(self, folder: Path) -> bool:
        """Whether there is an array, and no archive that it could be older than."""
        return self._array_alone(folder) is not None

    def _array_alone(self, folder: Path) -> Path | None:
        """The array, where there is no file that it could be older than."""
        return None if (folder / self.file).exists() else finished(self.arrays(self.array))


def _stream(path: Path) -> ImageStream:
    def opened() -> AbstractContextManager[NpzMember]:
        return open_npz(path, "imgs", CONFIG, shape=(None, 64, 64), at_most=len(GRID))

    with opened() as images:
        count = images.shape[0]

    def slabs(start: int) -> Iterator[np.ndarray]:
        with opened() as images:
            for slab in images.slabs(_STEP, start):
                if slab.max() > 1:
                    raise damaged(path, "'imgs' has values other than 0 and 1", CONFIG)
                slab *= 255
                yield slab[:, None]

    return ImageStream((path,), (count, 1, 64, 64), _STEP, slabs)
