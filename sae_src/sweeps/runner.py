"""Makes the runs of a sweep, several at a time, beside other processes that may make runs of the same sweep.

Whoever works on a run holds a lock of its identity, which the process that trains inherits: where the sweep is killed,
the lock lasts until its processes have ended too, so no run is made twice.
"""

import os
import re
import signal
import time
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType
from typing import Any

from omnilearn.errors import counted
from omnilearn.locks import is_being_trained, try_lock
from omnilearn.system import cores
from omnilearn.training.interruption import Handlers
from sae_src.sweeps.display import AtWork, Display
from sae_src.sweeps.existing import ExistingRuns, steps_saved
from sae_src.sweeps.failures import Death, Failure, Notes
from sae_src.sweeps.plan import Job
from sae_src.sweeps.steps import Step, steps_left
from sae_src.sweeps.worker import Worker

_PAUSE, _BETWEEN_LOOKS = 0.1, 2.0  # seconds
_TRAINING_SHARE = 0.9  # of the time that a run is expected to take, where evaluations follow


@dataclass
class Active:
    """A run that is worked on here."""

    job: Job
    step: Step
    worker: Worker
    lock: int
    slot: int


@dataclass
class Outcome:
    """What became of the runs of a sweep.

    Attributes:
        done: those that are finished with all that comes after.
        failed: those that failed, now or before.
        interrupted: those that were stopped or killed, with the step they were at.
        stopped_by: the name of the signal that ended the sweep before its end.
    """

    done: list[Job] = field(default_factory=list)
    failed: list[tuple[Job, Failure]] = field(default_factory=list)
    interrupted: list[tuple[Job, Step]] = field(default_factory=list)
    stopped_by: str | None = None


class Runner:
    """Makes runs.

    Args:
        root: the folder of all runs.
        folder: that of the files of sweeps, for locks and failures.
        logs: that of this sweep's logs.
        then: what comes after training.
        slots: for each process that runs at a time, the variables that it gets.
        accept_changes: go on with runs that another version of torch, or another device, has begun.
    """

    def __init__(
        self,
        root: Path,
        folder: Path,
        logs: Path,
        then: Sequence[str],
        slots: Sequence[dict[str, str]],
        *,
        accept_changes: bool = False,
    ) -> None:
        self.failures, self._deaths = Notes(folder / "failed", Failure), Notes(folder / "killed", Death)
        self._root, self._locks, self._logs, self._then, self._slots = root, folder / "locks", logs, then, slots
        self._accept_changes = accept_changes
        self._existing = ExistingRuns(root)
        self._signals: list[int] = []

    def left(self, job: Job) -> list[Step]:
        """What is left to do for a run."""
        run = self._existing.find(job.identity)
        return steps_left(job, run, self._then, self._root, accept_changes=self._accept_changes)

    def look(self, jobs: Sequence[Job], outcome: Outcome) -> None:
        """Add to `outcome` what has become of runs that other processes were to make."""
        for job in jobs:
            left, failure = self.left(job), self.failures.get(job.identity)
            if not left:
                outcome.done.append(job)
            elif failure is not None and failure.step == left[0].name:
                outcome.failed.append((job, failure))
            else:
                outcome.interrupted.append((job, left[0]))

    def run(self, jobs: Sequence[Job], outcome: Outcome, show: Display) -> None:
        """Make runs until all are done, failed or interrupted, and add them to `outcome`."""
        active: list[Active] = []
        with Handlers(self._notice):
            try:
                self._make(jobs, active, outcome, show)
            finally:
                for each in active:  # an error of our own: the processes go on, and hold their locks
                    os.close(each.lock)

    def _make(self, jobs: Sequence[Job], active: list[Active], outcome: Outcome, show: Display) -> None:
        """Make runs; those that are worked on are in `active`."""
        waiting, elsewhere, last_look = deque(jobs), deque[Job](), time.monotonic()
        while waiting or elsewhere or active:
            if self._signals:
                outcome.stopped_by = signal.Signals(self._signals[0]).name
                self._stop(active, outcome, show)
                return
            if elsewhere and time.monotonic() - last_look > _BETWEEN_LOOKS:
                waiting.extend(elsewhere)
                elsewhere.clear()
                last_look = time.monotonic()
            while waiting and len(active) < len(self._slots):
                job = waiting.popleft()
                if not self._begin(job, active, outcome, show):
                    elsewhere.append(job)
            for each in [each for each in active if each.worker.poll() is not None]:
                active.remove(each)
                self._ended(each, active, outcome, show)
            at_work = [_at_work(each, self._then) for each in active]
            show.update(len(outcome.done), len(outcome.failed), at_work)
            time.sleep(_PAUSE)

    def _begin(self, job: Job, active: list[Active], outcome: Outcome, show: Display) -> bool:
        """Take up a run; False where another process works on it."""
        lock = try_lock(self._locks / job.identity)
        if lock is None:
            return False
        run = self._existing.find(job.identity)
        if run is not None and is_being_trained(run):
            os.close(lock)
            return False
        taken = {each.slot for each in active}
        self._go_on(
            job, lock, next(slot for slot in range(len(self._slots)) if slot not in taken), active, outcome, show
        )
        return True

    def _go_on(
        self,
        job: Job,
        lock: int,
        slot: int,
        active: list[Active],
        outcome: Outcome,
        show: Display,
        after: Step | None = None,
    ) -> None:
        """Start what comes next for a run, `after` a step that ended well; or give up its lock."""
        left = self.left(job)
        failure = self.failures.get(job.identity)
        if not left:
            self.failures.forget(job.identity)
            self._deaths.forget(job.identity)
            outcome.done.append(job)
            show.event(f"{job.title}: done")
        elif after is not None and left[0].name == after.name:
            self._failed(job, after, 0, "it ended without the results that it was to make", outcome, show)
        elif failure is not None and failure.step == left[0].name:
            outcome.failed.append((job, failure))
            show.event(f"{job.title}: failed before: {failure.line} (--retry failed tries again)")
        else:
            step = left[0]
            worker = Worker(step.words, self._log(job), lock, self._slots[slot])
            active.append(Active(job, step, worker, lock, slot))
            show.event(f"{job.title}: {_words(step)}")
            return
        os.close(lock)

    def _ended(self, each: Active, active: list[Active], outcome: Outcome, show: Display) -> None:
        code = each.worker.poll()
        if code == 0:
            self._go_on(each.job, each.lock, each.slot, active, outcome, show, after=each.step)
            return
        assert code is not None
        if code < 0 and self._is_killed_again(each):
            line = f"{_how(code)} again, with no further step saved since the last time (too little memory?)"
            self._failed(each.job, each.step, code, line, outcome, show)
        elif each.worker.was_interrupted:
            outcome.interrupted.append((each.job, each.step))
            show.forget(each.job.title)
            show.event(f"{each.job.title}: interrupted in {each.step.name}: {_how(code)}")
        else:
            self._failed(each.job, each.step, code, each.worker.last_line(), outcome, show)
        os.close(each.lock)

    def _is_killed_again(self, each: Active) -> bool:
        """Whether a process that a signal has killed had been killed before, with as many steps saved: on a cluster
        it would be put back into the queue for ever.
        """
        run = self._existing.find(each.job.identity)
        death = Death(each.step.name, 0 if run is None else steps_saved(run))
        if self._deaths.get(each.job.identity) == death:
            return True
        self._deaths.add(each.job.identity, death)
        return False

    def _failed(self, job: Job, step: Step, code: int, line: str, outcome: Outcome, show: Display) -> None:
        failure = Failure(step.name, code, line, str(self._log(job)))
        self.failures.add(job.identity, failure)
        self._deaths.forget(job.identity)  # to try again is to begin anew
        outcome.failed.append((job, failure))
        show.forget(job.title)
        show.event(f"{job.title}: failed in {step.name}: {line}")

    def _stop(self, active: list[Active], outcome: Outcome, show: Display) -> None:
        """Let all processes save and end; a second signal kills them."""
        show.event(f"stopping {counted(len(active), 'run')} (Ctrl-C again kills)")
        for each in active:
            each.worker.stop(signal.SIGTERM)
        for each in list(active):
            while not each.worker.wait(_PAUSE):
                if len(self._signals) > 1:
                    each.worker.stop(signal.SIGKILL)
            outcome.interrupted.append((each.job, each.step))
            os.close(each.lock)
            active.remove(each)

    def _notice(self, number: int, frame: FrameType | None) -> None:
        self._signals.append(number)

    def _log(self, job: Job) -> Path:
        name = re.sub(r"[^\w.-]+", "-", job.title).strip("-.")
        return self._logs / f"{name}-{job.identity[:6]}.log"


def slots_for(workers: int, gpus: Sequence[int | str]) -> list[dict[str, str]]:
    """The variables of each of some processes: the cores shared out, and the GPUs in turn."""
    threads = str(max(1, cores() // workers))
    shared: dict[str, Any] = {} if workers == 1 else {"OMP_NUM_THREADS": threads, "LOKY_MAX_CPU_COUNT": threads}
    return [shared | ({"CUDA_VISIBLE_DEVICES": str(gpus[slot % len(gpus)])} if gpus else {}) for slot in range(workers)]


def _at_work(each: Active, then: Sequence[str]) -> AtWork:
    """How far a run is that is worked on."""
    training_share = _TRAINING_SHARE if then else 1.0
    if each.step.name != "train":
        share = training_share + (1 - training_share) * then.index(each.step.name) / len(then)
        return AtWork(each.job.title, each.step.name, share)
    training = each.worker.training()
    if training is None:
        return AtWork(each.job.title, "starting", None)
    state = f"step {training.step}/{training.budget}, loss {training.loss}, {training.pace}"
    return AtWork(each.job.title, state, training_share * training.step / training.budget)


def _words(step: Step) -> str:
    return f"going on with {step.words[2]}" if step.words[:2] == ("train", "--resume") else step.name


def _how(code: int) -> str:
    return f"killed by {signal.Signals(-code).name}" if code < 0 else f"exit code {code}"
