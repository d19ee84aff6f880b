"""dSprites (Matthey et al., 2017): the official archive."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from omnilearn.config.registry import component
from omnilearn.data.download.files import get_files
from omnilearn.data.download.paths import damaged, data_root
from omnilearn.data.factors import FactorGrid
from omnilearn.data.images import ImageDataset
from omnilearn.data.splits import train_and_test
from omnilearn.data.storage.arrays import Keep, PixelArray, map_npy
from omnilearn.data.storage.conversion import ImageStream, convert, is_finished
from omnilearn.data.storage.npz import open_npz

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
_EXPECTED = {"shape": (None, 64, 64), "at_most": len(GRID)}


@component("dsprites")
class DSprites(ImageDataset):
    """dSprites: 737,280 black and white images of 1 x 64 x 64 from six factors, of which the first has one value.

    The set was published without a test set; the rule of 3D-Shapes makes one. The first use converts the archive to an
    array of 3 GB beside it, after which the file is no longer needed; the file itself is never changed. Its pickled
    entry, which could run code, is never read.

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
        path = data_root(dataroot) / "dsprites" / "dsprites_ndarray_co1sh3sc6or40x32y32_64x64.npz"
        array = path.with_name("dsprites_images.npy")
        if path.exists() or not is_finished(array):
            if download:
                self.download_files(dataroot, sources)
            convert(_stream(path), array)
        source = PixelArray(map_npy(array), keep, mapped=True)
        super().__init__(source, *train_and_test(source.shape[0]), grid=GRID, folder=path.parent)

    @classmethod
    def download_files(cls, dataroot: Path | None = None, sources: Path | None = None) -> list[Path]:
        """Get the file where it is missing; returns where it is."""
        return get_files("dsprites", dataroot, sources)


def _stream(path: Path) -> ImageStream:
    with open_npz(path, "imgs", CONFIG, **_EXPECTED) as images:
        count = images.shape[0]

    def slabs(start: int) -> Iterator[np.ndarray]:
        with open_npz(path, "imgs", CONFIG, **_EXPECTED) as images:
            for slab in images.slabs(_STEP, start):
                if slab.max() > 1:
                    raise damaged(path, "'imgs' has values other than 0 and 1", CONFIG)
                slab *= 255
                yield slab[:, None]

    return ImageStream((path,), (count, 1, 64, 64), _STEP, slabs)
