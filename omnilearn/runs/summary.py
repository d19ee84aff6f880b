"""What there is to say about a run at a glance: read from its small files alone, for thousands of runs in a moment."""

import os
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Literal

from omnilearn.config.yaml_parts import load_shared_yaml
from omnilearn.errors import UserError
from omnilearn.files import is_regular, read_json, read_text
from omnilearn.locks import is_being_trained
from omnilearn.runs.checkpoint import checkpoint_steps
from omnilearn.runs.ending import notes_end
from omnilearn.runs.folder import CONFIG, INFO, run_folders

State = Literal["running", "finished", "interrupted", "failed", "damaged"]
_DEEPEST = 20  # folders in folders
_OF_INFO = ("completed", "failed", "model", "started", "step", "sweep")
_OF_CONFIG = ("budget", "dataset", "evaluation", "include_eval", "info", "labels", "model", "seed")


@dataclass(frozen=True)
class RunSummary:
    """A run at a glance.

    Attributes:
        path: its folder.
        data, method: what it trains on, and how, in short.
        model: the name of its model: the one that a sweep or the run itself notes, else method and architecture.
        sweep: the sweep that it belongs to, if any.
        seed: its seed.
        step, budget: training steps done, as of the newest checkpoint, and to do. A finished run of which only the
            small files are kept has no checkpoint any more: then it is as many as it notes.
        state: `finished` is what has come to its budget, also where the evaluation at its end was interrupted;
            `interrupted` is whatever has begun, is not finished, and is not at work.
        loss: the best validation loss, as far as it is noted.
        begun: when it was begun.
        size: bytes in its folder.
        problem: what is damaged, or how it failed.
    """

    path: Path
    data: str = ""
    method: str = ""
    model: str = ""
    sweep: str = ""
    seed: int | None = None
    step: int = 0
    budget: int | None = None
    state: State = "damaged"
    loss: float | None = None
    begun: datetime | None = None
    size: int = 0
    problem: str = ""

    @property
    def name(self) -> str:
        """The name of the folder."""
        return self.path.name


def summaries(root: Path) -> Iterator[RunSummary]:
    """All runs under `root`, by name."""
    return map(summarise, run_folders(root))


def summarise(run: Path) -> RunSummary:
    """A run at a glance; what is wrong with its files is in `problem`."""
    size = _size(run)
    try:
        config = _table(run / CONFIG, _OF_CONFIG)
        info = _table(run / INFO, _OF_INFO) if os.path.lexists(run / INFO) else {}
        steps = checkpoint_steps(run)
    except (UserError, OSError, UnicodeDecodeError) as error:
        return RunSummary(run, size=size, problem=str(error))
    short, labels = _section(config, "info"), _section(config, "labels")
    completed, failed = _section(info, "completed"), info.get("failed")
    noted = completed.get("step", info.get("step"))  # the latter of results that are kept without checkpoints
    step, budget = max(steps, default=noted if isinstance(noted, int) else 0), config.get("budget")
    budget = budget if isinstance(budget, int) else None
    finished = step >= (budget or 0) and (notes_end(info, budget or 0) or not info)  # the published system notes none
    running = is_being_trained(run)
    state: State = "running" if running else "finished" if finished else "failed" if failed else "interrupted"
    seed = config.get("seed")
    method = _text(short.get("model_type") or _section(config, "model").get("_type"))
    architecture = _text(short.get("arch_type")) or _joined(short.get("enc_type"), short.get("dec_type"))
    return RunSummary(
        run,
        data=_text(short.get("dataset_type") or _section(config, "dataset").get("_type")),
        method=method,
        model=_text(labels.get("model") or info.get("model") or f"{method} {architecture}".strip()),
        sweep=_text(labels.get("sweep") or info.get("sweep")),
        seed=seed if isinstance(seed, int) else None,
        step=step,
        budget=budget,
        state=state,
        loss=_best_loss(run, config, completed),
        begun=_time(info.get("started")),
        size=size,
        problem=_text(failed) if state == "failed" else "",
    )


def _best_loss(run: Path, config: Mapping[str, Any], completed: Mapping[str, Any]) -> float | None:
    """The best loss of the validations, else that of the evaluation at the end."""
    best = _section(completed, "best").get("loss")
    if isinstance(best, float):
        return best
    name = f"{_section(config, 'evaluation').get('ident', 'eval')}.json"
    if Path(name).name != name or not is_regular(run / name):  # a stored name may lead elsewhere
        return None
    try:
        results = read_json(run / name)
    except UserError:
        return None
    scores = results.get("scores") if isinstance(results, dict) and results.get("mode") == "val" else None
    loss = scores.get("loss") if isinstance(scores, dict) else None
    return loss if isinstance(loss, float) else None


def _table(path: Path, keys: Collection[str]) -> dict[str, Any]:
    content = load_shared_yaml(read_text(path), str(path), keys)
    if not isinstance(content, dict):
        raise UserError(f"{path}: damaged: not a table of keys; move it away")
    return content


def _section(tree: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    value = tree.get(key)
    return value if isinstance(value, Mapping) else {}


def _joined(*parts: Any) -> str:
    return "-".join(str(part) for part in dict.fromkeys(parts) if part)


def _text(value: Any) -> str:
    return "" if value is None else str(value)


def _time(value: Any) -> datetime | None:
    """A time as this machine's clock shows it; None for what is none."""
    try:
        time = datetime.fromisoformat(value)
        return time if time.tzinfo is None else time.astimezone().replace(tzinfo=None)
    except (TypeError, ValueError, OverflowError):
        return None


def _size(folder: Path) -> int:
    """The bytes of the files in a folder and in those below it, to the depth of any run; links count as themselves."""
    total, waiting = 0, [(os.fspath(folder), 0)]
    while waiting:
        place, depth = waiting.pop()
        try:
            with os.scandir(place) as entries:
                for entry in entries:
                    if entry.is_dir(follow_symlinks=False):
                        if depth < _DEEPEST:
                            waiting.append((entry.path, depth + 1))
                    else:
                        total += entry.stat(follow_symlinks=False).st_size
        except OSError:  # removed meanwhile, or not ours to read
            continue
    return total
