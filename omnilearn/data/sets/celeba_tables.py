"""The tables of CelebA as they are passed around: the official text files, or the same as comma-separated values."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import numpy as np

from omnilearn.data.download.paths import check_regular, damaged, missing, unreadable

CONFIG = "d/celeba"
# The folder of the set, and the folders in it that the authors' own site has.
_FOLDERS = (".", "Anno", "Eval", "Img")


@dataclass(frozen=True)
class Table:
    """One line for each image: its name, then whole numbers.

    Attributes:
        path: the file; comma-separated where its name ends in .csv, else separated by spaces.
        header: number of lines before the first image.
    """

    path: Path
    header: int

    @property
    def separator(self) -> str | None:
        """What stands between two values; None for any space."""
        return "," if self.path.suffix == ".csv" else None

    def column_names(self) -> tuple[str, ...]:
        """The names of the columns behind the image's, from the last line of the header; none without a header."""
        last = next(islice(_lines(self.path), self.header - 1, None), "") if self.header else ""
        names = [name.strip() for name in last.split(self.separator)]
        return tuple(names[1:] if self.separator else names)

    def image_names(self) -> Iterator[str]:
        """The names of the images, in their order."""
        for line in islice(_lines(self.path), self.header, None):
            if line.strip():
                yield line.split(self.separator, maxsplit=1)[0].strip()

    def numbers(self, columns: int) -> np.ndarray:
        """The whole numbers (N, columns) behind the names, as int64."""
        try:
            return np.loadtxt(
                self.path,
                np.int64,
                skiprows=self.header,
                usecols=range(1, columns + 1),
                ndmin=2,
                delimiter=self.separator,
                encoding="utf-8-sig",
            )
        except OSError as error:
            raise unreadable(self.path, error) from error
        except (ValueError, IndexError) as error:
            raise damaged(self.path, error, CONFIG) from error


def find_table(folder: Path, name: str, header: int) -> Table:
    """The table with the official `name`, and that many lines before its first image, or its copy with commas.

    Raises `UserError` where there is neither.
    """
    for place in places(folder, name):
        if place.exists():
            return Table(place, header)
    for place in places(folder, str(Path(name).with_suffix(".csv"))):
        if place.exists():
            first = next(_lines(place), "")
            return Table(place, 0 if first.split(",")[0].strip().endswith(".jpg") else 1)
    raise missing(folder / name, CONFIG)


def places(folder: Path, name: str) -> list[Path]:
    """Where a file of the set may be, the best place first."""
    return [folder / inner / name for inner in _FOLDERS]


def _lines(path: Path) -> Iterator[str]:
    check_regular(path)
    try:
        with path.open(encoding="utf-8-sig") as file:  # some editors put a byte-order mark in front
            yield from file
    except FileNotFoundError:
        raise missing(path, CONFIG) from None
    except OSError as error:
        raise unreadable(path, error) from error
    except UnicodeDecodeError as error:
        raise damaged(path, error, CONFIG) from error
