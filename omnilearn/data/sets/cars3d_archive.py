"""The official archive of 3D Cars: a packed folder with a list of cars and a MATLAB file for each of them."""

import gzip
import tarfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath

import numpy as np

from omnilearn.data.download.paths import damaged, missing, unreadable
from omnilearn.data.sets.resized_images import resized
from omnilearn.data.storage.made_up import READ_ERRORS
from omnilearn.data.storage.matlab import numeric_arrays
from omnilearn.data.storage.unpacked import Unpacked
from omnilearn.errors import UserError, first_line
from omnilearn.files import open_regular

CONFIG = "d/cars3d"
CARS, VIEWS = 183, 4 * 24
_SHAPE = (128, 128, 3, 24, 4)  # height, width, channels, azimuths, elevations
_LIST = "cars/list.txt"
_MOST_BYTES = 2**26  # the images of a car have 4.7 MB
_MOST_UNPACKED = 2**30  # and there are 183
_TOO_LARGE = "it unpacks to more than the images of 183 cars"


def car_names(path: Path) -> list[str]:
    """The names of the cars, in the order of the archive's list.

    Raises `UserError` where the archive is missing or damaged, or lists no cars, more than there are, or one twice.
    """
    with _opened(path) as archive:
        for member in archive:
            if member.isfile() and _name(member) == _LIST:
                names = _content(archive, member).decode("ascii").split()
                break
        else:
            raise ValueError(f"it has no {_LIST}")
        if not 1 <= len(names) <= CARS or len(set(names)) < len(names):
            raise ValueError(f"{_LIST} has {len(set(names))} names in {len(names)} lines")
    return names


def fill_with_cars(images: np.ndarray, path: Path, names: list[str]) -> None:
    """Put the images of these cars, resized, into an array (elevations x azimuths x cars, 3, side, side).

    The archive is read front to back once, to its end, so that its checksum is checked. Raises `UserError` where it is
    damaged.
    """
    side = images.shape[-1]
    by_view = images.reshape(VIEWS, len(names), 3, side, side)
    position = {f"cars/{name}.mat": k for k, name in enumerate(names)}
    with _opened(path, to_the_end=True) as archive:
        for member in archive:
            name = _name(member)
            if member.isfile() and name in position:
                by_view[:, position.pop(name)] = resized(_images(_content(archive, member), name), side)
        if position:
            raise ValueError(f"it has no {next(iter(position))}")


def _images(content: bytes, name: str) -> np.ndarray:
    """The views (96, 128, 128, 3) of a car, by elevation, then azimuth, from the content of its MATLAB file."""
    try:
        arrays = numeric_arrays(content, at_most=_MOST_BYTES)
        known = {key: (array.shape, str(array.dtype)) for key, array in arrays.items()}
        if known.get("im") != (_SHAPE, "uint8"):
            raise ValueError(f"its arrays are {known}")
    except READ_ERRORS as error:
        raise ValueError(f"{name}: {first_line(error)}") from error
    return arrays["im"].transpose(4, 3, 0, 1, 2).reshape(VIEWS, *_SHAPE[:3])


@contextmanager
def _opened(path: Path, *, to_the_end: bool = False) -> Iterator[tarfile.TarFile]:
    """The archive, to be read once from front to back; errors inside the block are about it."""
    try:
        with open_regular(path, follow_links=True) as file, Unpacked(file, _MOST_UNPACKED, _TOO_LARGE) as unpacked:
            with tarfile.open(fileobj=unpacked, mode="r|") as archive:
                yield archive
            while to_the_end and unpacked.read(2**20):
                pass
    except UserError:
        raise
    except FileNotFoundError:
        raise missing(path, CONFIG) from None
    except (*READ_ERRORS, gzip.BadGzipFile) as error:
        raise damaged(path, error, CONFIG) from error
    except OSError as error:
        raise unreadable(path, error) from error


def _content(archive: tarfile.TarFile, member: tarfile.TarInfo) -> bytes:
    if member.size > _MOST_BYTES:
        raise ValueError(f"{member.name} has {member.size:,} bytes")
    file = archive.extractfile(member)
    assert file is not None  # only folders and the like have no content
    return file.read()


def _name(member: tarfile.TarInfo) -> str:
    """The name of a file with that of its folder."""
    return "/".join(PurePosixPath(member.name).parts[-2:])
