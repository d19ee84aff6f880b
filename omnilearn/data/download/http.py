"""One file over HTTP: continued after a cut, checked, and under its own name only when it is whole."""

import glob
import hashlib
import http.client
import logging
import os
import shutil
import ssl
import time
import urllib.error
import urllib.request
from dataclasses import dataclass
from pathlib import Path

from tqdm import tqdm

from omnilearn.data.download.sources import RemoteFile
from omnilearn.errors import UserError
from omnilearn.files import cannot_write, checksum, open_to_write
from omnilearn.locks import exclusive

_BLOCK = 64 * 2**10  # what a cut connection can lose
_DISK_RESERVE = 64 * 2**20
_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Patience:
    """How long to go on.

    Attributes:
        tries: attempts in a row that bring nothing new, for one address.
        timeout: seconds without an answer.
        pause: seconds before the second attempt; doubled each time.
    """

    tries: int = 5
    timeout: float = 30.0
    pause: float = 1.0


class _Broken(Exception):
    """The connection failed: worth another attempt."""


class _DeadLink(Exception):
    """This address does not have the file: another attempt would not help."""


class _NothingThere(Exception):
    """The server has nothing from the asked position on; `total` is the length of what it has, -1 if it did not say."""

    def __init__(self, total: int) -> None:
        self.total = total


def fetch(file: RemoteFile, path: Path, patience: Patience | None = None) -> None:
    """Download a file to `path`, from the first of its addresses that has it.

    What has arrived is kept in `NAME.TAG.part` beside it, where TAG stands for the version that it is a part of, and a
    later call goes on from there. Nothing else is left behind where it fails. Two processes may call this at once: one
    does the work. A file that is there already is left alone.

    Raises `UserError` where no address works, where what arrived is not the file it should be, or where the disk is
    full or refuses.
    """
    with exclusive(path):
        if path.exists():
            return
        reasons = []
        for url in file.urls:
            try:
                os.replace(_whole_part(file, url, path, patience or Patience()), path)
                return
            except _DeadLink as reason:
                reasons.append(f"{url}: {reason}")
                _log.warning("%s", reasons[-1])
            except OSError as error:
                raise cannot_write(path, error) from error
        raise UserError(
            f"{path.name} cannot be downloaded ({'; '.join(reasons)}): try again later, save it yourself as {path}, "
            "or name another address in a file for OMNILEARN_SOURCES"
        )


def _whole_part(file: RemoteFile, url: str, path: Path, patience: Patience) -> Path:
    """The part of a file, complete and checked."""
    most = _size(_parts(path))
    inherited, failures = most > 0, 0
    while True:
        try:
            part = _continue(file, url, path, patience.timeout)
        except _Broken as reason:
            arrived = _size(_parts(path))
            failures = 1 if arrived > most else failures + 1
            most = max(most, arrived)
            if failures >= patience.tries:
                raise _DeadLink(str(reason)) from None
            time.sleep(patience.pause * 2 ** (failures - 1))
            continue
        wrong = what_is_wrong(file, part)
        if wrong is None:
            return part
        part.unlink()
        if not inherited:
            raise _DeadLink(wrong)
        inherited, most = False, 0  # the part from an earlier call may be to blame: once more, from the start


def _continue(file: RemoteFile, url: str, path: Path, timeout: float) -> Path:
    """Bring the part of a file to the length that the server says the file has."""
    old = _parts(path)
    start = _size(old)
    if old and start == file.size:
        return old[0]
    try:
        try:
            response = _open(url, start, timeout)
        except _NothingThere as refusal:
            if old and refusal.total == start:
                return old[0]
            response = _open(url, 0, timeout)
        part = _part_of(file, response, path)
        if response.status == 206 and (part not in old or _range_start(response) != start):
            response.close()  # this would be the rest of another version
            response = _open(url, 0, timeout)
            part = _part_of(file, response, path)
        with response:
            for other in set(old) - {part}:
                other.unlink()
            _receive(response, part, start if response.status == 206 else 0, file)
        return part
    except (http.client.HTTPException, ConnectionError, TimeoutError, ssl.SSLError) as error:
        raise _Broken(f"the connection failed: {error or type(error).__name__}") from error


def _open(url: str, start: int, timeout: float) -> http.client.HTTPResponse:
    request = urllib.request.Request(url, headers={"User-Agent": "omnilearn", "Accept-Encoding": "identity"})
    if start:
        request.add_header("Range", f"bytes={start}-")
    try:
        return urllib.request.urlopen(request, timeout=timeout)
    except urllib.error.HTTPError as error:
        error.close()
        if start and error.code == 416:
            total = error.headers.get("Content-Range", "").rpartition("/")[2]
            raise _NothingThere(int(total) if total.isdigit() else -1) from error
        if error.code in (408, 429) or error.code >= 500:
            raise _Broken(f"the server answers {error.code} {error.reason}") from error
        raise _DeadLink(f"the link is dead ({error.code} {error.reason})") from error
    except urllib.error.URLError as error:
        raise _Broken(f"no connection: {error.reason}") from error


def _receive(response: http.client.HTTPResponse, part: Path, start: int, file: RemoteFile) -> None:
    """Write the body of an answer behind the first `start` bytes of a part."""
    length = response.headers.get("Content-Length")
    total = None if length is None else start + int(length)
    if total is not None:
        if file.size not in (None, total):
            raise _DeadLink(f"it has {total:,} bytes instead of {file.size:,}")
        if total - start + _DISK_RESERVE > shutil.disk_usage(part.parent).free:
            raise UserError(f"{part}: needs {total / 1e9:.1f} GB, more than that disk has free; free some space")
    bar = tqdm(total=total, initial=start, desc=file.path.name, unit="B", unit_scale=True, disable=None)
    arrived = start
    with bar, open_to_write(part) as out:
        out.truncate(start)
        out.seek(start)
        while block := response.read(_BLOCK):
            out.write(block)
            arrived += len(block)
            bar.update(len(block))
        out.flush()
        os.fsync(out.fileno())
    # An answer that is cut off looks like one that ends.
    if total is not None and arrived != total:
        raise _Broken(f"the connection was cut after {arrived:,} of {total:,} bytes")


def what_is_wrong(file: RemoteFile, path: Path) -> str | None:
    """How the content of `path` differs from what the table says about a file; None where it does not."""
    size = path.stat().st_size
    if file.size not in (None, size):
        return f"it has {size:,} bytes instead of {file.size:,}"
    kind, expected = ("sha256", file.sha256) if file.sha256 else ("md5", file.md5)
    if expected and not (found := checksum(path, kind)).startswith(expected):
        return f"its {kind} is {found[:12]}... instead of {expected[:12]}..."
    return None


def _part_of(file: RemoteFile, response: http.client.HTTPResponse, path: Path) -> Path:
    """The part whose name stands for the version of a file: its hash where that is known, else what the server says."""
    known = file.sha256 or file.md5
    if not known:
        headers = response.headers
        size = headers.get("Content-Range", "").rpartition("/")[2] or headers.get("Content-Length")
        known = hashlib.sha256(f"{headers.get('ETag') or headers.get('Last-Modified')} {size}".encode()).hexdigest()
    return path.with_name(f"{path.name}.{known[:8]}.part")


def _range_start(response: http.client.HTTPResponse) -> int:
    """Where the bytes of a partial answer begin, from `Content-Range: bytes START-END/SIZE`."""
    start = response.headers.get("Content-Range", "").removeprefix("bytes ").partition("-")[0]
    return int(start) if start.isdigit() else -1


def _parts(path: Path) -> list[Path]:
    return sorted(path.parent.glob(f"{glob.escape(path.name)}.????????.part"))


def _size(parts: list[Path]) -> int:
    return parts[0].stat().st_size if parts else 0
