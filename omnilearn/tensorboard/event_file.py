"""Event files, which TensorBoard reads: written without a thread, so that what the disk refuses is known at once."""

import itertools
import os
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tensorboard.compat.proto.event_pb2 import Event
from tensorboard.compat.proto.summary_pb2 import Summary
from tensorboard.summary.writer.record_writer import RecordWriter

from omnilearn.errors import UserError
from omnilearn.files import cannot_write

_SECONDS_BETWEEN_WRITES = 2.0
_numbers = itertools.count()


class EventFile:
    """A new event file in a folder; events reach the disk within seconds of each other, and on `flush`.

    The file ends with a whole event, also where the disk was full. Raises `UserError` where the disk refuses.
    """

    def __init__(self, folder: Path) -> None:
        host, number = socket.gethostname(), next(_numbers)
        self.path = folder / f"events.out.tfevents.{int(time.time()):010d}.{host}.{os.getpid()}.{number}"
        self._waiting = bytearray()
        self._records = RecordWriter(self)
        self._held: list[Event] | None = None
        try:
            folder.mkdir(parents=True, exist_ok=True)
            self._file = self.path.open("xb", buffering=0)
        except OSError as error:
            raise cannot_write(self.path, error) from error
        self._written_at = time.monotonic()
        self._add(Event(wall_time=time.time(), file_version="brain.Event:2"))
        try:
            self._write_out()
        except UserError:
            self._file.close()
            self.path.unlink(missing_ok=True)
            raise

    def add(self, summary: Summary, step: int) -> None:
        """Append an event."""
        event = Event(wall_time=time.time(), step=step, summary=summary)
        if self._held is not None:
            self._held.append(event)
            return
        self._add(event)
        if time.monotonic() - self._written_at > _SECONDS_BETWEEN_WRITES:
            self._write_out()

    @contextmanager
    def all_or_none(self) -> Iterator[None]:
        """Keep the events of the block back until it ends; where it raises, they are dropped."""
        assert self._held is None
        self._held = []
        try:
            yield
            held = self._held
        finally:
            self._held = None
        for event in held:
            self._add(event)

    def flush(self) -> None:
        """Put everything on the disk."""
        self._write_out()
        try:
            os.fsync(self._file.fileno())
        except OSError as error:
            raise cannot_write(self.path, error) from error

    def close(self) -> None:
        """Write what is left and close the file."""
        try:
            if not self._file.closed:
                self._write_out()
        finally:
            self._file.close()

    def write(self, record: bytes) -> None:
        """Take a record in; what `RecordWriter` calls."""
        self._waiting += record

    def _add(self, event: Event) -> None:
        self._records.write(event.SerializeToString())

    def _write_out(self) -> None:
        start = self._file.tell()
        rest = memoryview(bytes(self._waiting))
        self._waiting.clear()
        self._written_at = time.monotonic()
        try:
            while rest:
                rest = rest[self._file.write(rest) :]
        except OSError as error:
            os.truncate(self._file.fileno(), start)
            self._file.seek(start)
            raise cannot_write(self.path, error) from error
