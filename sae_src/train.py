"""`fig train`: a new run, or one that goes on."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from omnilearn.config import Node, call, find
from omnilearn.config.compose import nested
from omnilearn.errors import UserError
from omnilearn.training.resume import check_override, resume
from omnilearn.training.train import train
from sae_src.run import load_run


@dataclass(frozen=True)
class ResumeSettings:
    """What `fig train --resume` can be told beside the keys that it passes on to the run."""

    resume: str
    saveroot: Path | None = None
    override: Mapping[str, Any] | None = None


def train_or_resume(config: Node) -> Path:
    """Train as the config says; with the key `resume`, go on with the run of that name."""
    if find(config, "resume") is None:
        return train(config)
    settings = call(ResumeSettings, config)
    given = {key.split(".")[0] for key in config.reporter.given}
    unused = [key for key in config.root.to_python() if key not in given and not key.startswith("_")]
    if unused:
        raise UserError("--resume takes the config of the run: leave out the other configs")
    passed_on = {
        key: find(config, key).payload
        for key in config.reporter.given
        if key.split(".")[0] not in ("resume", "saveroot", "override")
    }
    override = nested({**(settings.override or {}), **passed_on})
    run = load_run(settings.resume, saveroot=settings.saveroot)
    if run.is_original:
        raise UserError(f"{run.name} was written by the published system: it can be evaluated, not resumed")
    check_override(run.config, override)
    return resume(load_run(settings.resume, saveroot=settings.saveroot, override=override))
