"""The score that a search looks at: whether runs will have it, and what it is."""

import math
import os
import shlex
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from omnilearn.errors import UserError, did_you_mean
from omnilearn.evaluation.measures import measure_keys
from omnilearn.files import read_json
from sae_src.eval_metrics.table import all_metrics
from sae_src.sweeps.steps import results_of


def check_score(score: str, evaluation: str | None, losses: Sequence[str], then: Sequence[str]) -> None:
    """Raise `UserError` for a score that no run of a search will have.

    Args:
        score: its name, results and the name in them.
        evaluation: the name of the results of the evaluation at the end of training.
        losses: names of the model's losses.
        then: the commands after training.
    """
    ident, _, name = score.partition(".")
    known: dict[str, list[str]] = {}
    if evaluation is not None:
        known[evaluation] = [*losses]
    for command in then:
        written, metrics = results_of(command)
        if written is not None and metrics is None:
            known[written] = [*losses]
        elif written is not None and metrics is not None:
            named = [all_metrics()[metric] for metric in metrics]
            known[written] = [f"{metric.name}.{one}" for metric in named for one in metric.scores]
    if ident not in known:
        there = f"; there are {', '.join(known)}" if known else "; add an evaluation to then"
        raise UserError(f"search.score: runs have no results '{ident}'{did_you_mean(ident, known) or there}")
    is_distance = name.endswith(tuple(f"_{key}" for key in measure_keys()))
    if name not in known[ident] and not is_distance:
        there = did_you_mean(name, known[ident]) or f"; there are {', '.join(known[ident])}"
        raise UserError(f"search.score: there is no '{name}' in the results '{ident}'{there}")


def score_of(run: Path, score: str) -> float:
    """A score of a run; `UserError` where it has none, or one that is not finite."""
    ident, _, name = score.partition(".")
    path = run / f"{ident}.json"
    results = read_json(path) if os.path.lexists(path) else None
    found: Any = results.get("scores") if isinstance(results, dict) else None
    titles = {metric.name: metric.title for metric in all_metrics().values()}
    if isinstance(found, Mapping) and name not in found:
        first, _, rest = name.partition(".")
        found, name = found.get(titles.get(first, first)), rest
    value = found.get(name) if isinstance(found, Mapping) else None
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise UserError(f"{shlex.quote(run.name)} has no score {score}")
    if not math.isfinite(value):
        raise UserError(f"{shlex.quote(run.name)}: {score} is not finite")
    return float(value)
