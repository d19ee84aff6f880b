"""Writes the tables and charts of docs/results.md from the runs in results/: `python docs/write_results.py`.

`--check` says whether they are current.
"""

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from statistics import fmean

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from benchmarks.keep_results import TRAINING, VALIDATIONS  # noqa: E402
from benchmarks.paper import ORDER_COLUMNS, orderings, read_published, shown  # noqa: E402
from omnilearn.errors import UserError  # noqa: E402
from omnilearn.files import read_json_table, write_bytes  # noqa: E402
from omnilearn.runs.info import read_info  # noqa: E402
from omnilearn.text_table import render  # noqa: E402
from sae_src.comparison.chance import ChanceLevel, different_levels, levels_of_groups  # noqa: E402
from sae_src.comparison.command import cell, table  # noqa: E402
from sae_src.comparison.groups import Group, grouped  # noqa: E402
from sae_src.comparison.plots import plot  # noqa: E402
from sae_src.comparison.scores import ScoredRun  # noqa: E402
from sae_src.comparison.selection import runs_to_compare  # noqa: E402
from sae_src.comparison.statistics import difference, estimate  # noqa: E402

PAGE, CHART = ROOT / "docs" / "results.md", ROOT / "docs" / "results.png"
RESULTS, CHANGES = ROOT / "results" / "mini", ROOT / "results" / "mini-changes"
SEEDS = ROOT / "results" / "mini-seeds"  # those of the two models that are not among the others
FULL_SIZE = ROOT / "results" / "full-size"
MODELS = ("SAE-12", "SAE-6", "SAE-4", "AdaAE-12", "VLAE-12", "AE", "VAE", "WAE")
# What scores are called in the tables.
QUALITY = {
    "test_results.rec_loss": "reconstruction loss",
    "test_results.rec_factor_distance": "reconstructions",
    "test_results.hybrid_factor_distance": "hybrids",
    "test_results.prior_factor_distance": "prior",
}
DISENTANGLEMENT = {
    "dci.disentanglement": "DCI",
    "mig.discrete_mig": "MIG",
    "irs.avg_score": "IRS",
    "sap.SAP_score": "SAP",
    "infomec.infom": "InfoM",
    "infomec.infoc": "InfoC",
    "infomec.infoe": "InfoE",
    "responses.disentanglement": "responses",
}
CHANGED = {
    name: called
    for name, called in {**QUALITY, **DISENTANGLEMENT}.items()
    if called in ("reconstruction loss", "reconstructions", "hybrids", "DCI", "MIG", "InfoM")
}
RIVALS = ("SAE-12", "SVAE-12 lighter")
COMPARED = {**QUALITY, **DISENTANGLEMENT, "dci.completeness": "completeness"}
# The scores of the run at full size.
AT_FULL_SIZE = {
    "DCI": "dci.disentanglement",
    "completeness": "dci.completeness",
    "MIG": "mig.discrete_mig",
    "IRS": "irs.avg_score",
    "SAP": "sap.SAP_score",
    "modularity": "modularity-explicitness.modularity_score",
    "explicitness": "modularity-explicitness.explicitness_score_test",
    "InfoM": "infomec.infom",
    "InfoC": "infomec.infoc",
    "InfoE": "infomec.infoe",
    "responses": "responses.disentanglement",
}
BIN = 10_000  # steps that a number of the curve at full size stands for
DRAWN = ("test_results.rec_loss", "test_results.hybrid_factor_distance", "dci.disentanglement", "mig.discrete_mig")
BEGIN, END = "<!-- {name}: written by docs/write_results.py -->", "<!-- end -->"


def main() -> None:
    """Write the page and the chart, or check the page."""
    try:
        groups = groups_of(RESULTS)
        text = page(groups)
        if sys.argv[1:] == ["--check"]:
            sys.exit(0 if PAGE.read_text(encoding="utf-8") == text else f"{PAGE} is out of date")
        PAGE.write_text(text, encoding="utf-8")
        write_bytes(CHART, plot(groups, DRAWN, "png", [chance_level()] * len(groups)))
    except (UserError, OSError) as error:
        sys.exit(f"error: {error}")


def page(groups: Sequence[Group]) -> str:
    """The page as it is, with the tables of these groups."""
    text = PAGE.read_text(encoding="utf-8")
    for name, block in blocks(groups).items():
        text = replaced(text, name, block)
    return text


def groups_of(*folders: Path) -> list[Group]:
    """The runs of folders by model, in the order of `MODELS`."""
    runs = [run for folder in folders for run in kept(folder)]
    runs.sort(key=lambda run: ([*MODELS, run.model].index(run.model), run.model, run.summary.seed or 0))
    groups, notes = grouped(runs, ["model"], list(COMPARED))
    assert not notes, notes  # those of a model have the same settings
    return groups


def kept(folder: Path, *, unfinished: bool = False) -> list[ScoredRun]:
    """The runs whose results are in a folder; `UserError` where any of them cannot be read."""
    runs, notes = runs_to_compare("all", folder, unfinished=unfinished)
    if notes:
        raise UserError(f"{folder}: {'; '.join(notes)}")
    return runs


def blocks(groups: Sequence[Group]) -> dict[str, str]:
    """What stands between the marks of the page, by name."""
    published = read_published()
    with_data, _ = grouped([run for group in groups for run in group.runs], ["model", "data"], published.names)
    order = [{name: row[name] for name in ORDER_COLUMNS[1:]} for row in orderings(with_data, published)]
    falls = [converged(group) for group in groups]
    (large,) = kept(FULL_SIZE, unfinished=True)
    return {
        "quality": renamed(table(groups, list(QUALITY), "md"), QUALITY),
        "disentanglement": renamed(table(groups, list(DISENTANGLEMENT), "md", [chance_level()]), DISENTANGLEMENT),
        "orderings": render(order, list(ORDER_COLUMNS[1:]), "md"),
        "changes": renamed(table([*unchanged(groups), *groups_of(CHANGES)], list(CHANGED), "md"), CHANGED),
        "seeds": render(rows := compared(groups_of(RESULTS, CHANGES, SEEDS)), list(rows[0]), "md"),
        "convergence": render(falls, list(falls[0]), "md"),
        "curve": render([row := curve(large)], list(row), "md"),
        "full size": render(rows := full_size(large), list(rows[0]), "md"),
    }


def chance_level() -> ChanceLevel:
    """What random codes get: by the runs scored last, since InfoMEC had another form before, with other levels."""
    (level,) = different_levels(levels_of_groups([group.runs for group in groups_of(SEEDS)], compute=False))
    return level


def full_size(run: ScoredRun) -> list[dict[str, object]]:
    """The scores of the run at full size, the published ones and those of random codes."""
    published = read_published()
    there = published.tables["3ds"]["SAE-12"]
    called = {name: score for score, names in published.scores.items() for name in names}
    (level,) = different_levels(levels_of_groups([[run]], compute=False))
    rows: list[dict[str, object]] = [
        {"": f"SAE-12, {run.summary.step:,} steps"},
        {"": "published, 3D-Shapes, 100,000 steps"},
        {"": "chance, 12 codes"},
    ]
    for column, name in AT_FULL_SIZE.items():
        by_chance = level.scores.get(name)
        cells = f"{run.scores[name]:.3f}", shown(there[called[name]]) if called.get(name) in there else ""
        for row, text in zip(rows, (*cells, "" if by_chance is None else f"{by_chance:.3f}"), strict=True):
            row[column] = text
    return rows


def curve(run: ScoredRun) -> dict[str, str]:
    """The training loss at full size: means over the batches that were recorded in `BIN` steps each."""
    bins: dict[int, list[float]] = {}
    for step, loss in zip(*read_json_table(run.summary.path / TRAINING)["loss/train"], strict=True):
        bins.setdefault(-(-step // BIN), []).append(loss)
    means = {f"{min(place * BIN, run.summary.step) / 1000:.0f}": f"{fmean(each):,.0f}" for place, each in bins.items()}
    return {"steps, thousands": "loss", **means}


def unchanged(groups: Sequence[Group]) -> list[Group]:
    """The models that others change one thing of."""
    return [group for group in groups if group.key["model"] in ("SAE-12", "SAE-6")]


def renamed(text: str, names: Mapping[str, str]) -> str:
    """A table with the names of its scores as the page calls them."""
    for name, called in names.items():
        text = text.replace(name, called)
    return text


def compared(groups: Sequence[Group]) -> list[dict[str, object]]:
    """Each score of the two rivals with all their seeds, and the p-value of the difference of their means."""
    rivals = {name: group for name in RIVALS for group in groups if group.key["model"] == name}
    one, other = rivals.values()
    rows = []
    for name, called in COMPARED.items():
        if name in one.values and name in other.values:
            found = {rival: estimate(list(group.values[name].values())) for rival, group in rivals.items()}
            cells = {rival: cell(each, "", each.n, "md") for rival, each in found.items()}
            p = difference(one.values[name], other.values[name])
            rows.append({"score": called, **cells, "p": "" if p is None else f"{p:.2g}"})
    return rows


def converged(group: Group) -> dict[str, object]:
    """How much the validation loss of each run of a model still fell at the end, and what they took."""
    falls, hours = [], 0.0
    for run in group.runs:
        steps, losses = read_json_table(run.summary.path / VALIDATIONS)["loss/val"]
        earlier = max(step for step in steps if step <= 0.8 * steps[-1])
        falls.append(1 - losses[-1] / losses[steps.index(earlier)])
        hours += read_info(run.summary.path)["completed"]["seconds"] / 3600
    each = ", ".join(f"{100 * fall:.2f}" for fall in falls)
    return {**group.key, "fall over the last fifth": f"{fmean(falls):.2%}", "each seed": each, "hours": f"{hours:.1f}"}


def replaced(text: str, name: str, block: str) -> str:
    """The page with what stands between the marks of that name replaced."""
    begin = BEGIN.format(name=name)
    before, found, rest = text.partition(begin)
    _, ended, after = rest.partition(END)
    assert found and ended, f"{PAGE} has no marks for {name}"
    return f"{before}{begin}\n\n{block.strip()}\n\n{END}{after}"


if __name__ == "__main__":
    main()
