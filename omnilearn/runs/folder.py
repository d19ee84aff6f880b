"""Where a run lives: `{save root}/{name}_{yymmdd-HHMMSS}/`."""

import os
from datetime import datetime
from pathlib import Path

from omnilearn.errors import UserError, did_you_mean
from omnilearn.files import cannot_write, is_regular

CONFIG = "config.yaml"
INFO = "info.yaml"


def save_root(given: Path | None = None) -> Path:
    """The folder of all runs: the key `saveroot`, else the variable OMNILEARN_SAVE_DIR, else ./trained_nets."""
    return given or Path(os.environ.get("OMNILEARN_SAVE_DIR") or "trained_nets")


def new_run_folder(root: Path, name: str, *, date: bool = True) -> Path:
    """Make the folder of a new run; a name that is taken gets _2, _3 and so on.

    Safe against another run that starts at the same moment. Raises `UserError` for a name that is not one folder, or
    where the folder cannot be made.
    """
    if not name or name in (".", "..") or Path(name).name != name:
        raise UserError(f"name: '{name}' is not the name of a folder")
    stem = f"{name}_{datetime.now():%y%m%d-%H%M%S}" if date else name
    count = 1
    while True:
        path = root / (stem if count == 1 else f"{stem}_{count}")
        try:
            path.mkdir(parents=True)
            return path
        except FileExistsError:
            if not root.is_dir():
                raise UserError(f"saveroot: {root} is not a folder") from None
            count += 1
        except OSError as error:
            raise cannot_write(path, error) from error


def find_run(name: str | Path, root: Path) -> Path:
    """The folder of a run: a name under `root`, or a path.

    Raises `UserError`, with the names that look like it, where there is no such run.
    """
    for path in (root / name, Path(name)):
        if path.is_dir():
            if not is_regular(path / CONFIG):
                raise UserError(f"{path} is not a run: it has no {CONFIG}, or not as a regular file")
            return path
    known = sorted(path.name for path in root.iterdir() if path.is_dir()) if root.is_dir() else []
    hint = did_you_mean(str(name), known, cutoff=0.5) or f" in {root}, and no folder of that name"
    raise UserError(f"no run named '{name}'{hint}")
