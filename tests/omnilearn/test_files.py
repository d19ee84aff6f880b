"""Files that are whole or absent, and regular: no link is followed, no pipe is waited for, no leftover stays."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from omnilearn.errors import UserError
from omnilearn.files import (
    check_can_be_named,
    is_own_folder,
    is_regular,
    open_regular,
    open_to_write,
    read_bytes,
    read_json,
    read_text,
    remove_leftovers,
    replacing,
    write_json,
    write_text,
)
from omnilearn.tensor_files import load_tensors, save_tensors


@pytest.fixture
def elsewhere(tmp_path_factory) -> Path:
    """A file of the user's that must stay as it is."""
    path = tmp_path_factory.mktemp("home") / "bashrc"
    path.write_text('{"mine": 1}')
    return path


def put(path: Path, what: str, elsewhere: Path) -> None:
    if what == "link":
        path.symlink_to(elsewhere)
    elif what == "broken link":
        path.symlink_to(elsewhere.with_name("new"))
    elif what == "pipe":
        os.mkfifo(path)
    elif what == "device":
        path.symlink_to("/dev/zero")
    else:
        path.mkdir()


KINDS = ["link", "broken link", "pipe", "device", "folder"]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("read", [open_regular, read_bytes, read_text, read_json, load_tensors])
def test_only_a_regular_file_is_read(read, kind, tmp_path, elsewhere):
    put(tmp_path / "file", kind, elsewhere)
    assert not is_regular(tmp_path / "file")
    with pytest.raises(UserError, match="not a regular file; move it away"):
        read(tmp_path / "file")


def test_a_link_is_followed_where_that_is_asked(tmp_path, elsewhere):
    (tmp_path / "link").symlink_to(elsewhere)
    assert read_json(tmp_path / "link", follow_links=True) == {"mine": 1}
    (tmp_path / "pipe").symlink_to(tmp_path / "target")
    os.mkfifo(tmp_path / "target")
    with pytest.raises(UserError, match="not a regular file"):
        read_bytes(tmp_path / "pipe", follow_links=True)


@pytest.mark.parametrize("kind", KINDS)
def test_only_a_regular_file_is_written_bit_by_bit(kind, tmp_path, elsewhere):
    put(tmp_path / "file", kind, elsewhere)
    with pytest.raises(UserError, match="not a regular file; move it away"):
        open_to_write(tmp_path / "file")
    assert elsewhere.read_text() == '{"mine": 1}' and os.listdir(elsewhere.parent) == ["bashrc"]


def test_a_file_that_is_written_bit_by_bit(tmp_path):
    for text in (b"abc", b"x"):
        with open_to_write(tmp_path / "file") as file:
            file.write(text)
    assert (tmp_path / "file").read_bytes() == b"xbc"


def test_what_is_missing(tmp_path):
    with pytest.raises(FileNotFoundError):
        read_bytes(tmp_path / "file")
    with pytest.raises(UserError, match="cannot be read"):
        read_json(tmp_path / "file")
    with pytest.raises(UserError, match="there is no such file"):
        load_tensors(tmp_path / "file")
    assert not is_regular(tmp_path / "file") and not is_own_folder(tmp_path / "file")


def test_a_file_with_holes_is_not_read_into_memory(tmp_path):
    with (tmp_path / "file").open("wb") as file:
        file.truncate(2**40)
    for read in (read_text, read_json):
        with pytest.raises(UserError, match="larger than any such file"):
            read(tmp_path / "file")


@pytest.mark.parametrize("kind", ["link", "broken link", "device"])
@pytest.mark.parametrize("place", ["file", f".file.{os.getpid()}.tmp"], ids=["file", "temporary"])
def test_writing_follows_no_link(place, kind, tmp_path, elsewhere):
    put(tmp_path / place, kind, elsewhere)
    write_text(tmp_path / "file", "ours")
    assert is_regular(tmp_path / "file") and read_text(tmp_path / "file") == "ours"
    assert elsewhere.read_text() == '{"mine": 1}' and os.listdir(elsewhere.parent) == ["bashrc"]
    assert os.listdir(tmp_path) == ["file"]


@pytest.mark.parametrize("place", ["file", f".file.{os.getpid()}.tmp"], ids=["file", "temporary"])
def test_a_folder_where_a_file_belongs(place, tmp_path):
    (tmp_path / place).mkdir()
    with pytest.raises(UserError, match="cannot be written"):
        write_text(tmp_path / "file", "ours")
    assert os.listdir(tmp_path) == [place]


def test_a_user_cannot_name_what_is_no_file(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "link").symlink_to("/dev/null")
    for name in ("pipe", "link"):
        with pytest.raises(UserError, match="not a regular file; name another"):
            check_can_be_named(tmp_path / name)
    check_can_be_named(tmp_path / "new")


def test_what_fails_leaves_the_old_file(tmp_path):
    write_text(tmp_path / "file", "old")
    with pytest.raises(KeyError), replacing(tmp_path / "file") as temporary:
        temporary.write_text("half of the n")
        raise KeyError
    assert read_text(tmp_path / "file") == "old"
    assert os.listdir(tmp_path) == ["file"]


def test_others_may_read_what_is_written(tmp_path):
    before = os.umask(0o022)
    try:
        write_json(tmp_path / "file", {"a": float("nan")})
    finally:
        os.umask(before)
    assert (tmp_path / "file").stat().st_mode & 0o777 == 0o644
    assert json.loads((tmp_path / "file").read_text()) == {"a": None}


@pytest.mark.parametrize("content", [b"", b"x" * 100, b"PK\x03\x04" + b"x" * 100])
def test_tensors_that_are_none(content, tmp_path):
    (tmp_path / "file").write_bytes(content)
    with pytest.raises(UserError, match="damaged"):
        load_tensors(tmp_path / "file")


def test_tensors(tmp_path):
    save_tensors(tmp_path / "file", {"a": torch.arange(3), "b": [None, 2.5]})
    read = load_tensors(tmp_path / "file")
    assert read["a"].tolist() == [0, 1, 2] and read["b"] == [None, 2.5]


def test_leftovers_of_killed_processes_are_removed(tmp_path, elsewhere):
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    gone = [f".eval.json.{ended.pid}.tmp", f".config.yaml.{os.getpid()}.tmp", ".a.99999999999999999999.tmp"]
    stay = [f".eval.json.{os.getppid()}.tmp", ".notes.tmp", f"eval.json.{ended.pid}.tmp", f".mine.{ended.pid}.txt"]
    for name in (*gone, *stay):
        (tmp_path / name).touch()
    (tmp_path / f".link.{ended.pid}.tmp").symlink_to(elsewhere)
    (tmp_path / f".folder.{ended.pid}.tmp").mkdir()
    remove_leftovers(tmp_path)
    assert sorted(os.listdir(tmp_path)) == sorted([*stay, f".folder.{ended.pid}.tmp"])
    assert elsewhere.exists()


@pytest.mark.parametrize("content", ["{", "", "[" * 100_000, "\udcff"])
def test_damaged_json_says_what_to_do(content, tmp_path):
    path = tmp_path / "test.json"
    path.write_bytes(content.encode(errors="surrogateescape"))
    with pytest.raises(UserError, match=r"test\.json: cannot be read: damaged: .*; move it away$"):
        read_json(path)
