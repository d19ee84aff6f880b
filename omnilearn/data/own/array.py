"""A user's own array as a data set: of images or of vectors."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Literal

import numpy as np
import torch

from omnilearn.config.registry import component
from omnilearn.data.factor_table import FactorTable, factor_table
from omnilearn.data.images import ImageDataset
from omnilearn.data.own.array_file import FACTOR_NAMES, FACTORS, open_array
from omnilearn.data.own.fitting import check_form, fit_images, nearest_side
from omnilearn.data.own.layout import Layout, channels_first, check_finite, check_range, layout_of
from omnilearn.data.own.places import own_folders, own_keys
from omnilearn.data.rows import RowDataset
from omnilearn.data.splits import TEST_SHARE, train_and_test
from omnilearn.data.storage.arrays import Keep, PixelArray, map_npy
from omnilearn.data.storage.conversion import ImageStream, convert
from omnilearn.data.storage.memory import free_memory
from omnilearn.data.vectors import VectorDataset
from omnilearn.errors import UserError, size_in_words

_STEP = 1024  # images read at a time


@component("array")
def own_array(
    path: Path,
    *,
    image_size: int | None = None,
    channels: Literal[1, 3] | None = None,
    factors: tuple[str, ...] | None = None,
    split_seed: int = 0,
    test_share: float = TEST_SHARE,
    keep: Keep = "auto",
    dataroot: Path | None = None,
    cacheroot: Path | None = None,
) -> RowDataset:
    """Images or vectors from a .npy, .npz or .h5 file, which is never changed.

    Images are converted once to an array of uint8 below the data folder; vectors are kept in memory as float32.

    Args:
        path: the file: images (N, H, W), (N, H, W, C) or (N, C, H, W), uint8 or floats in [0, 1], or vectors (N, D);
            in .npz and .h5 as `images`, `vectors`, `observations` or `data`, with the columns `factors` (N, K), and
            their `factor_names` (K), if any.
        image_size: side that images are resized and cropped to; by default the nearest of 32, 64 and 128.
        channels: of the images; by default as they are.
        factors: the names of the columns to take; by default all.
        split_seed: which observations are for testing.
        test_share: how many of them.
        keep: where to keep the images, see `PixelArray`.
        dataroot: folder of all data; by default OMNILEARN_DATA_DIR, else ./local_data.
        cacheroot: folder of all data to write the array to, where `dataroot` is only to be read.

    Raises:
        UserError: where the file is missing, damaged or does not hold what it should.
    """
    folders = own_folders(path, dataroot, cacheroot)
    with open_array(path) as file:
        layout = layout_of(file.observations.shape, file.observations.dtype, path)
        table = _table(file.columns, factors, layout, path)
        if file.others:
            print(
                f"{path.name}: not read: {', '.join(file.others)} (factors are read from '{FACTORS}', their names from "
                f"'{FACTOR_NAMES}')"
            )
        if isinstance(layout.din, int):
            _check_room(layout.count * layout.din, path)
        with np.errstate(over="ignore"):  # which is told below
            vectors = np.array(file.observations[:], dtype=np.float32) if isinstance(layout.din, int) else None
    train, test = train_and_test(layout.count, share=test_share, seed=split_seed)
    data: RowDataset
    if vectors is not None:
        _check_vectors(vectors, image_size, channels, path)
        data = VectorDataset(torch.from_numpy(vectors), train, test, factors=table, folders=folders)
    else:
        stream = _stream(path, layout, image_size, channels)
        name = f"images-{stream.shape[1]}x{stream.shape[2]}"
        array = convert(stream, *(folder / f"{name}.npy" for folder in folders))
        source = PixelArray(map_npy(array), keep, mapped=True)
        data = ImageDataset(source, train, test, grid=table, folders=folders, prefix=f"{name}_")
    data.config = "d/array"
    data.command_keys = own_keys(
        path,
        dataroot,
        cacheroot,
        factors=factors,
        split_seed=split_seed,
        test_share=test_share,
        others={"image-size": image_size, "channels": channels},
    )
    return data


def _table(
    columns: Mapping[str, np.ndarray], wanted: Sequence[str] | None, layout: Layout, path: Path
) -> FactorTable | None:
    chosen = chosen_columns(columns, wanted, path)
    if not chosen:
        return None
    rows = len(next(iter(chosen.values())))
    if rows != layout.count:
        raise UserError(f"{path}: {rows} rows of factors for {layout.count} observations")
    return factor_table(chosen, str(path))


def chosen_columns(
    columns: Mapping[str, np.ndarray], wanted: Sequence[str] | None, path: Path
) -> Mapping[str, np.ndarray]:
    """The columns that are wanted, all by default; `UserError` for one that is not there."""
    if wanted is None:
        return columns
    for name in wanted:
        if name not in columns:
            raise UserError(f"factors: {path} has no column '{name}'; there is {', '.join(columns) or 'none'}")
    return {name: columns[name] for name in wanted}


def _check_room(values: int, path: Path) -> None:
    """Raise `UserError` where vectors do not fit the memory: a small file may claim any size."""
    free = free_memory()
    if free is not None and 8 * values > free:
        raise UserError(
            f"{path}: vectors of {size_in_words(8 * values)} are kept in memory, and {size_in_words(free)} are free"
        )


def _check_vectors(vectors: np.ndarray, image_size: int | None, channels: int | None, path: Path) -> None:
    if image_size is not None or channels is not None:
        raise UserError(f"{path}: vectors have neither image_size nor channels; images have the shape (N, H, W[, C])")
    check_finite(vectors, path)


def _stream(path: Path, layout: Layout, image_size: int | None, channels: int | None) -> ImageStream:
    assert not isinstance(layout.din, int)
    side = nearest_side(min(layout.din[1:])) if image_size is None else image_size
    check_form(side, channels)
    if image_size is None and layout.din[1:] != (side, side):
        print(f"{path.name}: images of {layout.din[1]} x {layout.din[2]} are resized to {side} x {side} (image_size)")
    shape = (layout.count, channels or layout.din[0], side, side)

    def slabs(start: int) -> Iterator[np.ndarray]:
        with open_array(path) as file:
            for first in range(start, layout.count, _STEP):
                images = channels_first(file.observations[first : first + _STEP], layout)
                check_range(images, path, first)
                yield fit_images(images, side, shape[1]).numpy()

    return ImageStream((path,), shape, _STEP, slabs)
