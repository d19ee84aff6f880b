"""What results of metrics a run has already."""

import json
import os
from pathlib import Path
from typing import Any

from omnilearn.files import is_regular, read_json_table
from sae_src.eval_metrics.results import results_path
from sae_src.eval_metrics.settings import MetricSettings
from sae_src.eval_metrics.table import metric_named


def has_results(run: Path, save_ident: str) -> bool:
    """Whether a run has results of that name, whoever made them."""
    return any(os.path.lexists(path) for path in (results_path(run, save_ident), run / f"{save_ident}.json"))


def is_done(run: Path, save_ident: str, settings: MetricSettings) -> bool:
    """Whether a run has the metrics that `settings` ask for; a quick look (`eval/fast`) is not a result."""
    if not is_regular(results_path(run, save_ident)):
        return False
    summary = run / f"{save_ident}.json"
    made_by = read_json_table(summary).get("settings") if os.path.lexists(summary) else None
    return (made_by.get("preset") if isinstance(made_by, dict) else None) in (None, settings.preset)


def metrics_lacking(run: Path, save_ident: str, settings: MetricSettings) -> list[str]:
    """The titles of metrics that `settings` ask for and that are not in results which a run has.

    Results without a summary say nothing of what they hold, and lack nothing.
    """
    summary = run / f"{save_ident}.json"
    if not os.path.lexists(summary):
        return []
    content = read_json_table(summary)
    tables = [content.get(part) for part in ("scores", "skipped")]
    known = {title for table in tables if isinstance(table, dict) for title in table}
    titles = [metric_named(name).title for name in settings.names]
    return [title for title in titles if title not in known]


def step_of(run: Path, save_ident: str) -> int | None:
    """The step of the checkpoint that results which a run has are of; None where they do not say."""
    summary = run / f"{save_ident}.json"
    step = read_json_table(summary).get("step") if os.path.lexists(summary) else None
    return step if isinstance(step, int) else None


def as_stored(value: Any) -> Any:
    """A value as results have it, to be compared with theirs: lists in the place of tuples."""
    return json.loads(json.dumps(value, default=str))
