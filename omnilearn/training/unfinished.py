"""Which runs a requeued job may go on with: those of its own config that have not come to their end."""

import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from omnilearn.config import Node
from omnilearn.config.tree import nested
from omnilearn.config.yaml_parts import load_shared_yaml
from omnilearn.errors import UserError
from omnilearn.files import read_text
from omnilearn.locks import is_being_trained
from omnilearn.runs.checkpoint import checkpoint_steps
from omnilearn.runs.folder import CONFIG
from omnilearn.runs.identity import request_of
from omnilearn.runs.info import is_completed
from omnilearn.training.settings import FinalEvaluation


def unfinished_runs(root: Path, config: Node) -> Iterator[Path]:
    """The runs under `root` of the same experiment and name that are not finished and not being trained, newest first.

    Each is looked at when it is asked for; another process may be faster. Thousands of runs take a second.
    """
    wanted = request_of(config.root.to_python())
    for path in _newest_first(root):
        try:
            text = read_text(path / CONFIG)
            stored = load_shared_yaml(text, str(path / CONFIG))
            if not isinstance(stored, dict):
                continue
            stored = nested(stored) if _needs_opening(stored) else stored
            if request_of(stored) == wanted and not is_finished(path, stored) and not is_being_trained(path):
                yield path
        except (UserError, OSError, UnicodeDecodeError):  # another's, or damaged: not a run to go on with
            continue


def is_finished(run: Path, config: Mapping[str, Any]) -> bool:
    """Whether there is nothing left to do for a run with the given stored config.

    A run that has come to its end may have no checkpoint: by its config, or since somebody has removed them.
    """
    budget, evaluation = config.get("budget"), config.get("evaluation", {})
    wants_one = config.get("include_eval", True) is not False and isinstance(evaluation, Mapping)
    ident = evaluation.get("ident", FinalEvaluation.ident) if wants_one else None
    steps = checkpoint_steps(run)
    return isinstance(budget, int) and (not steps or steps[-1] >= budget) and is_completed(run, budget, ident)


def _newest_first(root: Path) -> list[Path]:
    """The folders under `root`; one that was written to last comes first."""
    try:
        with os.scandir(root) as entries:
            found = [(entry.stat().st_mtime, entry.path) for entry in entries if entry.is_dir()]
    except OSError:  # there is none, or one was removed meanwhile
        found = [(0.0, str(path)) for path in root.iterdir()] if root.is_dir() else []
    return [Path(path) for _, path in sorted(found, reverse=True) if not os.path.basename(path).startswith(".")]


def _needs_opening(tree: Any) -> bool:
    """Whether a tree has dotted keys, or dashes in them: no run writes any."""
    if isinstance(tree, Mapping):
        return any("." in str(key) or "-" in str(key) or _needs_opening(value) for key, value in tree.items())
    return isinstance(tree, list) and any(map(_needs_opening, tree))
