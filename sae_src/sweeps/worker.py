"""A command that runs as a process of its own, with its output in a file."""

import os
import re
import signal
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from omnilearn.errors import UserError
from omnilearn.training.interruption import STOPPED, TIME_LIMIT
from sae_src.run import ROOT

_PROGRAMS = ("fig", "main.py")
_PROGRESS = re.compile(r"step (\d+)/(\d+)  loss (\S+).*?(\S+ (?:steps/s|s/step))")
_TAIL = 8192  # bytes
# Processes that were killed, not by their own doing, are gone on with as those that were stopped.
_INTERRUPTED = (STOPPED, TIME_LIMIT, 130)


@dataclass(frozen=True)
class Training:
    """How far a training is, as it says itself."""

    step: int
    budget: int
    loss: str
    pace: str


class Worker:
    """A process and its log.

    Args:
        words: the command, without the program.
        log: the file that its output is added to.
        lock: the handle of a lock that is to last as long as the process.
        environment: variables that it gets beside those of this process.
    """

    def __init__(self, words: Sequence[str], log: Path, lock: int, environment: dict[str, str]) -> None:
        self.log = log
        log.parent.mkdir(parents=True, exist_ok=True)
        with log.open("ab") as file:
            file.write(f"$ fig {' '.join(words)}\n".encode())
            file.flush()
            self._start = file.tell()
            self._process = subprocess.Popen(
                [sys.executable, program_file(), *words],
                stdin=subprocess.DEVNULL,
                stdout=file,
                stderr=subprocess.STDOUT,
                env={**os.environ, **environment},
                pass_fds=(lock,),
                start_new_session=True,  # Ctrl-C is for the sweep, which stops its processes itself
            )

    def poll(self) -> int | None:
        """The exit code, None while it runs; negative for the signal that killed it."""
        return self._process.poll()

    @property
    def was_interrupted(self) -> bool:
        """Whether it ended without a mistake, but before the end."""
        code = self.poll()
        return code is not None and (code < 0 or code in _INTERRUPTED)

    def stop(self, number: signal.Signals) -> None:
        """Send a signal to the process and those that it has started."""
        if self.poll() is None:
            try:
                os.killpg(self._process.pid, number)
            except ProcessLookupError:
                return

    def wait(self, seconds: float | None = None) -> bool:
        """Whether it has ended within so many seconds."""
        try:
            self._process.wait(seconds)
            return True
        except subprocess.TimeoutExpired:
            return False

    def training(self) -> Training | None:
        """How far it is, where it trains and has said so."""
        found = list(_PROGRESS.finditer(self._tail()))
        return Training(int(found[-1][1]), int(found[-1][2]), found[-1][3], found[-1][4]) if found else None

    def last_line(self) -> str:
        """The last line that it has written that is not empty."""
        lines = [line.strip() for line in self._tail().splitlines() if line.strip()]
        return lines[-1] if lines else "it wrote nothing"

    def _tail(self) -> str:
        try:
            with self.log.open("rb") as file:
                return _end_of(file, self._start)
        except OSError as error:
            raise UserError(f"{self.log}: cannot be read: {error.strerror or error}") from error


def program_file() -> str:
    """The program to start: the one that runs, or else that of the project."""
    return sys.argv[0] if Path(sys.argv[0]).name in _PROGRAMS and Path(sys.argv[0]).is_file() else str(ROOT / "main.py")


def _end_of(file: BinaryIO, start: int) -> str:
    size = file.seek(0, os.SEEK_END)
    file.seek(max(start, size - _TAIL))
    return file.read().decode("utf-8", "replace")
