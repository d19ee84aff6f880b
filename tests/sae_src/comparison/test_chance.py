"""Chance levels: computed once, stored with the data, shown below the runs."""

import pytest

from sae_src.comparison.chance import levels_of_groups
from sae_src.comparison.scores import scored
from sae_src.eval_metrics.chance import FOLDER

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
