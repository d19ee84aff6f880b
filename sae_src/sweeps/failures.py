"""What is remembered of the runs of sweeps that failed, so that they are told and not tried again unasked."""

import os
from dataclasses import asdict, dataclass
from pathlib import Path

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


class Failures:
    """The failures in a folder, one file each, by the identity of the run."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def get(self, identity: str) -> Failure | None:
        """The failure of a run, None where there is none."""
        path = self._path(identity)
        if not os.path.lexists(path):
            return None
        try:
            return Failure(**read_json(path))
        except TypeError:
            raise UserError(f"{path}: damaged; remove it") from None

    def add(self, identity: str, failure: Failure) -> None:
        """Remember a failure."""
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise cannot_write(self._folder, error) from error
        write_json(self._path(identity), asdict(failure))

    def forget(self, identity: str) -> None:
        """Forget the failure of a run, if there is one."""
        self._path(identity).unlink(missing_ok=True)

    def _path(self, identity: str) -> Path:
        return self._folder / f"{identity}.json"
