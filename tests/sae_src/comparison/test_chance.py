"""Chance levels: computed once, stored with the data, shown below the runs."""

import json

import pytest

from omnilearn.files import write_json
from sae_src.comparison.chance import _settings, levels_of_groups
from sae_src.comparison.scores import scored
from sae_src.eval_metrics.chance import FOLDER
from sae_src.eval_metrics.settings import MetricSettings
from sae_src.eval_metrics.table import metric_named
from tests.sae_src.comparison.test_compare import run_with_scores

SIZES = "--num-train 200 --num-test 100 --num-latent 50 --metrics [mig,sap] --device cpu --jobs 1"
TRAIN = "train a/conv12 m/ae d/vec --dataset.num-samples 600 --budget 2 --viz null --device cpu"


@pytest.mark.slow
def test_chance_levels(fig, runs, tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("OMNILEARN_DATA_DIR", str(tmp_path / "data"))
    fig(f"{TRAIN.replace('d/vec', 'd/digits').replace(' --dataset.num-samples 600', '')} --name one")
    fig(f"eval-metrics --load latest {SIZES} --chance no")
    fig("compare --runs all --scores mig")
    assert "chance" not in capsys.readouterr().out.splitlines()[-4]
    fig("compare --runs all --scores mig --chance yes")
    assert "computing, once" in capsys.readouterr().out
    (stored,) = (tmp_path / "data" / FOLDER).iterdir()
    made = stored.stat().st_mtime_ns
    fig("compare --runs all --scores mig")
    lines = capsys.readouterr().out.splitlines()
    row = next(line for line in lines if line.startswith("chance, "))
    assert 0 <= float(row.split()[-1]) < 0.2
    assert stored.stat().st_mtime_ns == made
    fig(f"eval-metrics --load latest {SIZES} --force-save yes --chance yes")
    stored.unlink()  # a run keeps what was computed with its scores
    capsys.readouterr()
    fig("compare --runs all --scores mig")
    assert row in capsys.readouterr().out.splitlines()
    (run,) = (run for run in runs.iterdir() if (run / "config.yaml").is_file())
    level, nothing = levels_of_groups([[scored(run)], []], compute=False)  # what figures mark
    assert nothing is None and level is not None
    assert float(row.split()[-1]) == pytest.approx(level.scores["mig.discrete_mig"], rel=1e-3)
    fig(f"eval-metrics --load latest {SIZES.replace('mig,sap', 'unsupervised,rmig')} --force-save yes --chance no")
    made = json.loads((run / "metrics.json").read_text())
    write_json(run / "metrics.json", {**made, "data": {**made["data"], "dataset": "Other"}})
    capsys.readouterr()
    fig("compare --runs all --scores unsupervised --chance yes")
    out = capsys.readouterr().out
    assert "no chance level: its metrics are of other data than the run has seen" in out and "chance, " not in out
    write_json(run / "metrics.json", made)
    (level,) = levels_of_groups([[scored(run)]], compute=True)
    for path in (tmp_path / "data" / FOLDER).iterdir():
        path.unlink()
    fig(f"eval-metrics --load latest {SIZES.replace('mig,sap', 'unsupervised,rmig')} --force-save yes")
    chance = json.loads((run / "metrics.json").read_text())["chance"]
    # RMIG, which this model cannot have, has another number of bins by default.
    assert level.scores["unsupervised.mutual_info_score"] == chance["UnsupervisedMetrics"]["mutual_info_score"]


@pytest.mark.parametrize("own", [{}, {"num_bins": 30, "num_pairs": 500, "sizes": [10, 20]}])
@pytest.mark.parametrize("has_own", [True, False])
def test_settings_of_results_are_those_that_each_metric_had(own, has_own):
    settings = MetricSettings(
        metrics=("mig", "rmig", "unsupervised", "factor-vae", "omes", "factorised-support", "downstream"),
        num_train=500,
        own={"num_variance_estimate": 500, **own},
    )
    made = json.loads(json.dumps(settings.described()))
    if not has_own:  # as results were stored before
        del made["own"]
    found = _settings(made)
    for name in settings.names:
        wanted = json.loads(json.dumps(settings.of(metric_named(name))))
        assert json.loads(json.dumps(found.of(metric_named(name)))) == wanted, name
    if has_own:
        made["own"]["rmig"]["num_bins"] = 7  # which no settings give to one of several metrics
        assert _settings(made) is None


def test_any_run_of_a_row_tells_its_level(runs, fig, capsys):
    for seed in (0, 1, 2):
        run = run_with_scores(runs, "AE", seed, 0.5, latent_dim=3)
        made = json.loads((run / "metrics.json").read_text())
        write_json(run / "metrics.json", {**made, "chance": {"MIG": {"discrete_mig": 0.125}}})
        if seed == 0:
            (run / "metrics.json").unlink()
    fig("compare --runs all --scores mig")
    (row,) = [line for line in capsys.readouterr().out.splitlines() if line.startswith("chance, 3 codes")]
    assert row.split()[-1] == "0.125"
