"""`fig sweep`: many runs from one file."""

import shlex
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import omnifig

from omnilearn.config import Node, call, keys_given, reject_unknown_keys
from omnilearn.config.recorder import recorder_of
from omnilearn.errors import UserError, counted, printable
from omnilearn.files import check_can_be_named, write_text
from omnilearn.runs.folder import save_root
from omnilearn.runs.identity import identity
from omnilearn.runs.stored_config import glance_at_config
from omnilearn.training.console import program
from omnilearn.training.interruption import STOPPED
from sae_src.sweeps.batch_script import batch_script
from sae_src.sweeps.display import Display
from sae_src.sweeps.existing import FOLDER, ExistingRuns
from sae_src.sweeps.packing import pack, unpack
from sae_src.sweeps.plan import Job, check, command_line, jobs_of
from sae_src.sweeps.runner import Outcome, Runner, slots_for
from sae_src.sweeps.search_command import print_search, search_runs
from sae_src.sweeps.search_space import Search
from sae_src.sweeps.steps import check_commands, modes_of
from sae_src.sweeps.study import Trial
from sae_src.sweeps.submission import Submission, wait_for
from sae_src.sweeps.sweep_file import Sweep, read_sweep
from sae_src.sweeps.worker import program_file

_MOST_WORKERS = 1000
_ACTIONS = ("print", "pack", "unpack", "sbatch", "submit")
# Keys that say how, each with the actions that it is for; None for making the runs.
_FOR: dict[str, tuple[str | None, ...]] = {
    "workers": (None,),
    "gpus": (None,),
    "retry": (None, "submit"),
    "only": (None, "print", "pack", "sbatch", "submit"),
    "slurm": ("sbatch", "submit"),
    "wait": ("submit",),
    "accept_changes": (None, "print", "sbatch", "submit"),
}


@dataclass(frozen=True)
class SweepSettings:
    """What `fig sweep` can be told; `fig sweep -h` says what each key means."""

    print: bool = False
    retry: str | None = None
    workers: int | None = None
    gpus: int | str | tuple[int, ...] | None = None
    saveroot: Path | None = None
    pack: Path | None = None
    unpack: Path | None = None
    sbatch: Path | None = None
    submit: bool | str = False
    wait: bool | None = None
    slurm: Mapping[str, Any] | bool | None = None
    only: int | tuple[int, ...] | None = None
    accept_changes: bool | None = None

    def __post_init__(self) -> None:
        if self.retry not in (None, "failed"):
            raise UserError(f"retry: must be failed, got {self.retry}")
        if self.submit not in (True, False, "local"):
            raise UserError(f"submit: must be yes or local, got {self.submit}")
        if self.workers is not None and not 1 <= self.workers <= _MOST_WORKERS:
            raise UserError(f"workers: must be from 1 to {_MOST_WORKERS}, got {self.workers}")
        if self.only == ():
            raise UserError("only: names no run")
        if self.slurm is False:
            object.__setattr__(self, "slurm", None)
        actions = [name for name in _ACTIONS if getattr(self, name)]
        if self.slurm is not None and not actions:  # how to submit says that, too
            object.__setattr__(self, "submit", True)
            actions = ["submit"]
        if len(actions) > 1:
            raise UserError(f"--{actions[0]} and --{actions[1]}: ask for one at a time")
        action = actions[0] if actions else None
        for key, fitting in _FOR.items():
            if getattr(self, key) is not None and action not in fitting:
                place = f"with --{action}" if action else "without " + " or ".join(f"--{each}" for each in fitting)
                raise UserError(f"{key}: has no effect {place}; leave it out")

    @property
    def slurm_options(self) -> Mapping[str, Any]:
        """Options of sbatch."""
        return self.slurm if isinstance(self.slurm, Mapping) else {}

    @property
    def devices(self) -> tuple[str, ...]:
        """The numbers of the GPUs."""
        given = self.gpus if isinstance(self.gpus, tuple) else () if self.gpus is None else str(self.gpus).split(",")
        numbers = tuple(str(each).strip() for each in given)
        if not all(number.isdigit() for number in numbers):
            raise UserError(f"gpus: must be numbers such as 0,1, got {self.gpus}")
        return numbers


def sweep(config: Node) -> Outcome | list[Trial | None] | None:
    """Make the runs of a sweep that are not there yet; with `print` only say which.

    Raises `UserError` at the end where any failed, and exits with code 4 where it was stopped.
    """
    path = _file_of(config)
    plan = read_sweep(path)
    settings = call(SweepSettings, config)
    gpus, root = settings.devices, save_root(settings.saveroot)
    given = keys_given(config)
    reject_unknown_keys(config, given)
    for action, file in (("pack", settings.pack), ("unpack", settings.unpack), ("sbatch", settings.sbatch)):
        if action in given and file is None:
            raise UserError(f"{action}: names no file")
    check_commands(plan.then)
    if settings.unpack is not None:
        names = unpack(settings.unpack, ExistingRuns(root))
        print("\n".join([f"{counted(len(names), 'run')} unpacked into {root}", *map(printable, names)]))
        if others := _of_others(names, root, plan) if names and plan.search is None else []:
            print(f"note: {counted(len(others), 'run')} of them not of {path}: {printable(', '.join(others))}")
        return None
    if plan.search is not None:
        return _search(plan, plan.search, settings)
    jobs = _chosen(jobs_of(plan), settings.only)
    if settings.pack is not None:
        packed = pack(jobs, ExistingRuns(root), settings.pack)
        print(f"{packed} of {counted(len(jobs), 'run')} packed into {settings.pack}")
        return None
    slots = slots_for(settings.workers or max(1, len(gpus)), gpus)
    accept = bool(settings.accept_changes)
    runner = Runner(root, root / FOLDER, root / FOLDER / plan.name, plan.then, slots, accept_changes=accept)
    left = {job.number: runner.left(job) for job in jobs}
    todo = [job for job in jobs if left[job.number]]
    if settings.print:
        for job in todo:
            for step in left[job.number]:
                print(f"{job.number:>{len(str(len(jobs)))}}  {command_line(step.words, program())}")
        print(_state(jobs, todo))
        return None
    if settings.sbatch is not None:
        _write_batch_script(settings.sbatch, plan.name, path, settings, [job.number for job in todo])
        return None
    submission = _submission(settings, root / FOLDER / plan.name / "slurm", plan.name)
    if settings.retry:
        for job in jobs:
            runner.failures.forget(job.identity)
    check([job for job in todo if left[job.number][0].name == "train"], modes_of(plan.then))
    outcome = Outcome(done=[job for job in jobs if not left[job.number]])
    print(_state(jobs, todo), flush=True)
    if submission is not None:
        words = [[*_words(path, settings), str(job.number)] for job in todo]
        _submit(submission, words, todo, wait=bool(settings.wait))
        if not settings.wait:
            return None
        runner.look(todo, outcome)
    else:
        show = Display(len(jobs), len(outcome.done))
        runner.run(todo, outcome, show)
        show.close()
    _report(jobs, outcome, f"{program()} sweep {_again()}")
    return outcome


def _submit(submission: Submission, words: Sequence[list[str]], todo: Sequence[Job], *, wait: bool) -> None:
    """Submit the command of each run that is left, and tell which task it is; with `wait` until they have ended."""
    tasks = submission.submit(words)
    told = [f"{task.job_id}  {job.number} {job.title}" for job, task in zip(todo, tasks, strict=True)]
    print("\n".join([*told, submission.how_to_see(tasks)] if tasks else ["nothing is left to do"]), flush=True)
    if wait:
        wait_for(tasks, lambda at, state: print(f"{told[at]}: {state}", flush=True))


def _search(plan: Sweep, search: Search, settings: SweepSettings) -> list[Trial | None] | None:
    for key in ("only", "pack", "sbatch", "submit", "accept_changes"):
        if getattr(settings, key):
            raise UserError(f"{key}: has no effect on a search, whose runs are not known before; leave it out")
    root, gpus = save_root(settings.saveroot), settings.devices
    workers = settings.workers or max(1, len(gpus))
    folder = root / FOLDER / plan.name
    runner = Runner(root, root / FOLDER, folder, plan.then, slots_for(workers, gpus))
    if settings.print:
        print_search(plan, search, runner, folder)
        return None
    again = f"{program()} sweep {_again()}"
    return search_runs(plan, search, runner, root, folder, workers, retry=settings.retry is not None, again=again)


def _chosen(jobs: list[Job], only: int | tuple[int, ...] | None) -> list[Job]:
    """The runs of some numbers, all by default."""
    if only is None:
        return jobs
    numbers = only if isinstance(only, tuple) else (only,)
    for number in numbers:
        if not 1 <= number <= len(jobs):
            raise UserError(f"only: there is no run {number}: they are 1 to {len(jobs)}")
    return [job for job in jobs if job.number in numbers]


def _write_batch_script(
    file: Path, name: str, sweep_file: Path, settings: SweepSettings, numbers: Sequence[int]
) -> None:
    if not numbers:
        print("nothing is left to do: no script written")
        return
    command = _words(sweep_file, settings)
    check_can_be_named(file)
    write_text(file, batch_script(name, command, numbers, settings.slurm_options, str(Path.cwd())))
    print(f"{len(numbers)} tasks in {file}: sbatch {file}")


def _submission(settings: SweepSettings, folder: Path, name: str) -> Submission | None:
    if not settings.submit:
        return None
    return Submission("local" if settings.submit == "local" else "slurm", name, folder, settings.slurm_options)


def _words(sweep_file: Path, settings: SweepSettings) -> list[str]:
    """The words of a command that makes one run of a sweep, whose number is to follow."""
    place = [] if settings.saveroot is None else ["--saveroot", str(settings.saveroot)]
    accept = ["--accept-changes", "yes"] if settings.accept_changes else []
    return [sys.executable, str(Path(program_file()).absolute()), "sweep", str(sweep_file), *place, *accept, "--only"]


def _file_of(config: Node) -> Path:
    named = list(recorder_of(config).named)
    if len(named) != 1:
        raise UserError("which sweep? name one: fig sweep sweep/NAME, or a YAML file")
    return Path(omnifig.get_current_project().config_manager.find_config_path(named[0]))


def _report(jobs: Sequence[Job], outcome: Outcome, again: str) -> None:
    """Say what became of all runs, and how to go on where any are left."""
    done = {job.number for job in outcome.done}
    print(_state(jobs, [job for job in jobs if job.number not in done]))
    for job, step in outcome.interrupted:
        print(f"  {job.number} {job.title}: interrupted in {step.name}")
    for job, failure in outcome.failed:
        print(printable(f"  {job.number} {job.title}: failed in {failure.step}: {failure.line} (see {failure.log})"))
    if outcome.stopped_by:
        print(f"stopped by {outcome.stopped_by}\nto go on: {again}", file=sys.stderr)
        raise SystemExit(STOPPED)
    if outcome.failed:
        failed = f"{len(outcome.failed)} of {counted(len(jobs), 'run')} failed"
        raise UserError(f"{failed}; to try them again: {again} --retry failed")
    if outcome.interrupted:
        print(f"to go on: {again}", file=sys.stderr)
        raise SystemExit(STOPPED)


def _of_others(names: Sequence[str], root: Path, plan: Sweep) -> list[str]:
    """Which of the runs under `root` do not belong to a sweep."""
    own = {job.identity for job in jobs_of(plan)}
    return [name for name in names if identity(glance_at_config(root / name)) not in own]


def _state(jobs: Sequence[Job], left: Sequence[Job]) -> str:
    return f"{counted(len(jobs), 'run')}: {len(jobs) - len(left)} done, {len(left)} left"


def _again() -> str:
    """The words of this command, without a retry."""
    words = [word for word in sys.argv[2:] if not word.startswith("--retry=")]
    while "--retry" in words:
        at = words.index("--retry")
        words = words[:at] + words[at + 2 :]
    return shlex.join(words)
