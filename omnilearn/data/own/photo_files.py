"""The photos below a folder: which there are, which can be decoded, and what tells two states of them apart."""

import hashlib
import os
import warnings
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from PIL import Image

from omnilearn.errors import UserError, first_line, printable
from omnilearn.files import make_folder, not_regular, open_regular, read_json, write_json
from omnilearn.progress import with_progress

SUFFIXES = (".png", ".jpg", ".jpeg", ".webp")
FORMATS = ("PNG", "JPEG", "WEBP")
_SHOWN = 3  # broken photos that an error names
T = TypeVar("T")


@dataclass(frozen=True)
class PhotoFiles:
    """Photos below a folder.

    Attributes:
        folder: the folder.
        names: their paths relative to it, with slashes, in alphabetical order.
        fingerprint: a digest of names, sizes and times of change.
    """

    folder: Path
    names: tuple[str, ...]
    fingerprint: str

    def paths(self) -> list[Path]:
        """Where the photos are."""
        return [self.folder / name for name in self.names]


def find_photos(folder: Path) -> PhotoFiles:
    """The photos (PNG, JPEG, WebP, by their suffixes) below a folder; hidden files and folders are left out.

    Links are followed, a folder that is above itself is not entered again. Raises `UserError` where there is none.
    """
    if not folder.is_dir():
        raise UserError(f"{folder}: {'not a folder' if folder.exists() else 'there is no such folder'}")
    names = sorted(path.relative_to(folder).as_posix() for path in _walk(folder, ()))
    if not names:
        raise UserError(
            f"{folder}: no images: expected files that end with {', '.join(SUFFIXES)}, here or in subfolders"
        )
    digest = hashlib.sha256()
    for name in names:
        path = folder / name
        stat = path.stat() if path.exists() else path.lstat()  # a link may lead nowhere: a broken photo
        digest.update(os.fsencode(name) + f"\0{stat.st_size}\0{stat.st_mtime_ns}\n".encode())
    return PhotoFiles(folder, tuple(names), digest.hexdigest())


def _walk(folder: Path, above: Sequence[str]) -> Iterator[Path]:
    place = os.path.realpath(folder)
    if place in above:
        return
    try:
        entries = sorted(folder.iterdir())
    except OSError as error:
        raise UserError(f"{folder}: cannot be read: {error.strerror or error}") from error
    for path in entries:
        if path.name.startswith("."):
            continue
        if path.is_dir():
            yield from _walk(path, (*above, place))
        elif path.suffix.lower() in SUFFIXES:
            if path.exists() and not path.is_file():
                raise not_regular(path)
            yield path


def decoded(path: Path, use: Callable[[Image.Image], T]) -> T:
    """What `use` makes of a photo, which is decoded meanwhile.

    Raises `UserError` where it cannot be decoded, has more than 8 bits a channel, or is larger than PIL's limit on what
    may be a decompression bomb.
    """
    shown = printable(str(path))
    try:
        with warnings.catch_warnings(), open_regular(path, follow_links=True) as file:
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            warnings.filterwarnings("ignore", category=UserWarning)  # about metadata
            with Image.open(file, formats=FORMATS) as photo:
                # PIL reads colours of 16 bits by their higher byte.
                if photo.mode.startswith(("I", "F")) or any(";16" in str(tile[3]) for tile in photo.tile):
                    raise UserError(f"{shown}: more than 8 bits a channel")
                photo.load()
                return use(photo)
    except UserError:
        raise
    except (Image.DecompressionBombWarning, Image.DecompressionBombError):
        raise UserError(f"{shown}: more than {Image.MAX_IMAGE_PIXELS:,} pixels") from None
    # What PIL raises for damaged bytes is not limited to errors of its own.
    except (OSError, SyntaxError, ValueError, EOFError, IndexError, KeyError, TypeError, OverflowError) as error:
        reason = "not an image" if isinstance(error, Image.UnidentifiedImageError) else first_line(error)
        raise UserError(f"{shown}: broken: {reason}") from None


def without_broken(photos: PhotoFiles, note: Path, *, skip: bool) -> PhotoFiles:
    """The photos that can be decoded; each is tried once, and `note` keeps which are broken.

    Raises `UserError`, which names some, where any is broken and is not to be skipped, and where none is left.
    """
    broken = _known_broken(photos, note)
    if broken is None:
        broken = {}
        for name, path in with_progress(list(zip(photos.names, photos.paths(), strict=True)), "checking", "photos"):
            try:
                decoded(path, lambda photo: None)
            except UserError as problem:
                broken[name] = str(problem)
        make_folder(note.parent)
        write_json(note, {"photos": photos.fingerprint, "broken": broken})
    if not broken:
        return photos
    named = "; ".join([*broken.values()][:_SHOWN]) + ("; ..." if len(broken) > _SHOWN else "")
    counted = f"{len(broken)} of {len(photos.names)} images cannot be used: {named}"
    if not skip:
        raise UserError(f"{counted}; repair them, or leave them out with --skip-broken yes")
    good = tuple(name for name in photos.names if name not in broken)
    if not good:
        raise UserError(f"{counted}; none is left")
    print(f"skipped: {counted}")
    return PhotoFiles(photos.folder, good, photos.fingerprint)


def _known_broken(photos: PhotoFiles, note: Path) -> dict[str, str] | None:
    try:
        known = read_json(note, follow_links=True)
    except UserError:
        return None
    if not isinstance(known, dict) or known.get("photos") != photos.fingerprint:
        return None
    broken = known.get("broken")
    return broken if isinstance(broken, dict) else None
