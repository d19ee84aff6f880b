"""A training outlives its console: a pipe that nobody reads any more, a terminal that is closed."""

import contextlib
import fcntl
import os
import pty
import signal
import subprocess
import sys
import termios
import time

import pytest

from omnilearn.runs.checkpoint import checkpoint_steps
from tests.command_lines import with_keys
from tests.conftest import ROOT
from tests.omnilearn.training.test_resume import KEYS, METHODS, finish, hear, kill_at, start

TRAIN = f"{METHODS['ae']} {KEYS}"
pytestmark = pytest.mark.slow  # every test starts a process
FIG = f"{sys.executable} {ROOT / 'main.py'}"


def shell(line: str) -> subprocess.CompletedProcess:
    """Run a line with pipes; the exit code is that of its first command."""
    words = ["bash", "-c", f"set -o pipefail; {line}"]
    return subprocess.run(words, capture_output=True, text=True, check=False, timeout=180)


@pytest.mark.parametrize("pipe", ["| head -3", "2>&1 | head -1", "| true"])
def test_a_closed_pipe(pipe, runs):
    result = shell(f"{FIG} train {TRAIN} --name piped {pipe}")
    assert (result.returncode, result.stderr) == (0, "")
    assert checkpoint_steps(runs / "piped")[-1] == 40
    assert (runs / "piped" / "eval.json").is_file()


@pytest.mark.parametrize("words", ["-h", "train -h"])
def test_a_closed_pipe_of_the_help(words):
    result = shell(f"{FIG} {words} | head -1")
    assert (result.returncode, result.stderr) == (0, "")
    assert result.stdout.count("\n") == 1


def test_a_log_on_a_full_disk(runs):
    result = shell(f"{FIG} train {TRAIN} --name full > /dev/full")
    assert (result.returncode, result.stderr) == (0, "")
    assert checkpoint_steps(runs / "full")[-1] == 40


def test_no_output_at_all(runs):
    result = shell(f"{FIG} train {TRAIN} --name closed >&- 2>&-")
    assert result.returncode == 0
    assert checkpoint_steps(runs / "closed")[-1] == 40


def own_terminal() -> None:
    """Let the standard input be the terminal that a process belongs to, and hear when it hangs up."""
    fcntl.ioctl(0, termios.TIOCSCTTY, 0)
    hear()


def test_a_closed_terminal_saves_and_exits(runs):
    keeper, terminal = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, str(ROOT / "main.py"), "train", *with_keys(TRAIN, "--budget 100000 --name t").split()],
        stdin=terminal,
        stdout=terminal,
        stderr=terminal,
        start_new_session=True,
        preexec_fn=own_terminal,
    )
    os.close(terminal)
    for _ in range(600):
        if (runs / "t").is_dir() and checkpoint_steps(runs / "t"):
            break
        time.sleep(0.1)
        os.set_blocking(keeper, False)
        with contextlib.suppress(BlockingIOError):
            os.read(keeper, 100_000)
    os.close(keeper)  # the terminal hangs up
    try:
        assert process.wait(timeout=60) == 4
    finally:
        process.kill()
    assert checkpoint_steps(runs / "t")


def test_hanging_up_is_like_being_terminated(runs):
    code, _, errors = kill_at(with_keys(TRAIN, "--budget 100000 --name h"), 5, signal.SIGHUP)
    assert code == 4 and errors.startswith("stopped by SIGHUP\nto go on: ")
    assert checkpoint_steps(runs / "h")[-1] >= 5


@pytest.mark.parametrize("number", [signal.SIGHUP, signal.SIGINT])
def test_a_signal_that_is_ignored_stays_ignored(number, runs):
    # As nohup does with SIGHUP, and shells with the SIGINT of what they start with &.
    process = start(f"{TRAIN} --name n", preexec_fn=lambda: signal.signal(number, signal.SIG_IGN))
    for line in process.stdout:
        if line.startswith("[") and "step 5/" in line:
            process.send_signal(number)
            break
    code, _, errors = finish(process)
    assert (code, errors) == (0, "")
    assert checkpoint_steps(runs / "n")[-1] == 40
