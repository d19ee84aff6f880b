"""`fig train`: a new run, or one that goes on."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from omnilearn.config import Node, call, find, read
from omnilearn.config.compose import nested
from omnilearn.errors import UserError
from omnilearn.runs.folder import save_root
from omnilearn.training.resume import check_override, resume, unfinished_run
from omnilearn.training.train import train
from sae_src.run import load_run


@dataclass(frozen=True)
class ResumeSettings:
    """What `fig train --resume` can be told beside the keys that it passes on to the run."""

    resume: str
    saveroot: Path | None = None
    override: Mapping[str, Any] | None = None


def train_or_resume(config: Node) -> Path:
    """Train as the config says; with the key `resume`, go on with the run of that name.

    `resume auto` goes on with the newest unfinished run of the same config, and starts one where there is none.
    """
    if find(config, "resume") is None:
        return train(config)
    settings = call(ResumeSettings, config)
    if settings.resume == "auto":
        path = unfinished_run(save_root(settings.saveroot), config)
        if path is None:
            print("no unfinished run of this config: starting one")
            return train(config)
        return resume(load_run(path))
    given = {key.split(".")[0] for key in config.reporter.given}
    if any(key not in given and not key.startswith("_") for key in config.root.to_python()):
        raise UserError("--resume takes the config of the run: leave out the other configs")
    override = nested({**(settings.override or {}), **_passed_on(config)})
    run = load_run(settings.resume, saveroot=settings.saveroot)
    if run.is_original:
        raise UserError(f"{run.name} was written by the published system: it can be evaluated, not resumed")
    check_override(run.config, override)
    return resume(load_run(settings.resume, saveroot=settings.saveroot, override=override))


def _passed_on(config: Node) -> dict[str, Any]:
    """The values of the command line that go into the run's config."""
    keys = [key for key in config.reporter.given if key.split(".")[0] not in ("resume", "saveroot", "override")]
    return {key: read(find(config, key)) for key in keys}
