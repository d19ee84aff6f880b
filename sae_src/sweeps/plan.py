"""The runs that a sweep stands for, each with the ordinary command that makes it."""

import itertools
import json
import math
import shlex
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from omnilearn.config import Node, call, reject_unused
from omnilearn.config.command_line import parse_value, spelled_command_line
from omnilearn.config.recorder import recorder_of
from omnilearn.errors import ConfigError, UserError
from omnilearn.runs.identity import identity, of_one_process
from omnilearn.training.components import assemble, try_out
from omnilearn.training.settings import TrainSettings
from sae_src.run import create_config
from sae_src.sweeps.sweep_file import Sweep
from sae_src.training_request import settle


@dataclass(frozen=True)
class Job:
    """One run of a sweep.

    Attributes:
        number: its place in the sweep, from 1.
        model: the model's name in the sweep.
        configs: names of configs, the strongest first.
        keys: the keys of its command.
        identity: what the run is found again by.
        budget: its training steps.
        evaluation: the name of the results of the evaluation at its end, if it has one.
        of_process: the keys, of its command or its configs, that hold for one process only, such as `time_limit`.
        variant: what distinguishes it from other runs of the same model but the seed, for messages.
    """

    number: int
    model: str
    configs: tuple[str, ...]
    keys: Mapping[str, Any]
    identity: str
    budget: int
    evaluation: str | None
    of_process: Mapping[str, Any]
    variant: str

    @property
    def seed(self) -> int:
        """The seed."""
        return int(self.keys["seed"])

    @property
    def title(self) -> str:
        """What it is called in messages."""
        return " ".join(filter(None, [self.model, self.variant, f"seed {self.seed}"]))

    @property
    def words(self) -> list[str]:
        """The words of the command that makes the run from its first step."""
        return ["train", *self.configs, *terms(self.keys)]

    def config(self) -> Node:
        """The config of that command."""
        return create_config(*self.configs, **self.keys)


def jobs_of(sweep: Sweep, **more: Any) -> list[Job]:
    """The runs of a sweep in their order: model by model, then data, keys and seeds; `more` are keys of all runs.

    Raises `ConfigError` where a config or key is wrong or two runs are the same.
    """
    jobs: list[Job] = []
    known: dict[str, Job] = {}
    for model, configs, keys, variant in crossed(sweep):
        for seed in sweep.seeds:
            given = {**keys, "seed": seed, **more, "labels.sweep": sweep.name, "labels.model": model}
            job = job_of(len(jobs) + 1, model, configs, given, variant)
            if job.identity in known:
                raise ConfigError(f"{known[job.identity].title} and {job.title} are the same run; leave one out")
            known[job.identity] = job
            jobs.append(job)
    return jobs


def check(jobs: Sequence[Job], modes: Sequence[str] = ()) -> list[str]:
    """Build what each kind of run needs, as its first step would; `UserError` names the run that cannot be built, or
    that has no part of the data called as one of `modes`.

    Returns the names of the losses of the last kind.
    """
    losses: list[str] = []
    for _, alike in itertools.groupby(jobs, lambda job: (job.model, job.variant)):
        job = next(alike)
        try:
            config = job.config()
            components = assemble(config, call(TrainSettings, config))
            reject_unused(config)
            losses = try_out(components)
            for mode in modes:
                components.data.subset(mode)
        except UserError as error:
            raise UserError(f"{job.title}: {error}") from error
    return losses


def terms(keys: Mapping[str, Any]) -> list[str]:
    """Keys and their values as they are written on the command line."""
    return [word for key, value in keys.items() for word in (f"--{_dashed(key)}", _written(value, key))]


def command_line(words: Sequence[str], program: str = "fig") -> str:
    """A command that can be copied into a shell."""
    return f"{program} {shlex.join(words)}"


def crossed(sweep: Sweep) -> Iterator[tuple[str, tuple[str, ...], dict[str, Any], str]]:
    """For each combination but the seed: model, configs, keys, and what tells it from others of the model."""
    for (model, part), data in itertools.product(sweep.models.items(), sweep.data):
        keys: dict[str, Any] = {}
        for layer in (sweep.keys, data.keys, part.keys):
            for key, value in layer.items():
                keys[key.replace("-", "_")] = value
        choices = {key: value for key, value in keys.items() if isinstance(value, list)}
        shown = [*data.configs, *(f"{key} {value}" for key, value in data.keys.items())] if len(sweep.data) > 1 else []
        for chosen in itertools.product(*choices.values()):
            crossing = dict(zip(choices, chosen, strict=True))
            variant = " ".join([*shown, *(f"{key} {value}" for key, value in crossing.items())])
            yield model, (*part.configs, *data.configs), keys | crossing, variant


def job_of(number: int, model: str, configs: tuple[str, ...], keys: dict[str, Any], variant: str) -> Job:
    """The run of a command with these configs and keys; `ConfigError` names the model where one is wrong."""
    try:
        config = create_config(*configs, **keys)
        recorder_of(config).note_spelled(spelled_command_line(terms(keys))[1])
        settle(config)
        tree = config.root.to_python()
    except UserError as error:
        raise ConfigError(f"{model}: {error}") from error
    budget = tree.get("budget")
    if not isinstance(budget, int) or isinstance(budget, bool):
        raise ConfigError(f"{model}: budget: must be a number of steps, got {budget!r}")
    evaluation = tree.get("evaluation") or {}
    wanted = tree.get("include_eval", True) and evaluation is not None
    ident = evaluation.get("ident", "eval") if wanted and isinstance(evaluation, Mapping) else None
    return Job(number, model, configs, keys, identity(tree), budget, ident, of_one_process(tree), variant)


def _dashed(key: str) -> str:
    """A key as it is written on the command line; names that begin with an underscore keep it."""
    return ".".join(part if part.startswith("_") else part.replace("_", "-") for part in key.split("."))


def _written(value: Any, key: str) -> str:
    """A value as text that is read back as the same value."""
    if isinstance(value, str) and parse_value(value, key) == value and not value.startswith("--"):
        return value
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float) and not math.isfinite(value):
        return ".nan" if value != value else ".inf" if value > 0 else "-.inf"
    return json.dumps(value, ensure_ascii=False)
