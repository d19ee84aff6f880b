"""The script for Slurm, run by bash with a stand-in for `scontrol`."""

import os
import signal
import subprocess
import time

import pytest

from omnilearn.errors import UserError
from sae_src.sweeps.batch_script import batch_script

STAND_IN = """#!/bin/bash
trap 'echo saved; exit 4' USR1
echo "task $1"; touch started
if [ "$1" = 1 ]; then exit 0; fi
for _ in {1..200}; do sleep 0.05; done
"""


def started(tmp_path, task: int) -> subprocess.Popen:
    for name, text in (("work", STAND_IN), ("scontrol", '#!/bin/bash\necho "scontrol $*"\n')):
        (tmp_path / name).write_text(text)
        (tmp_path / name).chmod(0o755)
    text = batch_script("my sweep", [str(tmp_path / "work")], [1, 2, 5], {"cpus_per_task": 4}, str(tmp_path))
    (tmp_path / "script").write_text(text)
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


@pytest.mark.parametrize("number", [signal.SIGUSR1, signal.SIGTERM])
def test_a_task_that_is_stopped_goes_back_into_the_queue(tmp_path, number):
    process = started(tmp_path, 2)
    while not (tmp_path / "started").exists():
        time.sleep(0.01)
    process.send_signal(number)
    out, _ = process.communicate(timeout=60)
    assert (process.returncode, out) == (4, "task 2\nsaved\nscontrol requeue 77_2\n")
