"""TensorBoard's files of a run that was interrupted, cut back to the step that it resumes from."""

from collections.abc import Collection
from pathlib import Path

from google.protobuf.message import DecodeError
from tensorboard.backend.event_processing.event_file_loader import RawEventFileLoader
from tensorboard.compat.proto.event_pb2 import Event
from tensorboard.summary.writer.record_writer import RecordWriter

from omnilearn.files import is_regular, replacing


def forget_after(run: Path, step: int, *, prefix: str | None = None, but: Collection[str] = ()) -> None:
    """Drop every event later than `step`, so that the resumed run writes each point once.

    A record that a kill left half written goes too. Files in which nothing changes stay as they are.

    Args:
        run: the folder of the run.
        step: the step that it resumes from.
        prefix: of that step itself, drop the events whose tag begins with this.
        but: except those whose tag ends with one of these.
    """
    for path in sorted(run.glob("events.out.tfevents.*")):
        if not is_regular(path):
            continue
        earlier, dropped, size = [], False, 0
        for record in records(path):
            size += len(record) + 16  # each record has a length and two checksums around it
            try:
                event = Event.FromString(record)
            except DecodeError:
                break
            is_again = prefix is not None and any(
                value.tag.startswith(prefix) and not value.tag.endswith(tuple(but)) for value in event.summary.value
            )
            if event.step < step or (event.step == step and not is_again):
                earlier.append(record)
            else:
                dropped = True
        if dropped or size != path.stat().st_size:
            with replacing(path) as temporary, temporary.open("wb") as file:
                writer = RecordWriter(file)
                for record in earlier:
                    writer.write(record)
                writer.flush()


def records(path: Path) -> list[bytes]:
    """The records of a file up to its end or to the first damaged one."""
    records = []
    try:
        for record in RawEventFileLoader(str(path)).Load():
            records.append(record)
    except (MemoryError, OverflowError):  # a damaged length
        pass
    return records
