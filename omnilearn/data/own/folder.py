"""A user's own folder of photos as a data set."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Literal

import numpy as np

from omnilearn.config.registry import component
from omnilearn.data.factor_table import FactorTable, factor_table
from omnilearn.data.images import ImageDataset
from omnilearn.data.own.array import chosen_columns
from omnilearn.data.own.columns_file import find_table, read_columns
from omnilearn.data.own.fitting import check_form, fit_photo
from omnilearn.data.own.photo_files import PhotoFiles, decoded, find_photos, without_broken
from omnilearn.data.own.places import own_folders, own_keys
from omnilearn.data.splits import TEST_SHARE, train_and_test
from omnilearn.data.storage.arrays import Keep, PixelArray, map_npy
from omnilearn.data.storage.conversion import ImageStream, convert
from omnilearn.errors import UserError, printable
from omnilearn.locks import exclusive

_STEP = 256  # photos read at a time


@component("folder")
class PhotoFolder(ImageDataset):
    """Photos (PNG, JPEG, WebP) below a folder, which is never changed, in alphabetical order.

    They are converted once to an array of uint8 below the data folder: the shorter side resized to `image_size`, then
    the centre cropped. Their factors are the columns of the CSV or Parquet file in the folder; without one, where all
    photos are in subfolders, these are the classes of the factor `class`.

    Args:
        path: the folder.
        image_size: side of the square that photos become.
        channels: 3 for colours, 1 for grey.
        skip_broken: leave out what cannot be decoded, which is named, instead of refusing the folder.
        table: the file of factors; by default the one in the folder.
        factors: the names of the columns to take; by default all.
        split_seed: which photos are for testing.
        test_share: how many of them.
        keep: where to keep the images, see `PixelArray`.
        dataroot: folder of all data; by default OMNILEARN_DATA_DIR, else ./local_data.
        cacheroot: folder of all data to write the array to, where `dataroot` is only to be read.

    Raises:
        UserError: where there are fewer than two photos, one is broken, or the factors do not fit.
    """

    config = "d/folder"

    def __init__(
        self,
        path: Path,
        *,
        image_size: int = 64,
        channels: Literal[1, 3] = 3,
        skip_broken: bool = False,
        table: Path | None = None,
        factors: tuple[str, ...] | None = None,
        split_seed: int = 0,
        test_share: float = TEST_SHARE,
        keep: Keep = "auto",
        dataroot: Path | None = None,
        cacheroot: Path | None = None,
    ) -> None:
        check_form(image_size, channels)
        found = find_photos(path)
        folders = own_folders(path, dataroot, cacheroot)
        note = folders[-1] / "photos.json"
        with exclusive(note):
            photos = without_broken(found, note, skip=skip_broken)
        if len(photos.names) < 2:
            raise UserError(f"{path}: a single image: there is nothing to split")
        known = _factors(photos, find_table(path) if table is None else table, factors)
        name = f"images-{channels}x{image_size}"
        array = convert(_stream(photos, image_size, channels), *(folder / f"{name}.npy" for folder in folders))
        super().__init__(
            PixelArray(map_npy(array), keep, mapped=True),
            *train_and_test(len(photos.names), share=test_share, seed=split_seed),
            grid=known,
            folders=folders,
            prefix=f"{name}_",
        )
        self.command_keys = own_keys(
            path,
            dataroot,
            cacheroot,
            factors=factors,
            split_seed=split_seed,
            test_share=test_share,
            others={
                "image-size": None if image_size == 64 else image_size,
                "channels": None if channels == 3 else channels,
                "skip-broken": "yes" if skip_broken else None,
                "dataset.table": table,
            },
        )


def _factors(photos: PhotoFiles, table: Path | None, wanted: Sequence[str] | None) -> FactorTable | None:
    if table is not None:
        return factor_table(chosen_columns(read_columns(table, photos.names), wanted, table), str(table))
    folders = [printable(name.split("/")[0]) for name in photos.names if "/" in name]
    if wanted is not None and tuple(wanted) != ("class",):
        raise UserError(f"factors: there is no CSV or Parquet file in {photos.folder} with columns to choose from")
    if not folders:
        return None
    if len(folders) < len(photos.names):
        print(f"{photos.folder}: subfolders are no classes here, since there are images beside them")
        return None
    if len(set(folders)) == 1:
        raise UserError(
            f"{photos.folder}: one class: all images are in the subfolder {folders[0]}; name that folder itself, "
            f"--path {photos.folder / folders[0]}"
        )
    return factor_table({"class": np.array(folders)}, str(photos.folder))


def _stream(photos: PhotoFiles, side: int, channels: int) -> ImageStream:
    paths = photos.paths()

    def slabs(start: int) -> Iterator[np.ndarray]:
        for first in range(start, len(paths), _STEP):
            some = paths[first : first + _STEP]
            yield np.stack([decoded(path, lambda photo: fit_photo(photo, side, channels)) for path in some])

    return ImageStream((), (len(paths), channels, side, side), _STEP, slabs, photos.fingerprint)
