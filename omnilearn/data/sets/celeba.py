"""CelebA (Liu et al., 2015): aligned faces, cropped to a square."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from io import BytesIO
from itertools import islice
from pathlib import Path

import numpy as np
from torch import Tensor

from omnilearn.config.registry import component
from omnilearn.data.download.files import get_files
from omnilearn.data.download.paths import damaged, data_root
from omnilearn.data.sets.celeba_files import (
    ARCHIVE,
    CONFIG,
    EARLIER,
    FOLDER,
    PARTITION,
    CelebAFiles,
    LabelType,
    find_celeba,
    has_partition,
)
from omnilearn.data.sets.file_dataset import FileDataset, ImageSet
from omnilearn.data.storage.arrays import Keep, PixelArray, map_npy
from omnilearn.data.storage.conversion import ImageStream, convert
from omnilearn.errors import UserError

WIDTH, HEIGHT = 178, 218
_STEP = 1024  # images decoded at a time: 50 MB


@component("celeba")
class CelebA(FileDataset):
    """CelebA: 202,599 aligned faces of 178 x 218, of which the middle square is cut out and not resized.

    Training is on the official training images; the official validation and test images are the test set, as published.
    The first use decodes the images of `celeba/` to an array of 10 GB beside them; the files are never changed. They
    are the official ones (the images as a folder or zip archive, and the text files), or the two HDF5 files of earlier
    releases. The factors behind faces are not known, so there is no grid; `labels` gives what `label_type` says.

    Args:
        dataroot, sources, keep, cacheroot: as in `FileDataset`.
        download: check for the files, and say how to get those that are missing: the licence must be accepted by hand.
        crop_size: side of the square in pixels.
        label_type: 40 attributes (0 or 1), the x and y of 5 landmarks in pixels of the whole image, or the identity.

    Attributes:
        label_names: the names of the columns of `labels`.
    """

    ident = folder_name = "celeba"
    config = CONFIG

    def __init__(
        self,
        dataroot: Path | None = None,
        *,
        download: bool = False,
        sources: Path | None = None,
        keep: Keep = "auto",
        cacheroot: Path | None = None,
        crop_size: int = 128,
        label_type: LabelType = "attr",
    ) -> None:
        if not 1 <= crop_size <= WIDTH:
            raise UserError(f"dataset.crop_size: must be between 1 and {WIDTH}, got {crop_size}")
        self.crop_size, self.label_type = crop_size, label_type
        self.command_keys = {"dataset.crop-size": None if crop_size == 128 else crop_size}
        self._tables: dict[LabelType, Tensor] = {}
        super().__init__(dataroot, download=download, sources=sources, keep=keep, cacheroot=cacheroot)

    def read(self, folder: Path, keep: Keep) -> ImageSet:
        """Decode the images, unless that was done before, and map the array."""
        self._files = find_celeba(folder)
        places = self.arrays(f"celeba_{self.crop_size}_images.npy")
        array = convert(_stream(self._files, self.crop_size), *places)
        prefix = "" if self.crop_size == 128 else f"crop{self.crop_size}_"
        source = PixelArray(map_npy(array), keep, mapped=True)
        return ImageSet(source, self._files.train, self._files.test, prefix=prefix)

    @property
    def label_names(self) -> tuple[str, ...]:
        """The names of the columns of `labels`."""
        return self._files.label_names(self.label_type)

    def labels(self, indices: Tensor) -> Tensor:
        """The labels (B, 40), (B, 10) or (B,) of the images at `indices` (B,), as int64."""
        if self.label_type not in self._tables:
            self._tables[self.label_type] = self._files.labels(self.label_type)
        return self._tables[self.label_type].index_select(0, self.rows(indices))

    @classmethod
    def download_files(cls, dataroot: Path | None = None, sources: Path | None = None) -> list[Path]:
        """Check that the files are there; returns where they are.

        Raises `UserError` with the steps to get them where they are not.
        """
        folder = data_root(dataroot) / cls.folder_name
        earlier = [folder / name for name in EARLIER]
        if not has_partition(folder) and all(path.exists() for path in earlier):
            return earlier
        if not (folder / PARTITION).exists() and has_partition(folder):  # packed anew by others
            return list(find_celeba(folder).files)
        return get_files(cls.ident, dataroot, sources, needless=(ARCHIVE,) if (folder / FOLDER).is_dir() else ())


def _stream(files: CelebAFiles, crop_size: int) -> ImageStream:
    def square(image: tuple[Path, bytes]) -> np.ndarray:
        path, content = image
        return decode(path, content, crop_size)

    def slabs(start: int) -> Iterator[np.ndarray]:
        encoded = files.encoded(start)
        with ThreadPoolExecutor() as pool:
            while some := list(islice(encoded, _STEP)):
                yield np.stack(list(pool.map(square, some)))

    return ImageStream(files.files, (len(files), 3, crop_size, crop_size), _STEP, slabs)


def decode(path: Path, content: bytes, crop_size: int) -> np.ndarray:
    """The middle square (3, crop_size, crop_size), uint8, of an image of 178 x 218.

    Raises `UserError`, naming the file `path`, for content that is not such an image.
    """
    from PIL import Image

    top, left = (HEIGHT - crop_size) // 2, (WIDTH - crop_size) // 2
    try:
        with Image.open(BytesIO(content), formats=("JPEG",)) as image:
            if image.size != (WIDTH, HEIGHT):
                raise damaged(path, f"an image of {image.width} x {image.height}, not {WIDTH} x {HEIGHT}", CONFIG)
            pixels = np.asarray(image.convert("RGB"))
    except (OSError, Image.DecompressionBombError) as error:
        raise damaged(path, error, CONFIG) from error
    return pixels[top : top + crop_size, left : left + crop_size].transpose(2, 0, 1)
