"""Where data lives, and what to say about a file that is not as it should be."""

import os
from pathlib import Path

from omnilearn.errors import UserError, first_line, printable
from omnilearn.files import not_regular


def data_root(given: Path | None = None) -> Path:
    """The folder of all data: the key `dataroot`, else the variable OMNILEARN_DATA_DIR, else ./local_data."""
    return given or Path(os.environ.get("OMNILEARN_DATA_DIR") or "local_data")


def given_roots(dataroot: Path | None, cacheroot: Path | None) -> dict[str, object]:
    """The keys of a command line for the folders of all data, as they were given; None for one that was not."""
    return {"dataset.dataroot": dataroot, "dataset.cacheroot": cacheroot}


def missing(path: Path, config: str) -> UserError:
    """The error for a file that is not there, with the command that gets the dataset of `config`."""
    return UserError(f"{path}: there is no such file; get it with 'fig download-dataset {config}' or --download")


def unreadable(path: Path, error: OSError) -> UserError:
    """The error for a file that the system does not let this process read."""
    return UserError(f"{path}: cannot be read: {error.strerror or error}; check the permissions and the disk")


def check_regular(path: Path) -> None:
    """Raise `UserError` for a pipe, a device or a folder where a file belongs: opening one may wait for ever."""
    if path.exists() and not path.is_file():
        raise not_regular(path)


def damaged(path: Path, reason: object, config: str) -> UserError:
    """The error for a file that is cut off, corrupt, or not what its name says."""
    return UserError(
        f"{path}: damaged or not the file it should be: {printable(first_line(reason))}; "
        f"move it away and get it again with 'fig download-dataset {config}'"
    )
