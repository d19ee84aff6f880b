"""Locks: who waits, who is refused, and what is left afterwards."""

import errno
import fcntl
import threading
import time

import pytest

from omnilearn.errors import UserError
from omnilearn.locks import exclusive, sole_writer


def test_only_one_is_inside_at_a_time(tmp_path):
    path, inside, most, order = tmp_path / "data" / "array.npy", [], [], []

    def work(name):
        with exclusive(path):
            inside.append(name)
            most.append(len(inside))
            time.sleep(0.02)
            inside.remove(name)
            order.append(name)

    # More than two: whoever waits finds the file of the lock removed by the one before.
    threads = [threading.Thread(target=work, args=(number,)) for number in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    assert sorted(order) == [0, 1, 2, 3, 4]
    assert max(most) == 1
    assert list(path.parent.iterdir()) == []


def test_a_lock_on_a_removed_file_is_none(tmp_path, monkeypatch):
    """The file goes away, as its holder ends, between opening it and locking it."""
    path, opened = tmp_path / "x", []
    lock = tmp_path / ".x.lock"
    take = fcntl.flock

    def late(handle, how):
        opened.append(handle)
        if len(opened) == 1:
            lock.unlink()
        take(handle, how)

    monkeypatch.setattr(fcntl, "flock", late)
    with exclusive(path):
        assert lock.is_file()
        assert len(opened) == 2


def test_the_one_who_waits_says_so(tmp_path, caplog):
    entered = threading.Event()

    def hold():
        with exclusive(tmp_path / "array.npy"):
            entered.set()
            time.sleep(0.1)

    thread = threading.Thread(target=hold)
    thread.start()
    entered.wait(10)
    with exclusive(tmp_path / "array.npy"):
        thread.join(timeout=10)
    assert "waiting for another process that works on array.npy" in caplog.text


def test_the_lock_ends_with_the_block_even_after_an_error(tmp_path):
    for _ in range(2):
        with pytest.raises(KeyError), exclusive(tmp_path / "x"):
            raise KeyError
        with pytest.raises(KeyError), sole_writer(tmp_path):
            raise KeyError


def test_a_second_writer_is_refused(tmp_path):
    with sole_writer(tmp_path):
        with pytest.raises(UserError, match="is being trained by another process"), sole_writer(tmp_path):
            pass
        with pytest.raises(UserError, match="is being trained by another process"), sole_writer(tmp_path):
            pass
    with sole_writer(tmp_path):
        pass


@pytest.mark.parametrize("kind", ["link", "folder"])
def test_only_a_regular_file_is_locked(tmp_path, kind):
    lock = tmp_path / ".lock"
    if kind == "link":
        lock.symlink_to(tmp_path / "elsewhere")
    else:
        lock.mkdir()
    with pytest.raises(UserError, match="not a regular file; move it away"), sole_writer(tmp_path):
        pass
    assert not (tmp_path / "elsewhere").exists()


def test_a_disk_without_locks_is_warned_of(tmp_path, monkeypatch, caplog):
    def none(handle, how):
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr(fcntl, "flock", none)
    with sole_writer(tmp_path):
        assert "has no locks" in caplog.text


def test_other_errors_of_a_lock_are_told(tmp_path, monkeypatch):
    def broken(handle, how):
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr(fcntl, "flock", broken)
    with pytest.raises(UserError, match="Input/output error"), exclusive(tmp_path / "x"):
        pass
