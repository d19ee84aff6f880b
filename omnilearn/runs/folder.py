"""Where a run lives: `{save root}/{name}_{yymmdd-HHMMSS}/`."""

import os
from collections.abc import Sequence
from datetime import datetime
from fnmatch import fnmatchcase
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


def run_folders(root: Path) -> list[Path]:
    """The folders of all runs under `root`, by name: those with a config."""
    if not root.is_dir():
        return []
    return [path for path in sorted(root.iterdir()) if os.path.lexists(path / CONFIG)]


def select_runs(wanted: str | Sequence[str], root: Path) -> list[Path]:
    """The folders of several runs, each once.

    Args:
        wanted: `all`, a pattern such as `vec_*`, or what `find_run` understands; or a list of these.
        root: the folder of all runs. Patterns stand for folders below it, in the order of their names.

    Raises `UserError` where a pattern fits no run, or one is not there.
    """
    found: dict[Path, None] = {}
    for one in (wanted,) if isinstance(wanted, str) else wanted:
        if one == "all" or any(sign in one for sign in "*?["):
            fitting = [run for run in run_folders(root) if one == "all" or fnmatchcase(run.name, one)]
            if not fitting:
                raise UserError(f"runs: no run under {root} fits '{one}'")
            found.update(dict.fromkeys(fitting))
        else:
            found[find_run(one, root)] = None
    return list(found)


def find_run(name: str | Path, root: Path) -> Path:
    """The folder of a run: a name under `root`, a path, the beginning of one name, or `latest`.

    `latest` is the run that was begun or resumed last. Raises `UserError`, with the names that look like it, where
    there is no such run, or more than one.
    """
    for path in (root / name, Path(name)):
        if path.is_dir():
            if not is_regular(path / CONFIG):
                raise UserError(f"{path} is not a run: it has no {CONFIG}, or not as a regular file")
            return path
    runs = run_folders(root)
    if str(name) == "latest" and runs:
        return max(runs, key=lambda run: (run / CONFIG).lstat().st_mtime_ns)
    begun = [run for run in runs if run.name.startswith(str(name))]
    if len(begun) == 1:
        return begun[0]
    if begun:
        more = f" and {len(begun) - 3} more" if len(begun) > 3 else ""
        raise UserError(f"'{name}' begins several runs: {', '.join(run.name for run in begun[:3])}{more}")
    known = [run.name for run in runs]
    hint = did_you_mean(str(name), known, cutoff=0.5) or f" in {root}, and no folder of that name"
    raise UserError(f"no run named '{name}'{hint}")
