"""TensorBoard's files of a run that was interrupted, cut back to the step that it resumes from."""

from pathlib import Path

from tensorboard.backend.event_processing.event_file_loader import RawEventFileLoader
from tensorboard.compat.proto.event_pb2 import Event
from tensorboard.summary.writer.record_writer import RecordWriter

from omnilearn.files import replacing


def forget_after(run: Path, step: int) -> None:
    """Drop every event later than `step`, so that the resumed run writes each point once.

    A record that a kill left half written is dropped too. Files in which nothing changes stay as they are.
    """
    for path in sorted(run.glob("events.out.tfevents.*")):
        kept, dropped, size = [], False, 0
        for record in _records(path):
            size += len(record) + 16  # each record has a length and two checksums around it
            if Event.FromString(record).step <= step:
                kept.append(record)
            else:
                dropped = True
        if dropped or size != path.stat().st_size:
            with replacing(path) as temporary, temporary.open("wb") as file:
                writer = RecordWriter(file)
                for record in kept:
                    writer.write(record)
                writer.flush()


def _records(path: Path) -> list[bytes]:
    """The records of a file up to its end or to the first damaged one."""
    return list(RawEventFileLoader(str(path)).Load())
