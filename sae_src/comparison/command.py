"""`fig compare`: the scores of many runs as a table, a row for each model on each data set."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from omnilearn.config import Node, call, reject_unused
from omnilearn.errors import UserError, printable
from omnilearn.files import check_can_be_named, write_bytes, write_text
from omnilearn.runs.folder import save_root
from omnilearn.text_table import Format, render
from sae_src.comparison.chance import ChanceLevel, different_levels, levels_of_groups
from sae_src.comparison.groups import Group, grouped
from sae_src.comparison.marks import Mark, marks_of
from sae_src.comparison.plots import plot
from sae_src.comparison.scores import UDR, ScoredRun, headlines, matching
from sae_src.comparison.selection import names_in, runs_to_compare
from sae_src.comparison.statistics import Estimate, estimate
from sae_src.comparison.udr import add_udr

_FORMATS: dict[str, Format] = {".csv": "csv", ".md": "md", ".tex": "tex", ".json": "json", ".txt": "table"}
_PLOTS: dict[str, Literal["png", "pdf"]] = {".png": "png", ".pdf": "pdf"}
_TOTALS = ("loss", "reg_loss")
SIGNS: dict[Mark, str] = {"best": "*", "within noise": "~", "": ""}
LEGEND = (
    "mean ± standard deviation over seeds [95% interval of the mean]; * best (of those with two seeds or more, if "
    "any), ~ not told from it by these seeds (at 5% for all rows together, by Holm)"
)


@dataclass(frozen=True)
class CompareSettings:
    """What `fig compare` can be told; `fig compare -h` says what each key means."""

    runs: str | tuple[str, ...] | None = None
    where: str = ""
    by: str | tuple[str, ...] = ("model", "data")
    scores: str | tuple[str, ...] | None = None
    unfinished: bool = False
    udr: bool = False
    chance: bool = False
    out: Path | None = None
    saveroot: Path | None = None

    def __post_init__(self) -> None:
        if not self.runs:
            raise UserError("which runs? --runs all, a pattern such as 'vec_*', or a list: '[NAME, NAME]'")
        if self.out is None:
            return
        if self.out.suffix not in {**_FORMATS, **_PLOTS}:
            raise UserError(f"out: {self.out} must end with {', '.join([*_FORMATS, *_PLOTS])}")
        if not self.out.parent.is_dir():
            raise UserError(f"out: there is no folder {self.out.parent}")
        check_can_be_named(self.out)


def compare(config: Node) -> list[Group]:
    """Print the comparison that the keys of `fig compare` ask for, or write it to a file; returns its rows."""
    settings = call(CompareSettings, config)
    reject_unused(config)
    assert settings.runs is not None
    root = save_root(settings.saveroot)
    runs, notes = runs_to_compare(settings.runs, root, where=settings.where, unfinished=settings.unfinished)
    available = sorted({name for run in runs for name in run.scores})
    wanted = names_in(settings.scores)
    udr = settings.udr or UDR in wanted
    names = [matching(name, available) for name in wanted if name != UDR] if wanted else default_scores(runs)
    groups, more = grouped(runs, names_in(settings.by), names)
    if udr:
        more += add_udr(groups)
        names.append(UDR)
    for note in [*notes, *more]:
        print(f"note: {printable(note)}")
    known = levels_of_groups([group.runs for group in groups], compute=settings.chance)
    if settings.out is not None and settings.out.suffix in _PLOTS:
        write_bytes(settings.out, plot(groups, names, _PLOTS[settings.out.suffix], known))
        print(f"{len(groups)} rows drawn in {settings.out}")
        return groups
    kind = "table" if settings.out is None else _FORMATS[settings.out.suffix]
    text = table(groups, names, kind, different_levels(known))
    if settings.out is None:
        print(f"{text}\n{LEGEND}")
    else:
        write_text(settings.out, text)
        print(f"{len(groups)} rows written to {settings.out}")
    return groups


def default_scores(runs: Sequence[ScoredRun]) -> list[str]:
    """What is compared unless told: one evaluation, over test data if there is one, and one score of each metric."""
    available = dict.fromkeys(name for run in runs for name in run.scores)
    modes = {name: run.made_with[name].get("mode") for run in runs for name in run.scores}
    losses = [name for name in available if name.rpartition(".")[2] == "rec_loss"]
    chosen = next((name for mode in ("test", "val") for name in losses if modes[name] == mode), None)
    found = []
    if chosen is not None:
        ident = chosen.rpartition(".")[0]
        found = [
            name for name in available if name.rpartition(".")[0] == ident and name.rpartition(".")[2] not in _TOTALS
        ]
    return [*found, *headlines(list(available))]


def table(groups: Sequence[Group], names: Sequence[str], kind: Format, levels: Sequence[ChanceLevel] = ()) -> str:
    """The rows as text, and chance levels below them; a CSV or JSON has the numbers in columns of their own."""
    rows = []
    marks = {name: marks_of(groups, name) for name in names}
    for place, group in enumerate(groups):
        row: dict[str, object] = {**group.key, **{name: str(value) for name, value in group.apart.items()}}
        row["n"] = len(group.runs)
        for name in names:
            if name not in group.values:
                continue
            found = estimate(list(group.values[name].values()))
            if kind in ("csv", "json"):
                low, high = found.mean - found.half_width, found.mean + found.half_width
                numbers = {"mean": found.mean, "sd": found.sd, "low": low, "high": high, "n": found.n}
                row |= {f"{name}.{part}": None if value != value else value for part, value in numbers.items()}
                row[f"{name}.mark"] = SIGNS[marks[name][place]]
            else:
                row[name] = cell(found, marks[name][place], len(group.runs), kind)
        rows.append(row)
    rows += [_chance_row(level, groups, names, kind) for level in levels]
    columns = list(dict.fromkeys(name for row in rows for name in row))
    return render(rows, columns, kind)


def _chance_row(level: ChanceLevel, groups: Sequence[Group], names: Sequence[str], kind: Format) -> dict[str, object]:
    """The row of a chance level, under the first column that rows are told apart by."""
    first = next(iter(groups[0].key))
    row: dict[str, object] = {first: f"chance, {level.codes} codes"}
    if "data" in groups[0].key:
        row["data"] = level.data
    for name in names:
        value = level.scores.get(name)
        if value is not None:
            row[f"{name}.mean" if kind in ("csv", "json") else name] = (
                value if kind in ("csv", "json") else f"{value:.4g}"
            )
    return row


def cell(found: Estimate, mark: Mark, runs: int, kind: Format) -> str:
    """A mean in a row of so many runs, marked; with its standard deviation and 95% interval, where it has them."""
    text = f"{found.mean:.4g}"
    text = f"**{text}**" if mark == "best" and kind in ("md", "tex") else text + SIGNS[mark]
    if found.n > 1:
        text += f" ± {found.sd:.2g} [{found.mean - found.half_width:.4g}, {found.mean + found.half_width:.4g}]"
    return text if found.n == runs else f"{text} (n {found.n})"
