"""Folders of runs: they appear whole and locked, with a name of their own, or not at all."""

import errno
import fcntl
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from omnilearn.errors import UserError
from omnilearn.locks import BeingTrained, sole_writer
from omnilearn.runs.checkpoint import tidy_up
from omnilearn.runs.folder import find_run, new_run, removed_on_failure, run_folders
from tests.conftest import ROOT

FILES = {"config.yaml": "budget: 1\n", "info.yaml": "seed: 0\n"}


def begin(root: Path, name: str = "run") -> Path:
    with new_run(root, name, FILES, date=False) as folder:
        return folder


def test_it_appears_with_its_files_and_its_lock(tmp_path):
    root = tmp_path / "deep" / "runs"
    with new_run(root, "run", FILES, date=False) as folder:
        assert folder == root / "run"
        assert os.listdir(root) == ["run"]
        assert {name: (folder / name).read_text() for name in FILES} == FILES
        with pytest.raises(BeingTrained), sole_writer(folder):
            pass
    with sole_writer(folder):
        pass


def test_names_that_are_taken(tmp_path):
    (tmp_path / "run").mkdir()
    (tmp_path / "run_2").touch()
    (tmp_path / "run_3").symlink_to("nowhere")
    assert begin(tmp_path).name == "run_4"
    assert begin(tmp_path).name == "run_5"
    assert not list((tmp_path / "run").iterdir())


def test_runs_that_begin_at_the_same_moment(tmp_path):
    threads = [threading.Thread(target=begin, args=(tmp_path,)) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(os.listdir(tmp_path)) == sorted(["run", *(f"run_{k}" for k in range(2, 9))])
    assert len(run_folders(tmp_path)) == 8


@pytest.mark.parametrize("name", ["", ".", "..", "a/b", "/etc"])
def test_names_that_are_none(name, tmp_path):
    with pytest.raises(UserError, match="is not the name of a folder"):
        begin(tmp_path, name)
    assert not os.listdir(tmp_path)


def test_a_place_that_is_no_folder(tmp_path):
    (tmp_path / "file").touch()
    for root in (tmp_path / "file", tmp_path / "file" / "below"):
        with pytest.raises(UserError, match="is not a folder"):
            begin(root)


def test_a_disk_that_is_full(tmp_path, monkeypatch):
    def full(*_):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(UserError, match="No space left on device"):
        begin(tmp_path)
    assert not os.listdir(tmp_path)


@pytest.mark.parametrize("number", [errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP, errno.ENOTSUP])
def test_a_disk_without_locks_is_no_other_process(number, tmp_path, monkeypatch, caplog):
    def refuse(*_):
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(fcntl, "flock", refuse)
    folder = begin(tmp_path)
    assert (folder / "config.yaml").is_file()
    with sole_writer(folder):
        pass
    assert "this disk has no locks: make sure that no other process works here" in caplog.text


@pytest.mark.parametrize("number", [errno.EACCES, errno.EIO])
def test_a_lock_that_the_disk_refuses_leaves_no_folder(number, tmp_path, monkeypatch):
    def refuse(*_):
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(fcntl, "flock", refuse)
    with pytest.raises(UserError, match="cannot be written"):
        begin(tmp_path)
    assert not os.listdir(tmp_path)


def test_what_was_made_for_nothing_is_removed(tmp_path):
    with pytest.raises(KeyError), new_run(tmp_path, "run", FILES, date=False) as folder, removed_on_failure(folder):
        (folder / "events").touch()
        raise KeyError
    assert not os.listdir(tmp_path)


KILLED = """
import os, signal, sys; sys.path.insert(0, sys.argv[1])
from pathlib import Path
from omnilearn.runs import folder
folder.write_text = lambda path, text: (path.write_text(text), os.kill(os.getpid(), signal.SIGKILL))
with folder.new_run(Path(sys.argv[2]), "run", {"config.yaml": "budget: 1", "info.yaml": ""}):
    pass
"""


@pytest.mark.slow
def test_the_next_run_removes_what_a_killed_one_left(tmp_path):
    killed = subprocess.run([sys.executable, "-c", KILLED, str(ROOT), str(tmp_path)], check=False)
    assert killed.returncode == -signal.SIGKILL
    (left,) = os.listdir(tmp_path)
    assert left.startswith(".new-run-") and (tmp_path / left / "config.yaml").is_file()
    assert run_folders(tmp_path) == []
    with pytest.raises(UserError, match="no run named 'run'"):
        find_run("run", tmp_path)
    with new_run(tmp_path, "run", FILES, date=False):  # the one at work keeps its own
        begin(tmp_path, "other")
    assert sorted(os.listdir(tmp_path)) == ["other", "run"]


def test_the_next_owner_of_a_run_removes_what_a_killed_process_left(tmp_path):
    run = begin(tmp_path)
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    (run / "figures").mkdir()
    for name in (".eval.json", "figures/.metrics_cov.png"):
        (run / f"{name}.{ended.pid}.tmp").touch()
        (run / f"{name}.{os.getppid()}.tmp").touch()
    tidy_up(run)
    assert not list(run.rglob(f"*.{ended.pid}.tmp"))
    assert len(list(run.rglob(f".*.{os.getppid()}.tmp"))) == 2


def test_tidying_follows_no_link(tmp_path):
    run = begin(tmp_path / "runs")
    (tmp_path / "home").mkdir()
    (tmp_path / "home" / f".notes.{os.getpid()}.tmp").touch()
    (run / "figures").symlink_to(tmp_path / "home")
    tidy_up(run)
    assert os.listdir(tmp_path / "home")
