"""A sweep on a cluster with Slurm, through submitit: a task for each run, put back into the queue if need be.

submitit keeps a task as a pickle in a folder of its own; only the task itself and its job read it.
"""

import os
import shlex
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from omnilearn.errors import UserError, first_line
from omnilearn.training.interruption import STOPPED
from sae_src.run import ROOT
from sae_src.sweeps.slurm_options import SECONDS_TO_SAVE, minutes_of, sbatch_options
from sae_src.sweeps.slurm_task import RunTask

if TYPE_CHECKING:
    import submitit

Cluster = Literal["slurm", "local"]
_OURS = ("output", "error", "open-mode", "export")  # beside those of every array
_TIMEOUTS = 1000  # of a task: a run of many days on a queue of hours
_BETWEEN_LOOKS = 1.0  # seconds


def require_submitit() -> None:
    """Raise `UserError` where the package is missing."""
    try:
        import submitit  # noqa: F401
    except ImportError:
        raise UserError("submit needs submitit: pip install submitit") from None


class Submission:
    """Submits runs of a sweep.

    Args:
        cluster: where to; `local` stands for processes on this machine, all of them at once.
        name: that of the jobs.
        folder: for the files of the jobs and their logs; the tasks must see it too.
        options: options of `sbatch` by their names; `time` must be one.

    Raises `UserError` for an option that is wrong, and where there is no Slurm.
    """

    def __init__(self, cluster: Cluster, name: str, folder: Path, options: Mapping[str, Any]) -> None:
        require_submitit()
        import submitit

        given = sbatch_options(options, _OURS)
        if "time" not in given:
            raise UserError("slurm.time is missing: how long a task may take, such as --slurm.time 04:00:00")
        minutes = minutes_of(given["time"])
        self.folder = folder.absolute()
        self._is_local = cluster == "local"
        self._executor: submitit.Executor
        if self._is_local:
            local = submitit.LocalExecutor(self.folder, max_num_timeout=_TIMEOUTS)
            local.update_parameters(timeout_min=minutes, signal_delay_s=min(SECONDS_TO_SAVE, round(30 * minutes)))
            self._executor = local
            return
        try:
            slurm = submitit.SlurmExecutor(self.folder, max_num_timeout=_TIMEOUTS)
        except RuntimeError:
            raise UserError("submit: there is no Slurm here (no srun); --submit local tries it without") from None
        slurm.update_parameters(
            job_name=name,
            time=max(1, round(minutes)),
            signal_delay_s=SECONDS_TO_SAVE,
            additional_parameters={**given, "requeue": True},
        )
        self._executor = slurm

    def submit(self, commands: Sequence[Sequence[str]]) -> "list[submitit.Job[int]]":
        """Submit a task for each command; `UserError` where the cluster refuses."""
        import submitit

        if not commands:
            return []
        tasks = [RunTask(tuple(command), str(Path.cwd()), STOPPED, SECONDS_TO_SAVE) for command in commands]
        try:
            with _found_from_anywhere(), self._executor.batch():
                return [self._executor.submit(task) for task in tasks]
        except (submitit.core.utils.FailedJobError, submitit.core.utils.FailedSubmissionError, OSError) as error:
            raise UserError(f"submit: {first_line(error)}") from error

    def how_to_see(self, jobs: "Sequence[submitit.Job[int]]") -> str:
        """How to see what jobs do."""
        logs = f"their output: {shlex.quote(str(self.folder))}/JOB_0_log.out"
        if self._is_local:
            return logs
        ids = ",".join(dict.fromkeys(str(job.job_id).partition("_")[0] for job in jobs))
        return f"to see them: squeue -j {ids}; to end them: scancel {ids}\n{logs}"


def wait_for(jobs: "Sequence[submitit.Job[int]]", told: Callable[[int, str], None]) -> None:
    """Wait for jobs to end, well or not; `told` gets the place of each that has, and its state."""
    waiting = dict(enumerate(jobs))
    while waiting:
        for place, job in list(waiting.items()):
            if job.done():
                told(place, job.state)
                del waiting[place]
        if waiting:
            time.sleep(_BETWEEN_LOOKS)


@contextmanager
def _found_from_anywhere() -> Iterator[None]:
    """Let the processes that are started find this project where it is not installed: jobs take over the variables."""
    before = os.environ.get("PYTHONPATH")
    os.environ["PYTHONPATH"] = os.pathsep.join([str(ROOT), *([before] if before else [])])
    try:
        yield
    finally:
        if before is None:
            del os.environ["PYTHONPATH"]
        else:
            os.environ["PYTHONPATH"] = before
