"""Results that are there already: which evaluation made them, and whether another one may take their place."""

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from omnilearn.errors import UserError
from omnilearn.files import read_json

_MADE_BY = ("mode", "step", "settings")
# Known only once the evaluation is done.
_FOUND_OUT = "samples"


def stored_scores(folder: Path, ident: str, made_by: Mapping[str, Any], *, overwrite: bool) -> dict[str, Any]:
    """The scores that the same evaluation has stored under a name before; empty where there are none.

    Args:
        folder: the folder of the run.
        ident: the name of the results.
        made_by: the `mode`, the `step` and the `settings` of the evaluation.
        overwrite: whether results of another evaluation may be replaced.

    Raises:
        UserError: where the name is taken by results of another evaluation, or by a damaged file.
    """
    summary, tensors = folder / f"{ident}.json", folder / f"{ident}.pth.tar"
    if not os.path.lexists(summary) and not os.path.lexists(tensors):
        return {}
    stored = _read(summary) if os.path.lexists(summary) else {}
    made_by = json.loads(json.dumps(made_by, default=str))  # as a file keeps it
    differs = [f"{name} {_shown(stored.get(name))}" for name in _MADE_BY if _plain(stored.get(name)) != made_by[name]]
    if not differs:
        scores = stored.get("scores")
        return dict(scores) if isinstance(scores, dict) else {}
    if not overwrite:
        holds = ", ".join(differs) if "mode" in stored else "other results"
        raise UserError(f"{summary}: there already, with {holds}; name these --ident NAME, or --overwrite yes")
    return {}


def _read(summary: Path) -> dict[str, Any]:
    try:
        stored = read_json(summary)
    except UserError:
        return {}  # not the results of this evaluation, whatever it is
    return stored if isinstance(stored, dict) else {}


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: item for key, item in value.items() if key != _FOUND_OUT}
    return value


def _shown(value: Any) -> str:
    if isinstance(value, dict):
        return " ".join(f"{key} {item}" for key, item in value.items() if key != _FOUND_OUT)
    return str(value)
