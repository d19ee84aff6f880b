"""`fig sweep` with a search: what it says, and the table of its trials."""

import csv
import io
import sys
from collections.abc import Sequence
from pathlib import Path

from omnilearn.errors import UserError, printable
from omnilearn.files import write_text
from omnilearn.training.console import program
from omnilearn.training.interruption import STOPPED
from sae_src.sweeps.plan import terms
from sae_src.sweeps.runner import Outcome, Runner
from sae_src.sweeps.search_space import Search
from sae_src.sweeps.searching import (
    JOURNAL,
    TABLE,
    Searcher,
    Subject,
    check_search,
    open_commands,
    sole_searcher,
    subjects_of,
)
from sae_src.sweeps.study import Trial
from sae_src.sweeps.sweep_file import Sweep


def search_runs(
    plan: Sweep, search: Search, runner: Runner, root: Path, folder: Path, at_a_time: int, *, retry: bool, again: str
) -> list[Trial | None]:
    """Make the trials of a sweep that are not there yet; returns the best of each study.

    Args:
        plan: the sweep.
        search: its search.
        runner: makes the runs.
        root: the folder of all runs.
        folder: that of the sweep's files.
        at_a_time: how many trials are drawn at a time.
        retry: whether those that failed are made again.
        again: the command that goes on.

    Raises `UserError` where every trial of a study failed, and exits with code 4 where it was stopped.
    """
    check_search(plan, search)
    with sole_searcher(folder):
        subjects = subjects_of(plan, search, folder / JOURNAL)
        searcher = Searcher(subjects, runner, root, at_a_time)
        if retry:
            searcher.retry_failed()
        print("\n".join(counted(subject) for subject in subjects), flush=True)
        last = searcher.run(lambda: write_table(folder / TABLE, subjects))
        write_table(folder / TABLE, subjects)
        return _report(subjects, last, folder / TABLE, again)


def print_search(plan: Sweep, search: Search, runner: Runner, folder: Path) -> None:
    """Print what is left of the trials that have begun, and how many are still to be drawn."""
    check_search(plan, search)
    if not (folder / JOURNAL).exists():
        print(f"{search.trials} trials to be drawn for each model on each data set")
        return
    with sole_searcher(folder):
        for subject in subjects_of(plan, search, folder / JOURNAL):
            print("\n".join([*open_commands(subject, runner, program()), counted(subject)]))


def counted(subject: Subject) -> str:
    """How far a study is."""
    trials = subject.study.trials()
    done, failed = (sum(trial.state == state for trial in trials) for state in ("told", "failed"))
    open_ones = len(trials) - done - failed + subject.study.left
    return printable(f"{subject.title}: {subject.search.trials} trials: {done} done, {failed} failed, {open_ones} left")


def write_table(path: Path, subjects: Sequence[Subject]) -> None:
    """Write all trials, one a line, as CSV."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    search = subjects[0].search
    writer.writerow(["model", "variant", "trial", *search.space, search.score, "state", "runs", "problem"])
    for subject in subjects:
        for trial in subject.study.trials():
            values = [trial.values[key] for key in search.space]
            score = "" if trial.score is None else repr(trial.score)
            state = {"open": "open", "told": "done", "failed": "failed"}[trial.state]
            row = [subject.model, subject.variant, trial.number + 1, *values, score, state, " ".join(trial.runs)]
            writer.writerow([*row, trial.why])
    write_text(path, text.getvalue())


def _report(subjects: Sequence[Subject], last: Outcome, table: Path, again: str) -> list[Trial | None]:
    """Say how the studies stand, the best of each, and how to go on where any is not at its end."""
    best = [subject.study.best() for subject in subjects]
    for subject, trial in zip(subjects, best, strict=True):
        print(counted(subject))
        for each in subject.study.trials():
            if each.state == "failed":
                print(printable(f"  trial {each.number + 1} {' '.join(terms(each.values))}: failed: {each.why}"))
        if trial is not None:
            runs = f" ({', '.join(trial.runs)})" if trial.runs else ""
            words = " ".join(terms(trial.values))
            score = f"{subject.search.score} {trial.score:.6g}"
            print(printable(f"  best: trial {trial.number + 1}, {score}: {words}{runs}"))
    print(f"written to {table}", flush=True)
    if last.stopped_by or last.interrupted:
        stopped = f"stopped by {last.stopped_by}\n" if last.stopped_by else ""
        print(f"{stopped}to go on: {again}", file=sys.stderr)
        raise SystemExit(STOPPED)
    without = [subject.title for subject, trial in zip(subjects, best, strict=True) if trial is None]
    if without:
        raise UserError(f"every trial of {', '.join(without)} failed; to try them again: {again} --retry failed")
    return best
