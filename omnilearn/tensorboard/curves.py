"""The curves of a run, read back from the files that TensorBoard reads."""

from pathlib import Path

from google.protobuf.message import DecodeError
from tensorboard.compat.proto.event_pb2 import Event

from omnilearn.files import is_regular
from omnilearn.tensorboard.rewinding import records

Curve = dict[int, float]


def read_curves(run: Path) -> dict[str, Curve]:
    """Every scalar in a run's folder: for each tag, the values by step, in the order of steps.

    Where a step was written more than once, the last counts; what is damaged is left out.
    """
    curves: dict[str, Curve] = {}
    for path in sorted(run.glob("events.out.tfevents.*")):
        if not is_regular(path):
            continue
        for record in records(path):
            try:
                event = Event.FromString(record)
            except DecodeError:
                break
            for value in event.summary.value:
                if value.WhichOneof("value") == "simple_value":
                    curves.setdefault(value.tag, {})[event.step] = value.simple_value
    return {tag: dict(sorted(curve.items())) for tag, curve in sorted(curves.items())}
