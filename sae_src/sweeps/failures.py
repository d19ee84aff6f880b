"""What is remembered of the runs of sweeps that failed or were killed, so that they are not tried for ever unasked."""

import os
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Generic, TypeVar

from omnilearn.errors import UserError
from omnilearn.files import cannot_write, read_json, write_json


@dataclass(frozen=True)
class Failure:
    """Which step of a run failed.

    Attributes:
        step: its name.
        code: the exit code of its command.
        line: the last line of its log.
        log: the file of its log.
    """

    step: str
    code: int
    line: str
    log: str


@dataclass(frozen=True)
class Death:
    """Where a run was when a signal killed its process.

    Attributes:
        step: the name of the step.
        saved: training steps saved.
    """

    step: str
    saved: int


Note = TypeVar("Note", bound=Failure | Death)


class Notes(Generic[Note]):
    """Notes in a folder, one file each, by the identity of the run.

    Args:
        folder: the folder.
        kind: what a note is.
    """

    def __init__(self, folder: Path, kind: type[Note]) -> None:
        self._folder, self._kind = folder, kind

    def get(self, identity: str) -> Note | None:
        """The note of a run, None where there is none."""
        path = self._path(identity)
        if not os.path.lexists(path):
            return None
        try:
            return self._kind(**read_json(path))
        except TypeError:
            raise UserError(f"{path}: damaged; remove it") from None

    def add(self, identity: str, note: Note) -> None:
        """Remember it."""
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise cannot_write(self._folder, error) from error
        write_json(self._path(identity), asdict(note))

    def forget(self, identity: str) -> None:
        """Forget the note of a run, if there is one."""
        self._path(identity).unlink(missing_ok=True)

    def _path(self, identity: str) -> Path:
        return self._folder / f"{identity}.json"
