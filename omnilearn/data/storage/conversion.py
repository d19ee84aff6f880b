"""From a file that is slow to read at random to an array that is mapped: once, in one pass, in little memory.

The array `NAME.npy` (uint8, images x channels x height x width) is written as `NAME.npy.part` and renamed when it is
complete. Beside it, `NAME.json` says which files it was made from, and is there before the first image: a part that was
made from other files is never continued, an array that was made from other files is never used.
"""

import os
import shutil
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from math import prod
from pathlib import Path
from typing import IO, Any

import numpy as np

from omnilearn.errors import UserError, size_in_words
from omnilearn.files import cannot_write, open_to_write, read_json, write_json
from omnilearn.locks import exclusive
from omnilearn.progress import Progress

# Raise with every change to what is written, or old arrays would be taken for new ones.
LAYOUT = 1
_DISK_RESERVE = 64 * 2**20


@dataclass(frozen=True)
class ImageStream:
    """Images that come in order, a slab at a time.

    Attributes:
        files: the files that they come from.
        shape: images, channels, height, width.
        step: images in a slab; the last one may hold fewer.
        slabs: for the index of an image where a slab begins, the slabs from there on: uint8 (<= step, C, H, W).
        fingerprint: what else decides about the images, such as a digest of very many files; empty for nothing.
    """

    files: tuple[Path, ...]
    shape: tuple[int, int, int, int]
    step: int
    slabs: Callable[[int], Iterator[np.ndarray]]
    fingerprint: str = ""


def convert(stream: ImageStream, *places: Path) -> Path:
    """Write the images of a stream into a file (.npy), unless that was done before; returns where it is.

    It is written to the last of `places`; the others are only looked at, for one that was made from the same files. An
    earlier attempt that was cut off is continued. Two processes may call this at once: one does the work. Raises
    `UserError` where the disk is too small or refuses, and whatever reading the stream raises; what was written until
    then is kept to be continued.
    """
    for array in places:
        if is_made_from(array, stream):
            return array
    with exclusive(array):
        if not is_made_from(array, stream):
            _convert(stream, array)
    return array


def finished(places: Sequence[Path]) -> Path | None:
    """The first array that is complete, whatever it was made from; None where none is."""
    return next((array for array in places if array.is_file() and _noted(array) is not None), None)


def is_made_from(array: Path, stream: ImageStream) -> bool:
    """Whether the array is complete and made from the files of a stream as they are now."""
    return array.is_file() and _noted(array) == _origin(stream)


def _convert(stream: ImageStream, array: Path) -> None:
    part = array.with_name(f"{array.name}.part")
    origin = _origin(stream)
    if _noted(array) != origin:
        array.unlink(missing_ok=True)
        part.unlink(missing_ok=True)
        write_json(_note(array), origin)
    try:
        with open_to_write(part) as file:
            _write_header(file, stream.shape)
            done = _continue_from(file, stream)
            _check_space(file, stream, array)
            _append(file, stream, done, array.name)
        os.replace(part, array)
    except OSError as error:
        raise cannot_write(part, error) from error


def _write_header(file: IO[bytes], shape: tuple[int, ...]) -> None:
    file.seek(0)
    np.lib.format.write_array_header_1_0(file, {"descr": "|u1", "fortran_order": False, "shape": shape})


def _continue_from(file: IO[bytes], stream: ImageStream) -> int:
    """Cut the file, which is just behind its header, to whole slabs; returns the number of images that it holds."""
    header, image = file.tell(), prod(stream.shape[1:])
    slabs = (os.fstat(file.fileno()).st_size - header) // (image * stream.step)
    done = max(0, slabs - 1) * stream.step  # the last slab may not have reached the disk when the machine went down
    file.truncate(header + done * image)
    file.seek(0, os.SEEK_END)
    return done


def _check_space(file: IO[bytes], stream: ImageStream, array: Path) -> None:
    needed = prod(stream.shape) - file.tell() + _DISK_RESERVE
    free = shutil.disk_usage(array.parent).free
    if needed > free:
        raise UserError(
            f"{array}: needs {size_in_words(needed)} and {size_in_words(free)} are free on that disk; "
            "free some space, or set dataroot or OMNILEARN_DATA_DIR to a larger disk"
        )


def _append(file: IO[bytes], stream: ImageStream, done: int, name: str) -> None:
    total = stream.shape[0]
    with Progress(total, f"writing {name}", "images", done=done) as progress:
        for slab in stream.slabs(done):
            assert slab.dtype == np.uint8 and slab.shape[1:] == stream.shape[1:]
            file.write(np.ascontiguousarray(slab).data)
            file.flush()
            os.fsync(file.fileno())
            done += len(slab)
            progress.update(len(slab))
            del slab  # before the next one is read: two would be twice the memory
    assert done == total


def _note(array: Path) -> Path:
    return array.with_suffix(".json")


def _noted(array: Path) -> Any:
    try:
        return read_json(_note(array), follow_links=True)
    except UserError:
        return None


def _origin(stream: ImageStream) -> dict[str, Any]:
    stats = {path.name: path.stat() for path in stream.files}
    files = {name: {"bytes": stat.st_size, "modified_ns": stat.st_mtime_ns} for name, stat in stats.items()}
    origin: dict[str, Any] = {"layout": LAYOUT, "shape": list(stream.shape), "files": files}
    return origin | {"fingerprint": stream.fingerprint} if stream.fingerprint else origin
