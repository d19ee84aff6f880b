"""The script for Slurm, run by bash with a stand-in for `scontrol`."""

import os
import signal
import subprocess
import time
from pathlib import Path

import pytest

from omnilearn.errors import UserError
from sae_src.sweeps.batch_script import batch_script

STAND_IN = """#!/bin/bash
trap 'echo saved; exit 4' USR1
echo "task $1"; touch started
if [ "$1" = 1 ]; then exit 0; fi
for _ in {1..200}; do sleep 0.05; done
"""


def started(tmp_path, task: int, work: str = STAND_IN, *, change: tuple[str, str] = ("", "")) -> subprocess.Popen:
    for name, text in (("work", work), ("scontrol", '#!/bin/bash\necho "scontrol $*"\n')):
        (tmp_path / name).write_text(text)
        (tmp_path / name).chmod(0o755)
    text = batch_script("my sweep", [str(tmp_path / "work")], [1, 2, 5], {"cpus_per_task": 4}, str(tmp_path))
    (tmp_path / "script").write_text(text.replace(*change) if change[0] else text)
    variables = {
        "SLURM_ARRAY_TASK_ID": str(task),
        "SLURM_ARRAY_JOB_ID": "77",
        "PATH": f"{tmp_path}:{os.environ['PATH']}",
    }
    return subprocess.Popen(["bash", str(tmp_path / "script")], env=variables, stdout=subprocess.PIPE, text=True)


def test_options():
    lines = batch_script("my sweep", ["fig"], [1, 2, 5], {"cpus_per_task": 4, "exclusive": True}, "/a b").splitlines()
    assert lines[0] == "#!/bin/bash"
    for line in ("job-name='my sweep'", "array=1,2,5", "signal=B:USR1@120", "requeue", "cpus-per-task=4", "exclusive"):
        assert f"#SBATCH --{line}" in lines
    assert "cd '/a b' || exit 2" in lines
    for options in ({"array": "1-3"}, {"time": "1\n2"}):
        with pytest.raises(UserError, match="slurm"):
            batch_script("x", ["fig"], [1], options, "/")


def test_a_task_that_ends(tmp_path):
    process = started(tmp_path, 1)
    out, _ = process.communicate(timeout=60)
    assert (process.returncode, out) == (0, "task 1\n")


def told(process: subprocess.Popen, folder: Path, *signals: tuple[float, signal.Signals]) -> tuple[int, str]:
    """Wait until a task is at work, send it signals after so many seconds each; its exit code and output."""
    while not (folder / "started").exists():
        time.sleep(0.01)
    for seconds, number in signals:
        time.sleep(seconds)
        process.send_signal(number)
    out, _ = process.communicate(timeout=60)
    return process.returncode, out


def test_a_task_whose_time_is_nearly_over_goes_back_into_the_queue(tmp_path):
    ended = told(started(tmp_path, 2), tmp_path, (0, signal.SIGUSR1))
    assert ended == (4, "task 2\nsaved\nscontrol requeue 77_2\n")


@pytest.mark.slow
@pytest.mark.parametrize("slow", ['"$SLURM_ARRAY_TASK_ID" &\n', "child=$!\n"])
def test_a_signal_that_comes_as_the_task_begins_is_not_lost(slow, tmp_path):
    process = started(tmp_path, 2, change=(slow, f"{slow}sleep 1\n"))
    assert told(process, tmp_path, (0, signal.SIGUSR1)) == (4, "task 2\nsaved\nscontrol requeue 77_2\n")


def test_a_task_that_is_cancelled_saves_and_stays_out_of_the_queue(tmp_path):
    """`scancel` sends SIGTERM; so does a preemption, after which Slurm itself puts the task back."""
    ended = told(started(tmp_path, 2), tmp_path, (0, signal.SIGTERM))
    assert ended == (4, "task 2\nsaved\n")


@pytest.mark.slow
@pytest.mark.parametrize(("seconds", "is_back"), [(0, False), (2.5, True)])
def test_a_task_that_is_told_to_end_while_it_saves(seconds, is_back, tmp_path, monkeypatch):
    """Before its time is over it is cancelled; after that its time was not enough to save."""
    monkeypatch.setattr("sae_src.sweeps.batch_script.SECONDS_TO_SAVE", 11)  # so that one second is nearly all of them
    process = started(tmp_path, 2, STAND_IN.replace("trap 'echo saved", "trap 'sleep 3; echo saved"))
    code, out = told(process, tmp_path, (0, signal.SIGUSR1), (seconds, signal.SIGTERM))
    assert (code, "requeue 77_2" in out) == (4, is_back)


def test_a_task_that_had_only_just_begun_goes_back_into_the_queue(tmp_path):
    code, out = told(started(tmp_path, 2, STAND_IN.replace("trap", "# trap")), tmp_path, (0, signal.SIGUSR1))
    assert (code, out) == (128 + signal.SIGUSR1, "task 2\nscontrol requeue 77_2\n")
