"""Downloads, against a server on this machine that cuts, lies, restarts, is slow or is not there."""

import hashlib
import multiprocessing
import shutil
import socket
from collections import namedtuple
from pathlib import PurePosixPath

import pytest

from omnilearn.data.download.http import Patience, fetch
from omnilearn.data.download.sources import RemoteFile
from omnilearn.errors import UserError
from tests.omnilearn.data.server import CONTENT

pytestmark = pytest.mark.usefixtures("only_this_machine")

IMPATIENT = Patience(tries=3, timeout=5, pause=0.01)


def remote(*urls: str, known: bool = True, content: bytes = CONTENT) -> RemoteFile:
    if not known:
        return RemoteFile(PurePosixPath("file"), urls)
    return RemoteFile(PurePosixPath("file"), urls, len(content), hashlib.sha256(content).hexdigest())


def left_in(folder) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


@pytest.mark.parametrize("known", [True, False])
def test_a_whole_file(server, tmp_path, known):
    fetch(remote(server.url(), known=known), tmp_path / "file", IMPATIENT)
    assert (tmp_path / "file").read_bytes() == CONTENT
    assert left_in(tmp_path) == ["file"] and server.requests == [None]


@pytest.mark.parametrize("known", [True, False])
def test_a_cut_connection_is_continued(server, tmp_path, known):
    server.cut_after = [300_000, 1, 400_000]
    fetch(remote(server.url(), known=known), tmp_path / "file", IMPATIENT)
    assert (tmp_path / "file").read_bytes() == CONTENT
    assert server.requests == [None, "bytes=300000-", "bytes=300001-", "bytes=700001-"]
    assert left_in(tmp_path) == ["file"]


def test_a_cut_connection_to_a_server_without_ranges_starts_again(server, tmp_path):
    server.ranges, server.cut_after = False, [300_000]
    fetch(remote(server.url()), tmp_path / "file", IMPATIENT)
    assert (tmp_path / "file").read_bytes() == CONTENT
    assert server.requests == [None, "bytes=300000-"]


def test_a_link_in_the_place_of_a_part_is_not_followed(server, tmp_path):
    server.cut_after = [300_000, 0, 0, 0]
    with pytest.raises(UserError, match="cut after"):
        fetch(remote(server.url()), tmp_path / "file", IMPATIENT)
    (part,) = left_in(tmp_path)
    (tmp_path / part).unlink()
    bashrc = tmp_path / "home" / "bashrc"
    bashrc.parent.mkdir()
    bashrc.write_text("mine")
    (tmp_path / part).symlink_to(bashrc)
    with pytest.raises(UserError, match="not a regular file"):
        fetch(remote(server.url()), tmp_path / "file", IMPATIENT)
    assert bashrc.read_text() == "mine"


@pytest.mark.parametrize("ranges", [True, False])
def test_a_server_that_always_cuts_is_given_up_and_the_part_is_kept(server, tmp_path, ranges):
    server.ranges, server.cut_after = ranges, [300_000, 0, 0, 0]
    with pytest.raises(UserError, match=r"file cannot be downloaded .*cut after") as error:
        fetch(remote(server.url()), tmp_path / "file", IMPATIENT)
    assert "\n" not in str(error.value)
    (part,) = left_in(tmp_path)
    assert part.startswith("file.") and part.endswith(".part")
    server.cut_after, server.requests = [], []
    fetch(remote(server.url()), tmp_path / "file", IMPATIENT)
    assert (tmp_path / "file").read_bytes() == CONTENT
    if ranges:
        assert server.requests == ["bytes=300000-"]


def test_a_part_of_another_version_is_not_continued(server, tmp_path):
    server.cut_after = [300_000, 0, 0]
    with pytest.raises(UserError):
        fetch(remote(server.url(), known=False), tmp_path / "file", IMPATIENT)
    server.content["/file"], server.etag = CONTENT[::-1], '"version 2"'
    fetch(remote(server.url(), known=False), tmp_path / "file", IMPATIENT)
    assert (tmp_path / "file").read_bytes() == CONTENT[::-1]
    assert left_in(tmp_path) == ["file"]


def test_a_damaged_part_is_noticed_and_everything_fetched_anew(server, tmp_path):
    file = remote(server.url())
    (tmp_path / f"file.{file.sha256[:8]}.part").write_bytes(b"x" * 300_000)
    fetch(file, tmp_path / "file", IMPATIENT)
    assert (tmp_path / "file").read_bytes() == CONTENT
    assert server.requests == ["bytes=300000-", None]


@pytest.mark.parametrize("known", [True, False])
def test_a_part_that_is_complete_is_only_checked(server, tmp_path, known):
    file = remote(server.url(), known=known)
    fetch(file, tmp_path / "file", IMPATIENT)
    server.requests = []
    (tmp_path / "file").rename(tmp_path / "file.12345678.part")
    fetch(file, tmp_path / "file", IMPATIENT)
    assert (tmp_path / "file").read_bytes() == CONTENT
    assert server.requests == ([] if known else ["bytes=1000000-"])


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (CONTENT[:-1] + b"?", r"its sha256 is \w{12}\.\.\. instead of"),
        (CONTENT[:-1], r"it has 999,999 bytes instead of 1,000,000"),
        (CONTENT + b"more", r"it has 1,000,004 bytes instead of 1,000,000"),
    ],
)
def test_wrong_bytes_are_refused_and_nothing_is_left(server, tmp_path, wrong, message):
    server.content["/file"] = wrong
    with pytest.raises(UserError, match=message) as error:
        fetch(remote(server.url()), tmp_path / "file", IMPATIENT)
    assert left_in(tmp_path) == [] and "\n" not in str(error.value)


def test_an_md5_is_checked_where_it_is_all_that_is_known(server, tmp_path):
    file = RemoteFile(PurePosixPath("file"), (server.url(),), md5=hashlib.md5(CONTENT).hexdigest())
    fetch(file, tmp_path / "file", IMPATIENT)
    with pytest.raises(UserError, match="its md5 is"):
        fetch(RemoteFile(PurePosixPath("file"), (server.url(),), md5="0" * 32), tmp_path / "other", IMPATIENT)


def test_mirrors_are_tried_in_order(server, tmp_path, caplog):
    server.content["/lie"] = CONTENT[::-1]
    fetch(remote(server.url("/gone"), server.url("/lie"), server.url()), tmp_path / "file", IMPATIENT)
    assert (tmp_path / "file").read_bytes() == CONTENT
    assert "/gone: the link is dead (404" in caplog.text and "/lie: its sha256" in caplog.text


def test_a_mirror_continues_what_another_one_began(server, tmp_path):
    server.content["/mirror"] = CONTENT
    server.cut_after = [300_000, 0, 0]
    fetch(remote(server.url(), server.url("/mirror")), tmp_path / "file", IMPATIENT)
    assert (tmp_path / "file").read_bytes() == CONTENT
    assert server.requests[-1] == "bytes=300000-"


def test_a_busy_server_is_asked_again(server, tmp_path):
    server.status = [503, 429]
    fetch(remote(server.url()), tmp_path / "file", IMPATIENT)
    assert len(server.requests) == 3


def test_a_server_that_is_down_is_one_line(tmp_path):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # not listening
        with pytest.raises(UserError, match=r"no connection.*OMNILEARN_SOURCES") as error:
            fetch(remote(f"http://127.0.0.1:{taken.getsockname()[1]}/file"), tmp_path / "file", IMPATIENT)
    assert left_in(tmp_path) == [] and "\n" not in str(error.value)


def test_a_server_that_says_nothing_is_given_up(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}/file"
        with pytest.raises(UserError, match="timed out"):
            fetch(remote(url), tmp_path / "file", Patience(tries=2, timeout=0.2, pause=0.01))


def test_a_small_disk_is_noticed_first(server, tmp_path, monkeypatch):
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr(shutil, "disk_usage", lambda path: usage(10**9, 10**9, 0))
    with pytest.raises(UserError, match="more than that disk has free"):
        fetch(remote(server.url()), tmp_path / "file", IMPATIENT)
    assert left_in(tmp_path) == []


def test_a_folder_that_cannot_be_written_is_named(server, tmp_path):
    (tmp_path / "a file").write_text("")
    with pytest.raises(UserError, match="cannot be written"):
        fetch(remote(server.url()), tmp_path / "a file" / "file", IMPATIENT)


def fetch_in_process(url, path):
    fetch(remote(url), path, IMPATIENT)


@pytest.mark.slow
def test_two_processes_download_once(server, tmp_path):
    context = multiprocessing.get_context("spawn")
    both = [context.Process(target=fetch_in_process, args=(server.url(), tmp_path / "file")) for _ in range(2)]
    for process in both:
        process.start()
    for process in both:
        process.join(60)
    assert [process.exitcode for process in both] == [0, 0]
    assert len(server.requests) == 1 and left_in(tmp_path) == ["file"]
