"""Our numbers beside the published ones: the scores of finished runs, and the tables of benchmarks/published.yaml.

python -m benchmarks.paper [--compare FOLDER] [--data 3ds] [--where 'sweep=3ds'] [--unfinished]
                           [--format table|md|csv|json]

Without `--compare` it prints the published tables. `--compare FOLDER` takes the runs of a save folder, such as
`fig sweep sweep/3ds` makes them, or of all save folders in it, and puts a row for each score: published and measured
mean, standard deviation and number of seeds, their difference, and whether it is larger than the spread over seeds
explains (`apart`): by Welch's test at 5% of two means over seeds, by the 95% interval of one more seed where one side
has a single one, unknown where both have, or where no spread was published. Standard deviations are with n - 1; the
published ones, with n, are converted. Then the published orderings, on every data set there is (`told`: whether these
seeds tell it, at 5% each: they were chosen before, so that none is corrected for the others).

Runs whose settings differ are rows of their own, as in `fig compare`, and what they were not trained with as published
is noted: read the notes before the numbers.
"""

import argparse
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from scipy import stats

from benchmarks.choice_of_runs import add_choice_of_runs
from omnilearn.errors import UserError, printable
from omnilearn.runs.folder import run_folders
from omnilearn.text_table import Format, render
from sae_src.comparison.groups import Group, grouped
from sae_src.comparison.scores import direction
from sae_src.comparison.selection import runs_to_compare
from sae_src.comparison.statistics import LEVEL, Estimate, estimate, estimate_of, is_within_noise

PUBLISHED = Path(__file__).with_name("published.yaml")
COLUMNS = ("data", "model", "score", "published", "measured", "difference", "apart")
ORDER_COLUMNS = ("data", "better", "worse", "measured", "holds", "told")


@dataclass(frozen=True)
class Published:
    """The published numbers.

    Attributes:
        tables: by data set, model and score.
        scores: for each score, the names that results have for it.
        steps: training steps by data set.
        orderings: pairs of model and score, the better one first.
    """

    tables: Mapping[str, Mapping[str, Mapping[str, Estimate]]]
    scores: Mapping[str, Sequence[str]]
    steps: Mapping[str, int]
    orderings: Sequence[tuple[tuple[str, str], tuple[str, str]]]

    @property
    def names(self) -> list[str]:
        """Every name of results."""
        return [name for names in self.scores.values() for name in names]


def read_published(path: Path = PUBLISHED) -> Published:
    """The published numbers in a file."""
    content = yaml.safe_load(path.read_text(encoding="utf-8"))
    tables = {
        data: {model: {name: as_estimate(value) for name, value in row.items()} for model, row in models.items()}
        for data, models in content["tables"].items()
    }
    pairs = [tuple(tuple(side.rsplit(" ", 1)) for side in pair) for pair in content["orderings"]]
    return Published(tables, content["scores"] | content["distances"], content["steps"], pairs)


def as_estimate(value: float | Sequence[float | None]) -> Estimate:
    """A published number: of one seed, or [mean, standard deviation with n or null, seeds]."""
    if isinstance(value, int | float):
        return estimate_of(float(value), math.nan, 1)
    mean, spread, n = value
    assert mean is not None and n is not None and n > 1
    sd = math.nan if spread is None else spread * math.sqrt(n / (n - 1))
    return estimate_of(float(mean), sd, int(n))


def are_apart(one: Estimate, other: Estimate) -> bool | None:
    """Whether two means differ by more than their seeds explain, at 5%; None where that is unknown."""
    if math.isnan(one.mean) or math.isnan(other.mean):
        return None
    known = [each for each in (one, other) if each.n > 1 and not math.isnan(each.sd)]
    if len(known) == 2:
        if one.sd == other.sd == 0:
            return one.mean != other.mean
        test = stats.ttest_ind_from_stats(one.mean, one.sd, one.n, other.mean, other.sd, other.n, equal_var=False)
        return bool(test.pvalue < 1 - LEVEL)
    if not known or min(one.n, other.n) > 1:
        return None
    (many,) = known
    reach = float(stats.t.ppf((1 + LEVEL) / 2, many.n - 1)) * many.sd * math.sqrt(1 + 1 / many.n)
    return abs(one.mean - other.mean) > reach


def compared(groups: Sequence[Group], published: Published) -> list[dict[str, Any]]:
    """A row for each score that is both published and measured."""
    rows = []
    for group in groups:
        data, model = group.key["data"], group.key["model"]
        for name, there in published.tables.get(data, {}).get(model, {}).items():
            values = values_of(group, name, published)
            if not values:
                continue
            ours = estimate(list(values.values()))
            row = {"data": data, "model": model, "score": name, "published": shown(there), "measured": shown(ours)}
            row["difference"] = f"{ours.mean - there.mean:+.3g}"
            row["apart"] = {True: "yes", False: "no", None: "?"}[are_apart(there, ours)]
            rows.append(row | {"settings": ", ".join(f"{key} {value}" for key, value in group.apart.items())})
    return rows


def orderings(groups: Sequence[Group], published: Published) -> list[dict[str, Any]]:
    """A row for each published ordering on each data set; of runs that are kept apart those with most seeds count."""
    largest: dict[tuple[str, str], Group] = {}
    for group in groups:
        key = (group.key["data"], group.key["model"])
        if key not in largest or len(group.runs) > len(largest[key].runs):
            largest[key] = group
    rows = []
    for data in dict.fromkeys(key[0] for key in largest):
        for sides in published.orderings:
            found = [(largest.get((data, model)), score) for model, score in sides]
            values = [values_of(group, score, published) if group else {} for group, score in found]
            if not all(values):
                continue
            names = [name_of(group, score, published) for group, score in found if group]
            better, worse = (estimate(list(each.values())).mean for each in values)
            holds = better > worse if direction(names[0]) == "high" else better < worse
            told = {True: "no", False: "yes", None: "?"}[is_within_noise(*values)]
            answer = "?" if math.isnan(better) or math.isnan(worse) else "yes" if holds else "no"
            row = {"data": data, "better": " ".join(sides[0]), "worse": " ".join(sides[1])}
            rows.append(row | {"measured": f"{better:.3g}, {worse:.3g}", "holds": answer, "told": told})
    return rows


def name_of(group: Group, score: str, published: Published) -> str:
    """The first name of a score that these runs have; empty where they have none."""
    return next((name for name in published.scores[score] if name in group.values), "")


def values_of(group: Group, score: str, published: Published) -> Mapping[int, float]:
    """A score of runs by seed; empty where they do not have it."""
    return group.values.get(name_of(group, score, published), {})


def shown(found: Estimate) -> str:
    """`16.6 ± 3.1 (5)`: mean, standard deviation and number of seeds, as far as they are known."""
    return f"{found.mean:.5g}" + ("" if math.isnan(found.sd) else f" ± {found.sd:.2g}") + f" ({found.n})"


def notes_on(groups: Sequence[Group], published: Published) -> list[str]:
    """What sets runs apart from the published ones."""
    notes = []
    for group in groups:
        data, model = group.key["data"], group.key["model"]
        steps = min(run.summary.step for run in group.runs)
        if data not in published.tables:
            notes.append(f"{data} {model}: nothing is published on these data")
        elif model not in published.tables[data]:
            notes.append(f"{data} {model}: nothing is published of this model")
        elif steps != published.steps[data]:
            notes.append(f"{data} {model}: {steps} steps, published are {published.steps[data]}")
    return notes


def published_rows(published: Published, data: Sequence[str]) -> list[dict[str, Any]]:
    """The published tables, a row for each model."""
    return [
        {"data": name, "model": model, **{score: shown(value) for score, value in row.items()}}
        for name in data
        for model, row in published.tables[name].items()
    ]


def runs_in(folder: Path) -> str | list[str]:
    """All runs of a folder or, where it holds none itself, those of the folders in it, as `select_runs` takes them."""
    if run_folders(folder) or not folder.is_dir():
        return "all"
    return [str(run) for below in sorted(folder.iterdir()) for run in run_folders(below)] or "all"


def report(
    folder: Path, published: Published, *, data: str | None, where: str, kind: Format, unfinished: bool = False
) -> str:
    """The comparison with the runs of a folder as text; `UserError` where no run is left."""
    runs, notes = runs_to_compare(runs_in(folder), folder, where=where, unfinished=unfinished)
    runs = [run for run in runs if data is None or run.summary.data == data]
    if not runs:
        raise UserError(f"data: no finished run with results is on {data}")
    groups, more = grouped(runs, ["model", "data"], published.names)
    rows, order = compared(groups, published), orderings(groups, published)
    if kind in ("csv", "json"):
        return render(rows, (*COLUMNS, "settings"), kind)
    columns = (*COLUMNS, "settings") if any(row["settings"] for row in rows) else COLUMNS
    lines = [f"note: {printable(note)}" for note in [*notes, *more, *notes_on(groups, published)]]
    parts = ["\n".join(lines)] if lines else []
    parts.append(render(rows, columns, kind) if rows else "no score of these runs is published\n")
    if order:
        parts.append(render(order, ORDER_COLUMNS, kind))
        parts.append("holds: in the means; told: whether the difference is significant at 5%, ? with one seed\n")
    return "\n\n".join(part.rstrip("\n") for part in parts) + "\n"


def main(arguments: Sequence[str] | None = None) -> None:
    """Print what the command line asks for."""
    published = read_published()
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.paper", description="Measured beside published numbers."
    )
    parser.add_argument("--compare", type=Path, metavar="FOLDER", help="a save folder with runs, or a folder of such")
    parser.add_argument("--data", choices=list(published.tables), help="one data set alone")
    add_choice_of_runs(parser)
    parser.add_argument("--format", choices=("table", "md", "csv", "json"), default="table")
    given = parser.parse_args(arguments)
    if given.compare is None:
        rows = published_rows(published, [given.data] if given.data else list(published.tables))
        print(render(rows, list(dict.fromkeys(name for row in rows for name in row)), given.format), end="")
        return
    try:
        chosen = {"data": given.data, "where": given.where, "unfinished": given.unfinished == "yes"}
        print(report(given.compare, published, **chosen, kind=given.format), end="")
    except UserError as error:
        parser.exit(2, f"error: {error}\n")


if __name__ == "__main__":
    main()
