"""Where what is made from a user's own files is kept: below the data folder, never beside the files."""

import hashlib
from collections.abc import Sequence
from pathlib import Path

from omnilearn.data.download.paths import data_root, given_roots
from omnilearn.data.splits import TEST_SHARE
from omnilearn.errors import UserError


def own_folders(path: Path, dataroot: Path | None, cacheroot: Path | None) -> tuple[Path, ...]:
    """The folders for what is made from the files at `path`, the last being the one to write to.

    Raises `UserError` where it would lie inside the folder `path`.
    """
    root = data_root(dataroot)
    name = f"{path.resolve().name}-{hashlib.sha256(str(path.resolve()).encode()).hexdigest()[:12]}"
    folders = tuple(place / "own" / name for place in dict.fromkeys((root, cacheroot or root)))
    if path.is_dir() and folders[-1].resolve().is_relative_to(path.resolve()):
        raise UserError(
            f"{root}: the data folder lies inside {path}, where nothing is written: "
            "set dataroot or OMNILEARN_DATA_DIR to another folder"
        )
    return folders


def own_keys(
    path: Path,
    dataroot: Path | None,
    cacheroot: Path | None,
    *,
    factors: Sequence[str] | None,
    split_seed: int,
    test_share: float,
    others: dict[str, object],
) -> dict[str, object]:
    """The keys of a command line that find the same data again; `others` go behind the path."""
    return {
        "path": path,
        **others,
        "dataset.factors": None if factors is None else f"[{', '.join(factors)}]",
        "split-seed": split_seed or None,
        "test-share": None if test_share == TEST_SHARE else test_share,
        **given_roots(dataroot, cacheroot),
    }
