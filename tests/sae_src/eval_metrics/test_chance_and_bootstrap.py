"""Chance levels and bootstrap intervals beside the scores of `eval-metrics`."""

import json

import numpy as np
import pytest

import sae_src as sae
from omnilearn.errors import UserError
from sae_src.eval_metrics.bootstrap import intervals, why_no_interval
from sae_src.eval_metrics.chance import FOLDER
from sae_src.eval_metrics.table import metric_named

SIZES = "--num-train 200 --num-test 100 --num-latent 50 --device cpu --jobs 1 --log-stats no"


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """An autoencoder of the digits after two steps."""
    root = tmp_path_factory.mktemp("runs")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("OMNILEARN_DATA_DIR", str(tmp_path_factory.mktemp("data")))
        keys = {"budget": 2, "viz": None, "validation": None, "include_eval": False, "device": "cpu"}
        return sae.train("a/conv12", "m/ae", "d/digits", saveroot=str(root), name="digits", **keys).path


@pytest.fixture(autouse=True)
def _data(tmp_path, monkeypatch):
    monkeypatch.setenv("OMNILEARN_DATA_DIR", str(tmp_path / "data"))


def summary_of(run, ident):
    return json.loads((run / f"{ident}.json").read_text())


@pytest.mark.slow
def test_chance_levels_are_stored_with_the_scores_and_the_data(fig, run, tmp_path, capsys):
    command = f"eval-metrics --load {run} {SIZES} --metrics [mig,mcc] --force-save yes --save-ident"
    fig(f"{command} plain --chance no")
    assert not (tmp_path / "data" / FOLDER).exists() and "chance" not in summary_of(run, "plain")
    fig(f"{command} one")
    assert "computing, once" in capsys.readouterr().out
    fig(f"{command} two")
    printed = capsys.readouterr().out
    assert "computing" not in printed and "(chance 0." in printed
    one, two, plain = (summary_of(run, name) for name in ("one", "two", "plain"))
    assert one["chance"] == two["chance"] and one["scores"] == plain["scores"]
    assert {title: set(scores) for title, scores in one["chance"].items()} == {
        title: set(scores) for title, scores in one["scores"].items()
    }
    assert 0 < one["chance"]["MCC"]["mcc_pearson"] < 0.3
    assert one["samples"]["train"] == 200


@pytest.mark.slow
def test_compare_reads_the_levels_that_metrics_stored(fig, run, tmp_path, capsys):
    fig(f"eval-metrics --load {run} {SIZES} --metrics [mig,sap] --force-save yes")
    (stored,) = (tmp_path / "data" / FOLDER).iterdir()
    capsys.readouterr()
    fig(f"compare --runs all --saveroot {run.parent} --scores mig --chance yes")
    printed = capsys.readouterr().out
    assert "computing" not in printed and "chance, 12 codes" in printed
    assert list((tmp_path / "data" / FOLDER).iterdir()) == [stored]


@pytest.mark.slow
def test_intervals_are_stored_with_the_scores(fig, run, capsys):
    command = f"eval-metrics --load {run} {SIZES} --metrics [mig,mcc,responses] --bootstrap 10 --force-save yes"
    fig(f"{command} --num-groups 2 --num-response 8 --save-ident some")
    found = summary_of(run, "some")["bootstrap"]
    assert found["resamples"] == 10 and found["level"] == 0.95 and set(found["intervals"]) == {"MIG", "MCC"}
    for title, name in (("MIG", "discrete_mig"), ("MCC", "mcc_pearson"), ("MCC", "mcc_spearman_matched")):
        low, high = found["intervals"][title][name]
        assert low < summary_of(run, "some")["scores"][title][name] < high
    (reason,) = found["without"].values()
    assert "not a function of codes and factors alone" in reason and reason in capsys.readouterr().out
    fig(f"{command} --num-groups 2 --num-response 8 --save-ident again")
    assert summary_of(run, "again")["bootstrap"] == found


def intervals_of(metric, codes, factors, resamples, seed=0):
    given = {"codes_train": codes} if metric.need == "codes" else {"codes_train": codes, "factors_train": factors}
    returned = metric.score(**given)
    return intervals(metric, {name: returned[name] for name in metric.scores}, given, resamples=resamples, seed=seed)


def drawn(generator, count):
    """Codes of two factors with noise, and one code of noise."""
    factors = np.stack([generator.integers(size, size=count) for size in (6, 4)], axis=1)
    noise = generator.normal(size=(count, 3))
    return np.concatenate([factors, np.zeros((count, 1))], axis=1) + 0.3 * noise, factors


@pytest.mark.parametrize("name", ["mig", "dcimig", "jemmig", "unsupervised", "irs"])
def test_intervals_hold_the_score(name):
    metric = metric_named(name)
    codes, factors = drawn(np.random.default_rng(0), 500)
    found = intervals_of(metric, codes, factors, 20)
    scores = metric.score(codes, factors)
    for score, (low, high) in found.items():
        assert low <= scores[score] <= high, score
    assert any(low < high for low, high in found.values())


@pytest.mark.slow
def test_intervals_cover_the_scores_of_other_draws():
    metric, generator = metric_named("dcimig"), np.random.default_rng(1)
    others = [metric.score(*drawn(generator, 200))["dcimig"] for _ in range(200)]
    found = [intervals_of(metric, *drawn(generator, 200), 30, trial)["dcimig"] for trial in range(20)]
    assert sum(low <= np.median(others) <= high for low, high in found) >= 16
    assert np.mean([high - low for low, high in found]) == pytest.approx(2 * 1.96 * np.std(others), rel=0.3)


def test_intervals_cover_the_score_of_the_population():
    metric, generator = metric_named("mcc"), np.random.default_rng(0)
    covered, trials = 0, 20
    for trial in range(trials):
        factors = generator.normal(size=(200, 1))
        codes = 0.6 * factors + 0.8 * generator.normal(size=(200, 1))  # a correlation of 0.6
        low, high = intervals_of(metric, codes, factors, 50, trial)["mcc_pearson"]
        covered += low <= 0.6 <= high
    assert covered >= 0.85 * trials


def test_codes_and_factors_are_resampled_together():
    codes = np.arange(50.0)[:, None]
    found = intervals_of(metric_named("mcc"), codes, codes, 5)
    np.testing.assert_allclose(found["mcc_pearson"], (1, 1))


@pytest.mark.parametrize(("name", "has"), [("mig", True), ("dci", True), ("rmig", True), ("omes", False)])
def test_metrics_that_take_more_than_arrays_say_so(name, has):
    assert (why_no_interval(metric_named(name)) is None) == has


def test_a_metric_whose_estimates_do_not_bear_resamples_says_so():
    assert why_no_interval(metric_named("infomec")).startswith("no interval: its estimates by nearest neighbours")


def test_from_python():
    generator = np.random.default_rng(0)
    factors = generator.integers(3, size=(100, 2))
    observations = (factors + generator.normal(size=(100, 2))).astype("float32")
    result = sae.evaluate_metrics(
        lambda batch: batch, observations, factors, metrics=["mcc"], num_train=50, num_test=20, bootstrap=4
    )
    assert set(result.intervals["MCC"]) == set(result["MCC"]) == set(result.chance["MCC"])
    assert result.chance["MCC"]["mcc_pearson"] < result["MCC"]["mcc_pearson"]


def test_from_python_without_chance():
    codes = np.random.default_rng(0).normal(size=(20, 2))
    settings = {"metrics": ["mcc"], "num_train": 20, "num_test": 10}
    assert sae.evaluate_metrics(lambda batch: batch, codes, codes, chance=False, **settings).chance == {}


def test_a_level_that_cannot_be_kept_is_told(fig, run, tmp_path, capsys):
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / FOLDER).write_text("in the way")
    fig(f"eval-metrics --load {run} {SIZES} --metrics [mcc] --save-ident in_the_way")
    out, err = capsys.readouterr()
    assert "(chance 0." in out and err.startswith("note: the chance level is not kept: ")
    assert summary_of(run, "in_the_way")["chance"]["MCC"]


@pytest.mark.parametrize("value", [-1, 1])
def test_too_few_resamples(fig, run, value):
    with pytest.raises(UserError, match="bootstrap: must be at least 2, or 0 for none"):
        fig(f"eval-metrics --load {run} {SIZES} --bootstrap {value}")


def test_results_that_are_there_say_how_to_add_to_them(fig, run, capsys):
    fig(f"eval-metrics --load {run} {SIZES} --metrics [mig] --save-ident there")
    assert fig(f"eval-metrics --load {run} {SIZES} --metrics [mig] --save-ident there --bootstrap 3") is None
    assert "--force-save yes computes it again, and adds bootstrap" in capsys.readouterr().out


def test_results_of_another_step_say_of_which(fig, run, capsys):
    command = f"eval-metrics {SIZES} --metrics [mcc] --save-ident older"
    fig(f"{command} --load {run} --chance no")
    path = run / "older.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"step": 1}))
    capsys.readouterr()
    fig(f"{command} --load {run}")
    assert "skipped, older.pth.tar is there already, of step 1 and not of 2 (" in capsys.readouterr().out
    fig(f"{command} --runs {run.name} --saveroot {run.parent}")
    assert f"{run.name} (step 1)" in capsys.readouterr().out
