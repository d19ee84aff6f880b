"""A sweep as an array job of Slurm, in a plain script: one task for each run."""

import shlex
import signal
from collections.abc import Mapping, Sequence
from typing import Any

from omnilearn.training.interruption import STOPPED
from sae_src.sweeps.slurm_options import SECONDS_TO_SAVE, sbatch_options


def batch_script(
    name: str, command: Sequence[str], numbers: Sequence[int], options: Mapping[str, Any], folder: str
) -> str:
    """The text of a script for `sbatch`.

    Before its time is over, a task saves, stops and is put back into the queue, and goes on. One that is told to end
    (SIGTERM) saves and stops: after a preemption, Slurm puts it back by itself; after `scancel`, it stays out.

    Args:
        name: the name of the job.
        command: what a task runs, with the number of its run to follow.
        numbers: the numbers of the runs.
        options: further options of `sbatch`, by their long names.
        folder: where it runs.

    Raises `UserError` for an option that the script sets itself, or that does not fit on a line.
    """
    given = sbatch_options(options)
    ours = {
        "job-name": shlex.quote(name),
        "array": ",".join(map(str, numbers)),
        "signal": f"B:USR1@{SECONDS_TO_SAVE}",
        "requeue": True,
    }
    lines = [
        f"#SBATCH --{key}" if value is True else f"#SBATCH --{key}={value}" for key, value in (ours | given).items()
    ]
    return "\n".join(
        [
            "#!/bin/bash",
            *lines,
            f"cd {shlex.quote(folder)} || exit 2",
            "child= over= cancelled=  # since when its time is nearly over; whether it was told to end before it was",
            'tell() { [ -z "$child" ] || kill -USR1 "$child"; }',
            "trap 'over=$SECONDS; tell' USR1",
            f"trap '[ $((SECONDS - ${{over:-$SECONDS}})) -ge {SECONDS_TO_SAVE - 10} ] || cancelled=yes; tell' TERM",
            f'{shlex.join(command)} "$SLURM_ARRAY_TASK_ID" &',
            "child=$!",
            '[ -z "$over$cancelled" ] || tell  # what came before there was a number to tell it to',
            'while kill -0 "$child" 2>/dev/null; do  # a signal ends `wait`, not the process',
            '    wait "$child"',
            "done",
            'wait "$child"  # gives its code again',
            "code=$?",
            # A task that the signal has killed had only just begun.
            f'if [ -z "$cancelled" ] && {{ [ $code -eq {STOPPED} ] || [ $code -eq {128 + signal.SIGUSR1} ]; }}; then',
            '    scontrol requeue "${SLURM_ARRAY_JOB_ID}_${SLURM_ARRAY_TASK_ID}"',
            "fi",
            "exit $code",
            "",
        ]
    )
