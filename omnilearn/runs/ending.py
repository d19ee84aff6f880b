"""When a run has come to its end, by what its `info.yaml` notes: one rule for lists of runs and for going on."""

from collections.abc import Mapping
from typing import Any


def notes_end(info: Mapping[str, Any], step: int, evaluation: str | None = None) -> bool:
    """Whether a run has come to its end at a step or later, with an evaluation of that name if one is wanted.

    Args:
        info: its `info.yaml`.
        step: training steps.
        evaluation: the name of an evaluation that it must have; None where it need have none.
    """
    completed = info.get("completed")
    if not isinstance(completed, Mapping) or not isinstance(completed.get("step"), int):
        return False
    return bool(completed["step"] >= step and (evaluation is None or completed.get("evaluation") == evaluation))
