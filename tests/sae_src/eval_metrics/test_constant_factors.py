"""Factors that have one value in all observations are left out of every metric, and named."""

import json
from types import SimpleNamespace

import numpy as np
import pytest
import torch

import sae_src as sae
from sae_src.eval_metrics.codes import MetricData
from sae_src.eval_metrics.figures import draw_figures
from sae_src.eval_metrics.from_python import GivenObservations
from sae_src.eval_metrics.given_model import GivenModel
from sae_src.eval_metrics.suite import missing
from sae_src.eval_metrics.table import all_metrics
from tests.sae_src.metrics.conftest import grid, noisy_codes

FACTORS = grid(4, 3, 5)
CODES = noisy_codes(FACTORS, np.random.RandomState(0)).astype(np.float32)
SMALL = {"num_train": 200, "num_test": 100, "num_latent": 100, "jobs": 1, "batch_size": 20}
OWN = {"num_votes": 50, "sizes": [10, 50]}
FAST = ("mig", "sap", "dci", "modularity-explicitness", "irs", "fairness", "jemmig", "dcimig", "infomec", "mcc", "r2")


def table(factors: np.ndarray, *constant: int) -> dict:
    """Columns by name, with further ones of one value at these places."""
    columns = {f"f{k}": column for k, column in enumerate(factors.T)}
    items = list(columns.items())
    for place in constant:
        items.insert(place, (f"constant{place}", np.full(len(factors), 7)))
    return dict(items)


def measured(factors: dict, metrics=FAST, **settings):
    return sae.evaluate_metrics(lambda batch: batch, CODES, factors, metrics=metrics, **SMALL | settings)


@pytest.fixture(scope="module")
def plain():
    """The metrics of what varies."""
    return measured(table(FACTORS))


@pytest.mark.slow
@pytest.mark.parametrize("constant", [(0,), (1, 3), (3,)])
def test_the_scores_are_those_without_it(constant, plain):
    with_constants = measured(table(FACTORS, *constant))
    assert plain.left_out == ()
    assert with_constants.left_out == tuple(f"constant{place}" for place in constant)
    assert with_constants.scores == plain.scores
    assert not any(np.isnan(value) for scores in with_constants.scores.values() for value in scores.values())
    assert with_constants.results["DCI"]["importance_matrix"].shape == (5, 3)


def test_modularity_no_longer_counts_it():
    metric = all_metrics()["modularity-explicitness"]
    # As arrays, it is one of the factors: modularity is diluted, as in the published system.
    diluted = metric.score(CODES, np.insert(FACTORS, 0, 7, axis=1))
    assert diluted["modularity_score"] != pytest.approx(metric.score(CODES, FACTORS)["modularity_score"], abs=0.01)
    outcome = measured(table(FACTORS, 0), metrics=["modularity-explicitness"])
    plain = measured(table(FACTORS), metrics=["modularity-explicitness"])
    assert outcome["ModularityExplicitness"] == plain["ModularityExplicitness"]


@pytest.mark.slow
def test_samplers_and_groups_of_a_grid_keep_to_what_varies():
    names = ("factor-vae", "beta-vae", "omes", "fairness", "responses")
    decode = {"decode": lambda codes: codes}
    plain, with_constant = (
        sae.evaluate_metrics(lambda batch: batch, CODES, factors, metrics=names, **decode, **SMALL)
        for factors in (table(FACTORS), table(FACTORS, 1))
    )
    assert with_constant.scores.keys() == plain.scores.keys() and with_constant.left_out == ("constant1",)
    for title, scores in plain.scores.items():
        assert with_constant[title] == pytest.approx(scores, nan_ok=True), title


def test_only_what_varies_is_sampled():
    dataset = GivenObservations(torch.from_numpy(CODES), sae_table(table(FACTORS, 1)))
    model = GivenModel(lambda batch: batch, None, din=5)
    model.find_latent_dim(torch.from_numpy(CODES[:2]))
    data = MetricData(dataset, model)
    assert (data.left_out, data.factor_sizes, data.has_factors) == (("constant1",), (4, 3, 5), True)
    chosen = np.array([[3, 2, 4], [0, 1, 2]])
    rows = [int(np.flatnonzero((one == FACTORS).all(axis=1))[0]) for one in chosen]
    assert np.array_equal(data.sample(chosen), CODES[rows])
    assert np.array_equal(data.factors(torch.tensor(rows)), chosen)
    assert len(data.factor_groups(2)) == 3


def sae_table(columns: dict):
    from omnilearn.data.factor_table import factor_table
    from omnilearn.data.own.given import as_columns

    return factor_table(as_columns(columns, len(CODES)))


def test_a_truncated_archive():
    # The first observations of a grid: the first factor has one value left.
    half = len(FACTORS) // 4
    outcome = sae.evaluate_metrics(
        lambda batch: batch, CODES[:half], table(FACTORS[:half]), metrics=["mig", "modularity-explicitness"], **SMALL
    )
    assert outcome.left_out == ("f0",)
    assert not np.isnan(outcome["MIG"]["discrete_mig"])


@pytest.mark.parametrize(
    ("name", "is_missing"), [("mig", True), ("mcc", True), ("fairness", True), ("irs", True), ("unsupervised", False)]
)
def test_nothing_varies(name, is_missing):
    data = SimpleNamespace(has_any_numbers=True, has_numbers=False, has_factors=False, has_decoder=True, grid=None)
    reason = missing(all_metrics()[name], data)
    assert reason == ("needs factors of more than one value, and all of these data have one" if is_missing else None)


def test_figures_name_what_varies():
    outcome = measured(table(FACTORS, 0), metrics=["sap"])
    dataset = SimpleNamespace(factor_names=("constant0", "f0", "f1", "f2"))
    figure = draw_figures(outcome, dataset)["sap"]
    assert [label.get_text() for label in figure.axes[0].get_yticklabels()] == ["f0", "f1", "f2"]


@pytest.mark.slow
def test_the_summary_and_the_file_name_it(fig, tmp_path, capsys):
    path = tmp_path / "own.npz"
    observations = np.random.default_rng(0).random((60, 12), dtype=np.float32)
    names = np.array(["colour", "shape", "size", "place"])
    np.savez(path, vectors=observations, factors=np.insert(FACTORS, 0, 7, axis=1), factor_names=names)
    run = fig(
        f"train a/conv12 m/ae d/array --path {path} --budget 1 --dataset.batch-size 12 --viz null --validation null "
        "--include-eval no --device cpu"
    )
    capsys.readouterr()
    fig(
        f"eval-metrics --load {run} --metrics [mig,modularity-explicitness] --num-train 200 --num-test 100 --device cpu"
    )
    assert "factor colour is left out of all metrics: it has one value in all observations" in capsys.readouterr().out
    stored = json.loads((run / "metrics.json").read_text())
    assert stored["data"]["factors"] == ["shape", "size", "place"]
    assert stored["data"]["left_out"] == {"colour": "one value in all observations"}
    assert stored["scores"]["MIG"]["discrete_mig"] is not None
    assert None not in stored["scores"]["ModularityExplicitness"].values()
