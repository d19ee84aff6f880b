"""A search over numbers: draws values, makes the runs, and lets the next draws learn from their scores.

Every trial is one ordinary run for each seed of the sweep, found again by what it is; its score is their mean. There is
one study for each model on each data set, found again by its runs and its space.
"""

import hashlib
import json
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from omnilearn.errors import ConfigError, UserError, printable
from omnilearn.locks import try_lock
from sae_src.sweeps.display import Display
from sae_src.sweeps.existing import ExistingRuns
from sae_src.sweeps.plan import Job, check, command_line, crossed, job_of, terms
from sae_src.sweeps.runner import Outcome, Runner
from sae_src.sweeps.search_score import check_score, score_of
from sae_src.sweeps.search_space import Search
from sae_src.sweeps.steps import modes_of
from sae_src.sweeps.study import Study, Trial, open_journal, require_optuna
from sae_src.sweeps.sweep_file import Sweep

JOURNAL, TABLE = "search.journal", "search.csv"


@dataclass
class Subject:
    """What is searched for: one model on one data set.

    Attributes:
        plan: the sweep.
        search: its search.
        model: the model's name.
        configs: names of configs, the strongest first.
        keys: those that stand fast.
        variant: what tells it from others of the model.
        study: its trials.
    """

    plan: Sweep
    search: Search
    model: str
    configs: tuple[str, ...]
    keys: dict[str, Any]
    variant: str
    study: Study

    @property
    def title(self) -> str:
        """What it is called in messages."""
        return " ".join(filter(None, [self.model, self.variant]))

    def jobs(self, trial: Trial) -> list[Job]:
        """The runs of a trial."""
        return jobs_with(self.plan, self.model, self.configs, self.keys, self.variant, trial)


def jobs_with(
    plan: Sweep, model: str, configs: tuple[str, ...], keys: dict[str, Any], variant: str, trial: Trial
) -> list[Job]:
    """The runs of a trial of a model, one for each seed."""
    jobs = []
    for seed in plan.seeds:
        labels = {"labels.sweep": plan.name, "labels.model": model}
        shown = " ".join(filter(None, [variant, f"trial {trial.number + 1}"]))
        jobs.append(job_of(trial.number + 1, model, configs, {**keys, **trial.values, "seed": seed, **labels}, shown))
    return jobs


def check_search(plan: Sweep, search: Search) -> None:
    """Build each model at the ends of the ranges and with every choice, and see that its runs will have the score.

    Raises `UserError` that names what is wrong.
    """
    require_optuna()
    for model, configs, keys, variant in crossed(plan):
        for key in search.space:
            if key in keys:
                raise ConfigError(f"search.keys.{key}: stands among the keys of {model} too; leave one out")
        corners = [values.corners() for values in search.space.values()]
        for at in range(max(map(len, corners))):
            values = {key: each[min(at, len(each) - 1)] for key, each in zip(search.space, corners, strict=True)}
            job, *_ = jobs_with(plan, model, configs, keys, variant, Trial(at, values, "open"))
            try:
                losses = check([job], modes_of(plan.then))
            except UserError as error:
                written = " ".join(terms(values))
                raise UserError(f"{' '.join(filter(None, [model, variant]))} with {written}: {error}") from error
            if at == 0:
                check_score(search.score, job.evaluation, losses, plan.then)


def subjects_of(plan: Sweep, search: Search, journal: Path) -> list[Subject]:
    """What a sweep searches for, with the trials that there are; makes the journal if need be."""
    storage = open_journal(journal)
    found = []
    for model, configs, keys, variant in crossed(plan):
        first = Trial(0, {key: values.corners()[0] for key, values in search.space.items()}, "open")
        identities = [job.identity for job in jobs_with(plan, model, configs, keys, variant, first)]
        space = {key: repr(values) for key, values in search.space.items()}
        text = json.dumps([identities, space, search.score, search.direction, search.seed, plan.then], sort_keys=True)
        digest = hashlib.sha256(text.encode()).hexdigest()[:8]
        name = " ".join(filter(None, [model, variant, digest]))
        found.append(Subject(plan, search, model, configs, keys, variant, Study(storage, name, search)))
    return found


class Searcher:
    """Makes the trials of studies.

    Args:
        subjects: what is searched for.
        runner: makes the runs.
        root: the folder of all runs.
        at_a_time: how many trials are drawn before the scores of any of them are known.
    """

    def __init__(self, subjects: Sequence[Subject], runner: Runner, root: Path, at_a_time: int) -> None:
        self._subjects, self._runner, self._at_a_time = subjects, runner, at_a_time
        self._existing = ExistingRuns(root)

    def retry_failed(self) -> None:
        """Let all trials that failed be made again."""
        for subject in self._subjects:
            for trial in subject.study.trials():
                if trial.state == "failed":
                    for job in subject.jobs(trial):
                        self._runner.failures.forget(job.identity)
                    subject.study.try_again(trial)

    def run(self, after_round: Callable[[], None]) -> Outcome:
        """Draw, make and tell trials until all are over or any was interrupted; returns what became of the last."""
        outcome = Outcome()
        for subject in self._subjects:
            subject.study.drop_leftovers()
        while batch := self._next():
            jobs = [(subject, trial, subject.jobs(trial)) for subject, trial in batch]
            every = [job for _, _, made in jobs for job in made]
            outcome = Outcome()
            show = Display(len(every), 0)
            self._runner.run(every, outcome, show)
            show.close()
            for subject, trial, made in jobs:
                self._tell(subject, trial, made, outcome)
            after_round()
            if outcome.stopped_by or outcome.interrupted:
                break
        return outcome

    def _next(self) -> list[tuple[Subject, Trial]]:
        """The trials that are open, and as many new ones as there is room for, of each study in turn."""
        batch = [
            (subject, trial) for subject in self._subjects for trial in subject.study.trials() if trial.state == "open"
        ]
        while len(batch) < self._at_a_time:
            unfinished = [subject for subject in self._subjects if subject.study.left]
            if not unfinished:
                break
            subject = max(unfinished, key=lambda each: each.study.left)  # the first of several
            trial = subject.study.ask()
            print(printable(f"{subject.title} trial {trial.number + 1}: {' '.join(terms(trial.values))}"), flush=True)
            batch.append((subject, trial))
        return batch

    def _tell(self, subject: Subject, trial: Trial, jobs: Sequence[Job], outcome: Outcome) -> None:
        """Keep the score of a trial whose runs are over."""
        names = [run.name for job in jobs if (run := self._existing.find(job.identity)) is not None]
        failures = [failure for job, failure in outcome.failed if job in jobs]
        if failures:
            subject.study.tell(trial, names, None, failures[0].line)
        elif all(job in outcome.done for job in jobs):
            try:
                scores = [score_of(self._existing.root / name, subject.search.score) for name in names]
            except UserError as error:
                subject.study.tell(trial, names, None, str(error))
                return
            subject.study.tell(trial, names, sum(scores) / len(scores))


def open_commands(subject: Subject, runner: Runner, program: str) -> list[str]:
    """The commands that are left for the trials that have begun."""
    trials = [trial for trial in subject.study.trials() if trial.state == "open"]
    steps = [(trial, step) for trial in trials for job in subject.jobs(trial) for step in runner.left(job)]
    return [f"{trial.number + 1}  {command_line(step.words, program)}" for trial, step in steps]


@contextmanager
def sole_searcher(folder: Path) -> Iterator[None]:
    """Keep every other process from searching for the same; raises `UserError` where one does."""
    handle = try_lock(folder / ".search.lock")
    if handle is None:
        raise UserError(f"another process works on this search ({folder}): wait for it to end, or stop it")
    try:
        yield
    finally:
        os.close(handle)
