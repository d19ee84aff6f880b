"""A sweep as an array job of Slurm, in a plain script: one task for each run."""

import shlex
from collections.abc import Mapping, Sequence
from typing import Any

from omnilearn.training.interruption import STOPPED
from sae_src.sweeps.slurm_options import SECONDS_TO_SAVE, sbatch_options


def batch_script(
    name: str, command: Sequence[str], numbers: Sequence[int], options: Mapping[str, Any], folder: str
) -> str:
    """The text of a script for `sbatch`.

    Before its time is over, or where it is preempted, a task saves, stops and is put back into the queue, and goes on.

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
            f'{shlex.join(command)} "$SLURM_ARRAY_TASK_ID" &',
            "child=$!",
            "trap 'kill -USR1 \"$child\"' USR1 TERM",
            'wait "$child"',
            "code=$?",
            'while kill -0 "$child" 2>/dev/null; do  # a signal ends `wait`, not the process',
            '    wait "$child"',
            "    code=$?",
            "done",
            f"if [ $code -eq {STOPPED} ]; then",
            '    scontrol requeue "${SLURM_ARRAY_JOB_ID}_${SLURM_ARRAY_TASK_ID}"',
            "fi",
            "exit $code",
            "",
        ]
    )
