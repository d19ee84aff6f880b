"""What a task of a cluster does: one run of a sweep in a process of its own, saved before the task has to end.

It imports nothing of this project: the task needs no memory for it.
"""

import os
import signal
import subprocess
import time
from dataclasses import dataclass, field
from types import FrameType
from typing import Any

_PAUSE = 0.1  # seconds
_REQUEUE_SIGNAL = "SUBMITIT_PREEMPT_SIGNAL"  # the variable that names submitit's signal


@dataclass
class RunTask:
    """Called by submitit on the machine of the task.

    Attributes:
        command: the program and its words.
        folder: where it runs.
        stopped: its exit code where it has saved and can go on.
        seconds_to_save: how long before its time is over the task is told so.
    """

    command: tuple[str, ...]
    folder: str
    stopped: int
    seconds_to_save: float
    _child: "subprocess.Popen[bytes] | None" = field(default=None, init=False, repr=False)
    _is_cancelled: bool = field(default=False, init=False, repr=False)
    _nearly_over: float | None = field(default=None, init=False, repr=False)  # since when

    def __call__(self) -> int:
        """Make the run; raises `RuntimeError` where it failed."""
        before = signal.signal(signal.SIGTERM, self._end)
        try:
            self._child = subprocess.Popen(
                self.command,
                cwd=self.folder,
                stdin=subprocess.DEVNULL,
                # Slurm sends the signal to every process of the task: it is for this one, which passes on its own.
                preexec_fn=lambda: signal.signal(_requeue_signal(), signal.SIG_IGN),
            )
            code = _exit_code(self._child)
        finally:
            signal.signal(signal.SIGTERM, before)
        if code == self.stopped and not self._is_cancelled:  # by a time limit of its own
            signal.raise_signal(_requeue_signal())
        if code != 0:
            raise RuntimeError(f"exit code {code}: {' '.join(self.command)}")
        return code

    def checkpoint(self) -> Any:
        """Called before the time is over: let the run save and end; returns what to put into the queue, None where the
        run failed or was cancelled meanwhile.
        """
        from submitit.helpers import DelayedSubmission

        self._nearly_over = time.monotonic()
        if self._child is not None:
            # Not by its own methods: this runs in a signal's handler, while `__call__` waits for the same process.
            if self._child.returncode is None:
                os.kill(self._child.pid, signal.SIGUSR1)
            # One that the signal has killed had only just begun.
            if _exit_code(self._child) not in (0, self.stopped, -signal.SIGUSR1):
                return None
        if self._is_cancelled:
            return None
        return DelayedSubmission(RunTask(self.command, self.folder, self.stopped, self.seconds_to_save))

    def _end(self, number: int, frame: FrameType | None) -> None:
        """Slurm has told every process of the task to end: the run saves by itself. Where the task was preempted and
        not cancelled, Slurm puts it back into the queue. Where its time was not enough to save, it still goes back.
        """
        since = self._nearly_over
        self._is_cancelled = since is None or time.monotonic() - since < self.seconds_to_save - 10


def _exit_code(child: "subprocess.Popen[bytes]") -> int:
    """Wait for a child; negative for the signal that killed it.

    It may be called, in a signal's handler, while it waits already: no handler runs between the end of the child and
    the note of it. (`os.waitid`, which would ask twice, is missing on macOS before Python 3.13.)
    """
    while child.returncode is None:
        before = signal.pthread_sigmask(signal.SIG_BLOCK, [_requeue_signal()])
        try:
            if child.returncode is None:  # else a handler that has just run has noted it
                number, status = os.waitpid(child.pid, os.WNOHANG)
                if number:
                    child.returncode = os.waitstatus_to_exitcode(status)
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)
        if child.returncode is None:
            time.sleep(_PAUSE)
    return child.returncode


def _requeue_signal() -> int:
    return int(getattr(signal, f"SIG{os.environ.get(_REQUEUE_SIGNAL, 'USR2')}"))
