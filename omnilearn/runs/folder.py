"""Where a run lives: `{save root}/{name}_{yymmdd-HHMMSS}/`."""

import errno
import itertools
import os
import shutil
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from datetime import datetime
from fnmatch import fnmatchcase
from pathlib import Path

from omnilearn.errors import UserError, did_you_mean
from omnilearn.files import cannot_write, is_own_folder, is_regular, write_text
from omnilearn.locks import sole_writer, try_lock
from omnilearn.processes import is_at_work

CONFIG = "config.yaml"
INFO = "info.yaml"
_numbers = itertools.count()
_PROCESS_BEGAN = time.time()


def save_root(given: Path | None = None) -> Path:
    """The folder of all runs: the key `saveroot`, else the variable OMNILEARN_SAVE_DIR, else ./trained_nets."""
    return given or Path(os.environ.get("OMNILEARN_SAVE_DIR") or "trained_nets")


@contextmanager
def new_run(
    root: Path,
    name: str,
    files: Mapping[str, str],
    *,
    date: bool = True,
    prepare: Callable[[Path], object] = lambda folder: None,
) -> Iterator[Path]:
    """The folder of a new run, for this process to train in; a name that is taken gets _2, _3 and so on.

    It appears with all its first files in it, and with the lock of this process, or not at all. What other processes
    left behind that were killed before that is removed.

    Args:
        root: the folder of all runs.
        name: the name of the run.
        files: the text of each file by its name.
        date: end the name with the date.
        prepare: puts what else is to be there from the start into the folder that it gets.

    Raises `UserError` for a name that is not one folder, or where the folder cannot be made.
    """
    if not name or name in (".", "..") or Path(name).name != name:
        raise UserError(f"name: '{name}' is not the name of a folder")
    stem = f"{name}_{datetime.now():%y%m%d-%H%M%S}" if date else name
    temporary = root / f".new-run-{next(_numbers)}.{os.getpid()}.tmp"
    try:
        try:
            root.mkdir(parents=True, exist_ok=True)
            remove_abandoned(root, ".new-run-*.tmp")
            temporary.mkdir()
        except (FileExistsError, NotADirectoryError):
            raise UserError(f"saveroot: {root} is not a folder") from None
        except OSError as error:
            raise cannot_write(root / stem, error) from error
        with sole_writer(temporary):
            for file, text in files.items():
                write_text(temporary / file, text)
            prepare(temporary)
            yield _moved(temporary, root / stem)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


@contextmanager
def removed_on_failure(folder: Path) -> Iterator[None]:
    """Remove a folder where the block fails: what was made for nothing is not to stay."""
    try:
        yield
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise


def _moved(temporary: Path, path: Path) -> Path:
    """Move a folder to a path that is free, or to the first that is with a number behind it; returns where it is."""
    for count in itertools.count(1):
        target = path if count == 1 else path.with_name(f"{path.name}_{count}")
        try:
            if not os.path.lexists(target):
                os.rename(temporary, target)
                return target
        except OSError as error:
            if error.errno not in (errno.EEXIST, errno.ENOTEMPTY, errno.ENOTDIR):  # taken in this very moment
                raise cannot_write(target, error) from error
    raise AssertionError("there is always another number")


def remove_abandoned(root: Path, pattern: str) -> None:
    """Remove temporary folders whose process was killed: those below `root` with names like `pattern`, of which the
    last part but one is the number of a process, and whose `sole_writer` nobody is.
    """
    for path in root.glob(pattern):
        number = path.suffixes[-2][1:] if len(path.suffixes) > 1 else ""
        with suppress(FileNotFoundError):  # another process may do the same
            is_ours = number == str(os.getpid()) and path.lstat().st_mtime > _PROCESS_BEGAN  # another thread's
            if number.isdigit() and is_own_folder(path) and not is_ours and not is_at_work(int(number)):
                lock = try_lock(path / ".lock")
                if lock is not None:  # else it is that of another machine's process
                    shutil.rmtree(path, ignore_errors=True)
                    os.close(lock)


def run_folders(root: Path) -> list[Path]:
    """The folders of all runs under `root`, by name: those with a config."""
    if not root.is_dir():
        return []
    names = (path for path in sorted(root.iterdir()) if not path.name.startswith("."))
    return [path for path in names if os.path.lexists(path / CONFIG)]


def select_runs(wanted: str | Sequence[str], root: Path) -> list[Path]:
    """The folders of several runs, each once.

    Args:
        wanted: `all`, a pattern such as `vec_*`, or what `find_run` understands; or a list of these.
        root: the folder of all runs. Patterns stand for folders below it, in the order of their names.

    Raises `UserError` where a pattern fits no run, or one is not there.
    """
    found: dict[Path, None] = {}
    for one in (wanted,) if isinstance(wanted, str) else wanted:
        is_name = one != "all" and any(is_regular(path / CONFIG) for path in (root / one, Path(one)))
        if not is_name and (one == "all" or any(sign in one for sign in "*?[")):
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
