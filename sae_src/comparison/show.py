"""`fig show`: one run at a glance."""

import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from omnilearn.config import Node, call, reject_unused
from omnilearn.config.command_line import spelled_command_line
from omnilearn.errors import UserError, printable
from omnilearn.runs.folder import find_run, save_root
from omnilearn.runs.identity import stored_form
from omnilearn.runs.info import read_info
from omnilearn.runs.stored_config import read_stored_config
from omnilearn.runs.summary import RunSummary, summarise
from omnilearn.tensorboard.curves import read_curves
from omnilearn.text_table import render
from sae_src.comparison.listing import readable_size
from sae_src.comparison.scores import flat, scored
from sae_src.comparison.terminal_plot import line_plot
from sae_src.run import Selection, create_config

# Chosen as a run begins, and noted in its config.
_CHOSEN = {"device", "dataset_size", "din", "dout", "labels", "threads"}
_NOT_SET = "not set"


@dataclass(frozen=True)
class ShowSettings:
    """What `fig show` can be told."""

    saveroot: Path | None = None


def show(config: Node) -> RunSummary:
    """Print what a run is, how far it came, its scores, curves and files; returns it at a glance."""
    selection, settings = call(Selection, config), call(ShowSettings, config)
    reject_unused(config)
    run = find_run(selection.name, save_root(settings.saveroot))
    found = summarise(run)
    steps = f"{found.step:,}" if found.budget is None else f"{found.step:,} of {found.budget:,}"
    print(printable(f"{found.name}: {found.state}, {steps} steps, {readable_size(found.size)}"))
    if found.problem:
        print(f"  {printable(found.problem)}")
    if found.state == "damaged":
        return found
    info = read_info(run)
    lines = {"model": found.model, "data": found.data, "sweep": found.sweep, "seed": found.seed}
    lines |= {name: info.get(name) for name in ("command", "started", "host", "device", "revision")}
    for name, value in lines.items():
        if value not in (None, ""):
            print(f"  {name:<9} {printable(str(value))}")
    _print_differences(read_stored_config(run), info.get("command"))
    scores = scored(run).scores
    if scores:
        print("Scores")
        print(
            _indented(render([{"score": name, "value": f"{v:.6g}"} for name, v in scores.items()], ["score", "value"]))
        )
    curves = {tag: curve for tag, curve in read_curves(run).items() if tag.startswith("loss/") and len(curve) > 1}
    if curves:
        print("Curves")
    for tag, curve in curves.items():
        values = list(curve.values())
        print(f"  {printable(tag):<11} {values[0]:.4g} {line_plot(curve)} {values[-1]:.4g}, best {min(values):.4g}")
    print("Files")
    for path in sorted(run.iterdir(), key=_by_number):
        if not path.name.startswith("."):
            print(f"  {printable(path.name)}{'/' if path.is_dir() else ''}")
    return found


def _by_number(path: Path) -> tuple[str, int, str]:
    """The order of files: checkpoints by their steps."""
    word = path.name.rstrip("0123456789")
    return word, int(path.name[len(word) :] or 0), path.name


def differences(stored: Mapping[str, Any], command: str) -> dict[str, tuple[Any, Any]]:
    """What of a run's config differs from what the configs of its command say now: their value and the run's.

    Raises `UserError` where the command names no configs, or one that is not there any more.
    """
    try:
        words, _ = spelled_command_line(shlex.split(command)[1:])
    except ValueError as error:
        raise UserError(f"the command cannot be read: {error}") from None
    if len(words) < 2 or words[0] != "train":
        raise UserError("the command names no configs")
    defaults = dict(flat(stored_form(create_config(*words[1:]).root.to_python())))
    own = dict(flat({key: value for key, value in stored_form(stored).items() if key not in _CHOSEN}))
    names = [name for name in {**own, **defaults} if name.split(".")[0] not in _CHOSEN]
    return {
        name: (defaults.get(name, _NOT_SET), own.get(name, _NOT_SET))
        for name in names
        if defaults.get(name, _NOT_SET) != own.get(name, _NOT_SET)
    }


def _print_differences(stored: Mapping[str, Any], command: Any) -> None:
    try:
        found = differences(stored, command) if isinstance(command, str) else {}
    except UserError as error:
        print(f"  (what differs from the defaults is not known: {printable(str(error))})")
        return
    if found:
        print("Differs from the configs' defaults")
        rows = [
            {"key": name, "default": _shown(default), "here": _shown(here)} for name, (default, here) in found.items()
        ]
        print(_indented(render(rows, ["key", "default", "here"])))


def _indented(text: str) -> str:
    return "\n".join(f"  {line}" for line in text.splitlines())


def _shown(value: Any) -> str:
    return "null" if value is None else str(value)
