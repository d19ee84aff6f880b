"""Which runs a requeued job may go on with: those of its own config that have not come to their end."""

import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from omnilearn.config import Node
from omnilearn.config.yaml_parts import load_shared_yaml
from omnilearn.errors import UserError
from omnilearn.files import read_text
from omnilearn.locks import is_being_trained
from omnilearn.runs.checkpoint import checkpoint_steps
from omnilearn.runs.folder import CONFIG
from omnilearn.runs.identity import request_of
from omnilearn.runs.info import is_completed
from omnilearn.runs.stored_config import opened
from omnilearn.training.settings import FinalEvaluation


def unfinished_runs(root: Path, config: Node) -> Iterator[Path]:
    """The runs under `root` of the same experiment and name that are not finished and not being trained, newest first.

    Each is looked at when it is asked for; another process may be faster. Thousands of runs take a second.
    """
    wanted = request_of(config.root.to_python())
    known: dict[str, Mapping[str, Any] | None] = {}  # runs of one sweep, or of one config, share texts
    for path in _newest_first(root):
        try:
            text = read_text(path / CONFIG)
            if text not in known:
                known[text] = _matching(text, path, wanted)
            stored = known[text]
            if stored is not None and not is_finished(path, stored) and not is_being_trained(path):
                yield path
        except (UserError, OSError, UnicodeDecodeError):  # another's, or damaged: not a run to go on with
            continue


def is_finished(run: Path, config: Mapping[str, Any]) -> bool:
    """Whether there is nothing left to do for a run with the given stored config: it has come to its budget, as for its
    state in a list of runs, and has the evaluation at its end, if it is to have one.

    A run that has come to its end may have no checkpoint: by its config, or since somebody has removed them.
    """
    budget, evaluation = config.get("budget"), config.get("evaluation", {})
    wants_one = config.get("include_eval", True) is not False and isinstance(evaluation, Mapping)
    ident = evaluation.get("ident", FinalEvaluation.ident) if wants_one else None
    steps = checkpoint_steps(run)
    return isinstance(budget, int) and (not steps or steps[-1] >= budget) and is_completed(run, budget, ident)


def _matching(text: str, run: Path, wanted: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """The stored config in a text, where it is that of the wanted request; else None."""
    stored = load_shared_yaml(text, str(run / CONFIG))
    if not isinstance(stored, dict):
        return None
    stored = opened(stored)
    return stored if not _differ(stored, wanted) and request_of(stored) == wanted else None


def _differ(one: Any, other: Any) -> bool:
    """Whether two values of configs, with their keys opened, differ for certain: numbers at the same place do, and
    anything else may be a reference.
    """
    if isinstance(one, dict) and isinstance(other, dict):
        return any(key in one and _differ(one[key], value) for key, value in other.items())
    return isinstance(one, int | float) and isinstance(other, int | float) and one != other


def _newest_first(root: Path) -> list[Path]:
    """The folders under `root`; one that was written to last comes first."""
    try:
        with os.scandir(root) as entries:
            found = [(entry.stat().st_mtime, entry.path) for entry in entries if entry.is_dir()]
    except OSError:  # there is none, or one was removed meanwhile
        found = [(0.0, str(path)) for path in root.iterdir()] if root.is_dir() else []
    return [Path(path) for _, path in sorted(found, reverse=True) if not os.path.basename(path).startswith(".")]
