"""The tables of a page: means, marks, where the dots of the small charts are, chance levels."""

import pytest

from omnilearn.runs.summary import RunSummary
from sae_src.comparison.chance import ChanceLevel
from sae_src.comparison.groups import Group
from sae_src.comparison.scores import ScoredRun
from sae_src.report.tables import table_of

MIG = "mig.discrete_mig"


def group(tmp_path, model: str, *values: float) -> Group:
    runs = [ScoredRun(RunSummary(tmp_path / f"{model}_{seed}"), {}) for seed in range(len(values))]
    found = {MIG: dict(enumerate(values))} if values else {}
    return Group({"model": model, "data": "shapes"}, {}, found, runs)


def test_a_row_says_what_the_seeds_of_a_model_say(tmp_path):
    groups = [group(tmp_path, "AE", 0.1, 0.2), group(tmp_path, "SAE", 0.8, 0.9), group(tmp_path, "VAE")]
    table = table_of(groups, [MIG, "sap.SAP_score"], [ChanceLevel("shapes", 12, {MIG: 0.02})])
    assert table.keys == ["model"]  # they are all on the same data
    assert [(column.name, column.good, column.chance) for column in table.columns] == [(MIG, "high", {12: 0.02})]
    worse, best, none = table.rows
    assert none.cells == {}
    assert best.cells[MIG].mark == "best" and worse.cells[MIG].mark == ""
    cell = worse.cells[MIG]
    assert (cell.mean, cell.values) == (pytest.approx(0.15), [0.1, 0.2])
    assert (cell.low, cell.high) == (pytest.approx(0.15 - 0.6353, abs=1e-4), pytest.approx(0.15 + 0.6353, abs=1e-4))
    # The axis goes from 0.02 to 0.98; what is beyond is cut off.
    assert cell.places["values"] == pytest.approx([0.08 / 0.96, 0.18 / 0.96], abs=1e-4)
    assert cell.places["interval"] == [0.0, pytest.approx((0.7853 - 0.02) / 0.96, abs=1e-3)]


def test_one_seed_has_no_interval(tmp_path):
    (row,) = table_of([group(tmp_path, "AE", 0.4)], [MIG], []).rows
    cell = row.cells[MIG]
    assert (cell.sd, cell.low, cell.high, cell.mark) == (None, None, None, "")
    assert cell.places["interval"] == [] and cell.places["values"] == [0.5]
