"""Which omnifig project a command runs in: one that the user chose, never one that came with runs or data.

omnifig imports the modules that a project file names, and takes the first such file in the current folder or above it.
A run or a data set from a stranger may hold one too. So, in this order:

1. The folder that the variable OMNILEARN_PROJECT names.
2. The nearest folder with a project file, from the current one upwards; but not from inside a folder of runs or data.
3. The project of this installation.

A folder of runs or data is what OMNILEARN_SAVE_DIR or OMNILEARN_DATA_DIR names, any `trained_nets` or `local_data`, and
any folder with the files of a run; and whatever lies below one of them.
"""

import os
import re
import sys
from collections.abc import Iterator
from pathlib import Path

import omnifig as fig

from omnilearn.errors import UserError

VARIABLE = "OMNILEARN_PROJECT"
_STORES = ("OMNILEARN_SAVE_DIR", "OMNILEARN_DATA_DIR")
_DEFAULT_STORES = ("trained_nets", "local_data")
_FILE_OF_A_RUN = re.compile(r"ckpt\d+|info\.yaml|events\.out\.tfevents\..*|.*\.pth\.tar", re.DOTALL)


def choose_project(folder: Path, own: Path) -> Path:
    """The folder of the project to use in `folder`; `own` is that of the installation.

    Says on stderr where a project file is passed over. Raises `UserError` where there is no project.
    """
    named = os.environ.get(VARIABLE)
    if named:
        if not has_project_file(Path(named)):
            raise UserError(f"{VARIABLE}: {named} is not the folder of a project: it has no .omnifig.yml")
        return Path(named).resolve()
    nearest = next((place for place in (folder, *folder.parents) if has_project_file(place)), None)
    if nearest is not None and nearest.resolve() != own.resolve():
        if not any(is_store(place) for place in _ways_up(folder)):
            return nearest
        print(
            f"note: {nearest} is not taken for a project, since this is a folder of runs or data; if it is yours, "
            f"set {VARIABLE}={nearest}",
            file=sys.stderr,
        )
    if not has_project_file(own):
        raise UserError(f"there is no project here: go to the folder of one (with an .omnifig.yml), or set {VARIABLE}")
    return own


def has_project_file(folder: Path) -> bool:
    """Whether omnifig would take a folder for a project."""
    return not fig.GeneralProject.info_file_names.isdisjoint(_names_in(folder))


def is_store(folder: Path) -> bool:
    """Whether a folder is one of runs or data, or a run."""
    named = (os.environ.get(variable) for variable in _STORES)
    if folder.name in _DEFAULT_STORES or any(name and folder == Path(name).resolve() for name in named):
        return True
    return is_run(folder)


def is_run(folder: Path) -> bool:
    """Whether a folder has the files of a run."""
    names = _names_in(folder)
    return "config.yaml" in names and any(_FILE_OF_A_RUN.fullmatch(name) for name in names)


def is_in_run(path: Path) -> bool:
    """Whether a file lies in the folder of a run, or below it; where links lead to counts too."""
    return any(map(is_run, {*path.absolute().parents, *path.resolve().parents}))


def _names_in(folder: Path) -> list[str]:
    try:
        return os.listdir(folder)
    except OSError:
        return []


def _ways_up(folder: Path) -> Iterator[Path]:
    """A folder and those above it, as they are and as the shell shows them where links lead here."""
    shown = Path(os.environ.get("PWD") or folder)
    ways = [folder.resolve()]
    if shown.is_absolute() and shown.is_dir() and shown.samefile(folder):
        ways.append(shown)
    for way in ways:
        yield way
        yield from way.parents
