"""Downloads, against a server on this machine that cuts, lies, restarts, is slow or is not there."""

import hashlib
import http.server
import multiprocessing
import shutil
import socket
import threading
from collections import namedtuple
from pathlib import PurePosixPath

import numpy as np
import pytest
import torch
import yaml

import sae_src as sae
from omnilearn.config import find
from omnilearn.data.download import download_dataset, get_files
from omnilearn.data.mnist import Digits
from omnilearn.data.mpi3d import MPI3D
from omnilearn.data.sources import TABLE, RemoteFile, find_source
from omnilearn.data.transfer import Patience, fetch
from omnilearn.errors import UserError
from tests.data_sets.files import pictures, write_idx, write_mpi3d

CONTENT = np.random.default_rng(0).bytes(1_000_000)
IMPATIENT = Patience(tries=3, timeout=5, pause=0.01)


class Server(http.server.ThreadingHTTPServer):
    """Serves `content`; the attributes say how badly."""

    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.content: dict[str, bytes] = {"/file": CONTENT}
        self.etag: str | None = '"version 1"'
        self.ranges = True
        self.cut_after: list[int] = []  # bytes of the body after which each of the next answers is cut
        self.status: list[int] = []  # what the next answers are instead
        self.requests: list[str | None] = []  # the range that each request asked for

    def url(self, path: str = "/file") -> str:
        return f"http://127.0.0.1:{self.server_port}{path}"


class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        server = self.server
        wanted = self.headers.get("Range")
        server.requests.append(wanted)
        content = server.content.get(self.path)
        if server.status or content is None:
            self.send_error(server.status.pop(0) if server.status else 404)
            return
        start = int(wanted.removeprefix("bytes=").removesuffix("-")) if wanted and server.ranges else 0
        if start >= len(content):
            self.send_response(416)
            self.send_header("Content-Range", f"bytes */{len(content)}")
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        self.send_response(206 if start else 200)
        if start:
            self.send_header("Content-Range", f"bytes {start}-{len(content) - 1}/{len(content)}")
        if server.etag:
            self.send_header("ETag", server.etag)
        self.send_header("Content-Length", str(len(content) - start))
        self.end_headers()
        body = content[start:]
        if server.cut_after:
            body = body[: server.cut_after.pop(0)]
        self.wfile.write(body)

    def log_message(self, *arguments):
        pass


@pytest.fixture
def server():
    with Server() as running:
        thread = threading.Thread(target=running.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield running
        running.shutdown()
        thread.join()


@pytest.fixture(autouse=True)
def only_this_machine(monkeypatch):
    """Nothing here may reach another machine."""
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    connect = socket.socket.connect

    def checked(self, address):
        assert address[0] == "127.0.0.1", f"a connection to {address}"
        return connect(self, address)

    monkeypatch.setattr(socket.socket, "connect", checked)


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


def test_two_processes_download_once(server, tmp_path):
    context = multiprocessing.get_context("spawn")
    both = [context.Process(target=fetch_in_process, args=(server.url(), tmp_path / "file")) for _ in range(2)]
    for process in both:
        process.start()
    for process in both:
        process.join(60)
    assert [process.exitcode for process in both] == [0, 0]
    assert len(server.requests) == 1 and left_in(tmp_path) == ["file"]


@pytest.fixture
def table(server, tmp_path, monkeypatch):
    """A table that points at the server: MNIST whole, MPI3D toy whole, real with a dead link."""
    origin = tmp_path / "origin"
    files = []
    for part in ("train", "t10k"):
        write_idx(origin, part, pictures(6, 28, 28, 1)[..., 0], np.arange(6, dtype=np.uint8))
    for path in sorted(origin.iterdir()):
        server.content[f"/{path.name}"] = path.read_bytes()
        files.append({"path": f"mnist/MNIST/raw/{path.name}", "urls": [server.url(f"/{path.name}")]})
    server.content["/toy"] = write_mpi3d(tmp_path, pictures(50)).read_bytes()
    toy = {"files": [{"path": "mpi3d/mpi3d_toy.npz", "urls": [server.url("/toy")]}]}
    real = {"files": [{"path": "mpi3d/mpi3d_real.npz", "urls": [server.url("/dead")]}]}
    path = tmp_path / "sources.yaml"
    path.write_text(yaml.safe_dump({"mnist": {"files": files}, "mpi3d/toy": toy, "mpi3d/real": real}))
    return path


def test_a_table_in_the_environment_goes_first(table, monkeypatch):
    monkeypatch.setenv("OMNILEARN_SOURCES", str(table))
    data = Digits(download=True)
    assert len(data) == 6


def test_a_table_in_the_config_goes_first(table, data_root):
    config = sae.create_config("d/mnist", **{"dataset.sources": str(table)})
    paths = download_dataset(find(config, "dataset"))
    assert len(paths) == 4 and all(path.is_file() for path in paths)
    assert len(Digits()) == 6


def test_download_dataset_takes_the_keys_of_the_config(table, data_root, monkeypatch):
    monkeypatch.setenv("OMNILEARN_SOURCES", str(table))
    assert download_dataset(find(sae.create_config("d/mpi"), "dataset")) == [data_root / "mpi3d" / "mpi3d_toy.npz"]
    assert torch.equal(
        MPI3D().in_mode("full").batch(torch.arange(50)), torch.tensor(pictures(50)).permute(0, 3, 1, 2).float() / 255
    )
    with pytest.raises(UserError, match=r"mpi3d_real\.npz cannot be downloaded.*the link is dead \(404"):
        download_dataset(find(sae.create_config("d/mpi", cat="real"), "dataset"))


def test_what_is_there_is_not_downloaded_again(table, server, monkeypatch):
    monkeypatch.setenv("OMNILEARN_SOURCES", str(table))
    Digits(download=True)
    server.requests = []
    Digits(download=True)
    assert server.requests == []


def test_generated_data_has_nothing_to_download():
    for name in ("d/shapes", "d/vec"):
        with pytest.raises(UserError, match="is generated"):
            download_dataset(find(sae.create_config(name), "dataset"))


def test_a_set_for_a_person_comes_with_steps(data_root):
    with pytest.raises(UserError, match=r"--cat complex has to be fetched by a person.*mpi3d_complex\.npz.*Drive"):
        get_files("mpi3d/complex")


NAMES = sorted(yaml.safe_load(TABLE.read_text()))


@pytest.mark.parametrize("name", NAMES)
def test_every_packaged_source_is_complete(name):
    source = find_source(name)
    assert source.config.startswith("d/") and source.licence and source.files
    assert all(file.urls for file in source.files) or source.by_hand
    words = source.config.split()
    assert find(sae.create_config(words[0]), "dataset") is not None
    for file in source.files:
        assert len(file.sha256 or "0" * 64) == 64 and len(file.md5 or "0" * 32) == 32


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("- a list", "expected a table"),
        ("mnist: [", "not a YAML file"),
        ("mnist: {files: [{urls: []}]}", "mnist.*path"),
        ("mnist: {files: [{path: ../../x}]}", "below the data folder"),
        ("mnist: {files: [{path: /etc/x}]}", "below the data folder"),
        ("mnist: {files: [{path: x, urls: ['file:///etc/passwd']}]}", "not a http"),
        ("mnist: {files: [{path: x, md5: 123}]}", "in quotes"),
        ("mnist: {files: 3}", "mnist"),
    ],
)
def test_a_bad_table_is_named(tmp_path, text, message):
    path = tmp_path / "table.yaml"
    path.write_text(text)
    with pytest.raises(UserError, match=rf"table\.yaml: .*{message}") as error:
        find_source("mnist", path)
    assert "\n" not in str(error.value)


def test_a_missing_table_is_named(tmp_path):
    with pytest.raises(UserError, match=r"none\.yaml: cannot be read"):
        find_source("mnist", tmp_path / "none.yaml")
