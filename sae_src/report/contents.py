"""What is on a page: for each data set its table and its observations, for each run what there is to see."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import torch

from omnilearn.config.stored import PLACES
from omnilearn.errors import UserError
from omnilearn.randomness import undisturbed
from omnilearn.runs.info import read_info
from omnilearn.runs.stored_config import read_stored_config
from sae_src.comparison.chance import different_levels, levels_of_groups
from sae_src.comparison.command import default_scores
from sae_src.comparison.groups import grouped
from sae_src.comparison.scores import ScoredRun, flat, matching
from sae_src.comparison.show import differences
from sae_src.methods import as_autoencoder
from sae_src.report.curves import curves_of
from sae_src.report.exploration import explore
from sae_src.report.looks import data_look, kind_of, model_look, pictures_of
from sae_src.report.observations import Observations, observations_of
from sae_src.report.tables import Table, table_of
from sae_src.run import load_run

_SEED = 0
# How data are cut and read, which changes none of the observations.
_LOADING = {"batch_size", "drop_last", "pairs", "shuffle", "shuffle_split", "split"}
_OF_INFO = ("command", "started", "device", "revision")


@dataclass(frozen=True)
class Extent:
    """How much is shown of each run: observations that are explored, and values of each latent."""

    observations: int
    steps: int


@dataclass
class ReportedRun:
    """A run on the page.

    Attributes:
        scored: the run and its scores.
        facts: what it is, by name.
        defaults: what differs from the configs' defaults: their value and the run's, by key.
        others: what differs between the runs on these data: the run's value by key.
        curves: steps and values by tag.
        pictures: addresses of pictures by name.
        look: what the explorer shows, if anything.
        why: why there are no pictures, where there are none.
    """

    scored: ScoredRun
    facts: Mapping[str, str]
    defaults: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    others: Mapping[str, str] = field(default_factory=dict)
    curves: Mapping[str, Any] = field(default_factory=dict)
    pictures: Mapping[str, str] = field(default_factory=dict)
    look: Mapping[str, Any] | None = None
    why: str = ""

    @property
    def name(self) -> str:
        """The name of the run."""
        return self.scored.summary.name


@dataclass
class DataSection:
    """The runs on one data set: its name and the size of its observations, their table, the runs, what the explorer
    shows of the data.
    """

    name: str
    size: str
    table: Table
    runs: list[ReportedRun] = field(default_factory=list)
    look: Mapping[str, Any] | None = None


@dataclass
class Contents:
    """What is on a page: a section for each data set, and notes on what is missing."""

    sections: list[DataSection]
    notes: list[str]


def collect(
    runs: Sequence[ScoredRun], *, by: Sequence[str], scores: Sequence[str], extent: Extent, device: torch.device
) -> Contents:
    """Gather what a page shows; takes a few seconds for each run of images.

    Args:
        runs: the runs.
        by: what their table is grouped by, see `grouped`.
        scores: the scores in the tables (default: as in `fig compare`).
        extent: how much of each run.
        device: where models run.

    Raises `UserError` for scores that no run has.
    """
    notes: list[str] = []
    together: dict[str, list[ScoredRun]] = {}
    for run in runs:
        together.setdefault(_data_of(run), []).append(run)
    available = sorted({name for run in runs for name in run.scores})
    wanted = [matching(name, available) for name in scores]
    sections = []
    for alike in together.values():
        names = wanted or default_scores(alike)
        groups, more = grouped(alike, by, names)
        levels = different_levels(levels_of_groups([group.runs for group in groups], compute=False))
        section = DataSection(alike[0].summary.data, _size_of(alike[0]), table_of(groups, names, levels))
        notes += [note.replace(": left out,", ": not in the averages,") for note in more]
        others = _differing(alike)
        seen: Observations | None = None
        for run in alike:
            print(f"  {run.summary.name}", flush=True)
            reported = _reported(run, others)
            section.runs.append(reported)
            try:
                seen = _look_at(reported, section, seen, extent, device)
            except (UserError, OSError) as error:
                reported.why = str(error)
                notes.append(f"{run.summary.name}: without pictures: {error}")
        if seen is not None and seen.note:
            notes.append(f"{section.name}: {seen.note}")
        sections.append(section)
    return Contents(_named_apart(sections), notes)


def _look_at(
    reported: ReportedRun, section: DataSection, seen: Observations | None, extent: Extent, device: torch.device
) -> Observations:
    """Explore a run; returns the observations that it was explored with, which the first one of a data set chooses."""
    saved = load_run(reported.scored.summary.path)
    # In this order of memory convolutions on CPUs take about half the time.
    model = as_autoencoder(saved.model).to(device).to(memory_format=torch.channels_last)
    kind = kind_of(model.dout)
    if seen is None:
        seen = observations_of(saved.data.dataset.to(device), extent.observations)
        section.look = data_look(seen, kind)
    if model.din != saved.data.dataset.din:
        raise UserError("the model takes observations of another size than these data have")
    with undisturbed(_SEED):
        found = explore(model, seen, extent.steps)
    reported.look = model_look(found, kind)
    if kind == "images":
        reported.pictures = pictures_of(seen, found)
    return seen


def _reported(run: ScoredRun, others: Sequence[str]) -> ReportedRun:
    """What there is to see of a run; `others` are the settings that not all runs on the same data have."""
    summary = run.summary
    info = read_info(summary.path)
    steps = f"{summary.step:,}" if summary.budget is None else f"{summary.step:,} of {summary.budget:,}"
    facts: dict[str, Any] = {"model": summary.model, "data": summary.data, "method": summary.method}
    facts |= {"sweep": summary.sweep, "seed": summary.seed, "steps": steps, "state": summary.state}
    facts |= {"best validation loss": None if summary.loss is None else f"{summary.loss:.5g}"}
    facts |= {name: info.get(name) for name in _OF_INFO}
    try:
        command = info.get("command")
        stored = read_stored_config(summary.path)
        defaults = differences(stored, command) if isinstance(command, str) else {}
    except UserError:
        defaults = {}  # of a command that names no configs, or some that are not here
    return ReportedRun(
        run,
        {name: str(value) for name, value in facts.items() if value not in (None, "")},
        {name: (_shown(default), _shown(here)) for name, (default, here) in defaults.items()},
        {name: _shown(run.settings.get(name, "not set")) for name in others},
        curves_of(summary.path),
    )


def _differing(alike: Sequence[ScoredRun]) -> list[str]:
    """The settings that not all of these runs have, or have with the same value."""
    names = dict.fromkeys(name for each in alike for name in each.settings)
    return [name for name in names if len({repr(each.settings.get(name, "not set")) for each in alike}) > 1]


def _data_of(run: ScoredRun) -> str:
    """What tells data apart: their name, size of an observation, and settings."""
    config = read_stored_config(run.summary.path)
    dataset = config.get("dataset")
    told = dataset.items() if isinstance(dataset, Mapping) else ()
    settings = flat({key: value for key, value in told if key not in (*_LOADING, *PLACES)})
    return repr((run.summary.data, config.get("din"), sorted(map(repr, settings))))


def _named_apart(sections: list[DataSection]) -> list[DataSection]:
    """The sections, with the size of their observations or a number behind names that are not the only ones."""
    for name, sizes in _sizes_by_name(sections).items():
        if len(set(sizes)) == len(sizes) > 1:
            for section in sections:
                if section.name == name:
                    section.name = f"{name}, {section.size}"
    names = [section.name for section in sections]
    for place, section in enumerate(sections):
        if names.count(section.name) > 1:
            section.name = f"{section.name} ({names[: place + 1].count(section.name)})"
    return sections


def _sizes_by_name(sections: Sequence[DataSection]) -> dict[str, list[str]]:
    names = dict.fromkeys(section.name for section in sections)
    return {name: [section.size for section in sections if section.name == name] for name in names}


def _size_of(run: ScoredRun) -> str:
    din = read_stored_config(run.summary.path).get("din")
    return " x ".join(map(str, din)) if isinstance(din, list) else str(din)


def _shown(value: Any) -> str:
    return "null" if value is None else str(value)
