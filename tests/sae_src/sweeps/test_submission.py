"""Runs of a sweep as tasks of a cluster: on submitit's local one, and what a stand-in for `sbatch` is given."""

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from omnilearn.errors import UserError
from omnilearn.files import read_json
from sae_src.sweeps.slurm_options import minutes_of
from sae_src.sweeps.slurm_task import RunTask
from sae_src.sweeps.submission import Submission

DATA = "d/vec --dataset.num-samples 600 --viz null --device cpu"
KEYS = "checkpoint.freq: 10, validation: null, records: null"
TEXT = f"sweep: {{models: {{A: hybrid a/conv12 m/ae}}, data: {DATA}, keys: {{budget: BUDGET, {KEYS}}}, seed: [0, 1]}}"
STOPPED = 4
# Saves where it is told to, and has then done half of what it does.
HALVES = """
import pathlib, signal, sys, time
place = pathlib.Path(sys.argv[1])
def save(*_):
    place.with_name("half").write_text("")
    sys.exit(4)
signal.signal(signal.SIGUSR1, save)
place.with_name(f"started-{place.with_name('half').exists()}").write_text("")
if not place.with_name("half").exists():
    time.sleep(60)
place.write_text("whole")
"""


@pytest.fixture
def file(tmp_path):
    def written(budget: int = 2):
        path = tmp_path / "small.yaml"
        path.write_text(TEXT.replace("BUDGET", str(budget)))
        return path

    return written


@pytest.fixture
def slurm(tmp_path, monkeypatch):
    """Stand-ins for the commands of Slurm; what `sbatch` was given is in the file that is returned."""
    programs = tmp_path / "bin"
    programs.mkdir()
    given = tmp_path / "given"
    for name, text in (("srun", ""), ("sbatch", f'cp "$1" "{given}"\necho Submitted batch job 77\n')):
        (programs / name).write_text(f"#!/bin/bash\n{text}")
        (programs / name).chmod(0o755)
    monkeypatch.setenv("PATH", f"{programs}:{os.environ['PATH']}")
    return given


@pytest.mark.parametrize(
    ("time", "minutes"),
    [(90, 90), ("90:30", 90.5), ("01:30:00", 90), ("1-12", 2160), ("1-12:30", 2190), ("1-0:0:30", 1440.5)],
)
def test_times(time, minutes):
    assert minutes_of(time) == minutes


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ("--submit maybe", "submit: must be yes or local, got maybe"),
        ("--submit local --slurm.time soon", "slurm.time: must be minutes, or such as 04:00:00"),
        ("--submit local --slurm.time 0", "slurm.time: must be longer than nothing"),
        ("--submit local", "slurm.time is missing"),
        ("--submit local --slurm.time 5 --slurm.array 3", "slurm.array: the script sets it itself"),
        ("--submit local --slurm.time 5 --slurm.output x", "slurm.output: the script sets it itself"),
        ("--submit local --slurm.time 5 --workers 2", "workers: has no effect with --submit"),
        ("--submit local --sbatch x.sh", "--sbatch and --submit: ask for one at a time"),
        ("--wait yes", "wait: has no effect without --submit"),
        ("--submit yes --slurm.time 5", "submit: there is no Slurm here"),
    ],
)
def test_words_that_are_refused(words, message, file, fig, runs, monkeypatch):
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(UserError) as error:
        fig(f"sweep {file()} {words}")
    assert str(error.value).startswith(message) and not list(runs.glob("*/config.yaml"))


def test_without_submitit(file, fig, monkeypatch):
    monkeypatch.setitem(sys.modules, "submitit", None)
    with pytest.raises(UserError, match=r"submit needs submitit: pip install submitit"):
        fig(f"sweep {file()} --submit local --slurm.time 5")


def test_what_slurm_is_given(file, fig, slurm, runs, capsys):
    options = "partition gpu", "time 04:00:00", "mem 16G", "gres gpu:1", "exclusive yes"
    assert fig(f"sweep {file()} --submit yes {' '.join(f'--slurm.{option}' for option in options)}") is None
    lines = slurm.read_text().splitlines()
    for option in (
        "partition=gpu",
        "time=04:00:00",
        "mem=16G",
        "gres=gpu:1",
        "exclusive",
        "requeue",
        "signal=USR2@120",
    ):
        assert f"#SBATCH --{option}" in lines
    assert "#SBATCH --array=0-1%2" in lines and "#SBATCH --job-name=small" in lines
    out = capsys.readouterr().out
    assert "77_0  1 A seed 0\n77_1  2 A seed 1\n" in out
    assert "squeue -j 77; to end them: scancel 77" in out
    assert (runs / "_sweeps" / "small" / "slurm" / "77_1_submitted.pkl").is_file()


def test_a_cluster_that_refuses(file, fig, slurm):
    (slurm.parent / "bin" / "sbatch").write_text("#!/bin/bash\necho invalid partition >&2\nexit 1\n")
    with pytest.raises(UserError, match=r"submit: .*invalid partition"):
        fig(f"sweep {file()} --submit yes --slurm.time 5 --only 1")


def ended(job) -> None:
    while not job.done():
        time.sleep(0.05)


@pytest.mark.slow
@pytest.mark.parametrize("minutes", ["5", "00:00:08"])
def test_a_task_that_has_to_end_saves_and_goes_on(minutes, tmp_path):
    """By a signal from outside, or four seconds before its eight are over."""
    place = tmp_path / "place"
    submission = Submission("local", "x", tmp_path / "jobs", {"time": minutes})
    (job,) = submission.submit([[sys.executable, "-c", HALVES, str(place)]])
    while not (tmp_path / "started-False").exists():
        time.sleep(0.05)
    if minutes == "5":
        preempt(job._process.pid)
    ended(job)
    assert place.read_text() == "whole" and (tmp_path / "started-True").exists()
    assert job.result() == 0
    assert "Requeued job" in job.stdout()


def test_a_run_that_failed_is_not_put_back(tmp_path):
    task = RunTask((sys.executable, "-c", "raise SystemExit(2)"), str(tmp_path), STOPPED, 120)
    with pytest.raises(RuntimeError, match="exit code 2"):
        task()
    assert task.checkpoint() is None


def test_a_system_without_waitid(tmp_path, monkeypatch):
    """As macOS was: a child that ends is noted once, also where a handler asks while the task waits for it."""
    monkeypatch.delattr(os, "waitid")
    task = RunTask((sys.executable, "-c", "import time; time.sleep(0.5)"), str(tmp_path), STOPPED, 120)
    asked = []
    before = signal.signal(signal.SIGUSR2, lambda *_: asked.append(task.checkpoint()))
    timer = threading.Timer(0.3, os.kill, (os.getpid(), signal.SIGUSR2))
    timer.start()
    try:
        with pytest.raises(RuntimeError, match=f"exit code -{int(signal.SIGUSR1)}"):
            task()
    finally:
        timer.cancel()
        timer.join()
        signal.signal(signal.SIGUSR2, before)
    assert [again.function.command for again in asked] == [task.command]


def test_a_run_that_had_only_just_begun_is_put_back(tmp_path):
    task = RunTask((sys.executable, "-c", "import time; time.sleep(60)"), str(tmp_path), STOPPED, 120)
    task._child = subprocess.Popen(task.command)
    again = task.checkpoint()
    assert task._child.returncode == -signal.SIGUSR1 and again.function.command == task.command


@pytest.mark.parametrize("is_cancelled", [False, True])
def test_a_run_that_stopped_by_itself_is_put_back(is_cancelled, tmp_path):
    """But not where the cluster has told every process of the task to end, as `scancel` does."""
    told = []
    cancel = "os.kill(os.getppid(), signal.SIGTERM); time.sleep(0.1)" if is_cancelled else ""
    words = sys.executable, "-c", f"import os, signal, time; {cancel}\nraise SystemExit({STOPPED})"
    task = RunTask(words, str(tmp_path), STOPPED, 120)
    terminated = signal.getsignal(signal.SIGTERM)
    before = signal.signal(signal.SIGUSR2, lambda *_: told.append(task.checkpoint()))
    try:
        with pytest.raises(RuntimeError, match="exit code 4"):  # submitit's own handler ends the process before
            task()
    finally:
        signal.signal(signal.SIGUSR2, before)
    assert [again.function.command for again in told] == ([] if is_cancelled else [words])
    assert signal.getsignal(signal.SIGTERM) == terminated


@pytest.mark.parametrize(("seconds_to_save", "is_back"), [(120, False), (10, True)])
def test_a_run_that_is_cancelled_while_it_saves_is_not_put_back(seconds_to_save, is_back, tmp_path):
    """Unless it is told to end since its time is over: then that was not enough to save."""
    cancel = "os.kill(os.getppid(), signal.SIGTERM); time.sleep(0.1); raise SystemExit(4)"
    code = f"import os, signal, sys, time\ndef save(*_): {cancel}\nsignal.signal(signal.SIGUSR1, save)"
    words = sys.executable, "-c", f"{code}\nopen('ready', 'w').close(); time.sleep(60)"
    task = RunTask(words, str(tmp_path), STOPPED, seconds_to_save)
    task._child = subprocess.Popen(words, cwd=tmp_path)
    while not (tmp_path / "ready").exists():
        time.sleep(0.01)
    before = signal.signal(signal.SIGTERM, task._end)
    try:
        assert (task.checkpoint() is not None) == is_back
    finally:
        signal.signal(signal.SIGTERM, before)


@pytest.mark.slow
def test_a_sweep_on_the_local_cluster_whose_task_is_preempted(file, fig, runs, capsys):
    def preempt_later():
        while not list(runs.glob("*/ckpt10")):
            time.sleep(0.02)
        (log,) = (runs / "_sweeps" / "small" / "slurm").glob("*.out")
        preempt(int(log.name.partition("_")[0]))

    words = f"sweep {file(budget=100)} --submit local --slurm.time 5 --only 2 --wait yes"
    thread = threading.Thread(target=preempt_later, daemon=True)
    thread.start()
    outcome = fig(words)
    thread.join()
    assert [job.seed for job in outcome.done] == [1]
    (run,) = [path.parent for path in runs.glob("*/config.yaml")]
    assert read_json(run / "eval.json")["step"] == 100
    (log,) = (runs / "_sweeps" / "small" / "slurm").glob("*.out")
    assert f"A seed 1: going on with {run.name}" in log.read_text()
    assert "A seed 1: FINISHED" in capsys.readouterr().out
    assert fig(words).done == outcome.done and "FINISHED" not in capsys.readouterr().out


def preempt(controller: int) -> None:
    """As the cluster does, tell all processes of a task."""
    (task,) = children(controller)
    for process in (task, *children(task)):
        os.kill(process, signal.SIGUSR2)


def children(process: int) -> list[int]:
    return [int(number) for number in Path(f"/proc/{process}/task/{process}/children").read_text().split()]
