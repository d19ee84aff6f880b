"""`fig compare` and `sae.results`: groups, what is kept apart, intervals, files."""

import csv
import io
import json
from pathlib import Path

import numpy as np
import pytest
from scipy import stats

import sae_src as sae
from omnilearn.errors import UserError
from omnilearn.files import write_json
from omnilearn.runs.summary import RunSummary
from sae_src.comparison.groups import grouped
from sae_src.comparison.scores import ScoredRun, direction, matching
from sae_src.eval_metrics.settings import MetricSettings
from tests.omnilearn.runs.test_summary import CONFIG, DONE, made

MIG = {"SAE-12": [0.5, 0.6, 0.55], "AE": [0.1, 0.2, 0.15], "AdaAE": [0.45, 0.7, 0.5]}


def run_with_scores(root: Path, model: str, seed: int, mig: float, *, version: str = "1.5", **config) -> Path:
    labels = {"model": model, "sweep": "mini"}
    base = {**CONFIG, "seed": seed, "labels": labels, "model": {"_type": "ae", "name": model}}
    run = made(root, f"{model}_{seed}_{len(config)}{version}", config={**base, **config}, info=DONE, steps=(20,))
    how = {"step": 20, "settings": {"num_train": 500, "seed": 0}, "versions": {"scikit-learn": version}}
    scores = {"MIG": {"discrete_mig": mig, "mig_sup": None}, "DCI": {"disentanglement": 1 - mig, "completeness": mig}}
    write_json(run / "metrics.json", {"scores": scores, **how})
    write_json(run / "eval.json", {"scores": {"loss": 9, "rec_loss": 2 + mig}, "mode": "val", **how})
    write_json(run / "test_results.json", {"scores": {"rec_loss": 3 + mig}, "mode": "test", **how})
    return run


@pytest.fixture
def some(runs):
    for model, values in MIG.items():
        for seed, value in enumerate(values):
            run_with_scores(runs, model, seed, value)
    return runs


def rows(fig, capsys, tmp_path, words: str = "") -> list[dict[str, str]]:
    fig(f"compare --runs all --out {tmp_path / 'table.csv'} {words}")
    capsys.readouterr()
    return list(csv.DictReader(io.StringIO((tmp_path / "table.csv").read_text())))


def test_means_intervals_and_marks(some, fig, capsys, tmp_path):
    found = {row["model"]: row for row in rows(fig, capsys, tmp_path)}
    assert list(found) == ["AE", "AdaAE", "SAE-12"]
    for model, values in MIG.items():
        row = found[model]
        low, high = stats.t.interval(0.95, 2, np.mean(values), stats.sem(values))
        expected = [np.mean(values), np.std(values, ddof=1), low, high]
        names = [f"mig.discrete_mig.{part}" for part in ("mean", "sd", "low", "high")]
        np.testing.assert_allclose([float(row[name]) for name in names], expected)
        assert row["n"] == row["mig.discrete_mig.n"] == "3"
    assert {model: row["mig.discrete_mig.mark"] for model, row in found.items()} == {
        "SAE-12": "*",
        "AE": "",
        "AdaAE": "~",
    }
    assert found["AE"]["test_results.rec_loss.mark"] == "*"  # low is good
    assert "dci.disentanglement.mean" in found["AE"]
    assert "eval.rec_loss.mean" not in found["AE"]


def test_compiled_losses_keep_no_runs_apart(some, fig, capsys, tmp_path):
    run_with_scores(some, "AE", 3, 0.3, compile="auto", compiled=True)
    assert {row["model"]: row["n"] for row in rows(fig, capsys, tmp_path)} == {"AE": "4", "AdaAE": "3", "SAE-12": "3"}


def test_settings_that_differ_are_told_and_kept_apart(some, fig, capsys):
    run_with_scores(some, "AE", 3, 0.3, version="1.6")
    run_with_scores(some, "SAE-12", 4, 0.3, budget=19)
    (run_with_scores(some, "AdaAE", 5, 0.3) / "metrics.json").unlink()
    groups = fig("compare --runs all --where seed<9 --scores mig,test_results.rec_loss")
    out = capsys.readouterr().out
    assert "note: AE vec: kept apart, since settings differ: " in out
    assert "scikit-learn 1.5, 1.6" in out
    assert "note: SAE-12 vec: kept apart, since settings differ: budget 20, 19" in out
    assert [(group.key["model"], len(group.runs)) for group in groups] == [
        ("AE", 3),
        ("AE", 1),
        ("AdaAE", 4),
        ("SAE-12", 3),
        ("SAE-12", 1),
    ]
    assert "(n 3)" in out


def with_metrics(root: Path, seed: int, scores: dict[str, dict[str, float]], settings: MetricSettings) -> None:
    run = run_with_scores(root, "AE", seed, 0.5)
    made = json.loads((run / "metrics.json").read_text())
    write_json(run / "metrics.json", {**made, "scores": scores, "settings": settings.described()})


@pytest.mark.parametrize(
    ("wanted", "own", "told"),
    [
        ("rmig.rmig", {"num_bins": 20}, "kept apart, since settings differ: rmig: num_bins 100, 20"),
        ("dci", {"num_pairs": 500}, None),  # a setting of OMES alone
        ("omes", {"num_pairs": 500}, "kept apart, since settings differ: omes: num_pairs 2000, 500"),
    ],
)
def test_the_scores_of_a_metric_depend_on_its_own_settings(runs, fig, capsys, wanted, own, told):
    metrics = ("dci", "rmig", "omes")
    scores = {"DCI": {"disentanglement": 0.5}, "RMIG": {"rmig": 0.5}, "OMES": {"omes": 0.5}}
    with_metrics(runs, 0, scores, MetricSettings(metrics=metrics))
    with_metrics(runs, 1, scores, MetricSettings(metrics=metrics, own=own))
    groups = fig(f"compare --runs all --scores {wanted}")
    out = capsys.readouterr().out
    assert len(groups) == (1 if told is None else 2)
    assert ("kept apart" in out) == (told is not None) and (told or "") in out


def test_scores_of_another_step_than_the_runs_are_told(some, fig, capsys):
    run = run_with_scores(some, "AE", 8, 0.3)
    made = json.loads((run / "metrics.json").read_text())
    write_json(run / "metrics.json", {**made, "step": 5})
    fig("compare --runs all --scores mig,test_results.rec_loss")
    note = f"note: {run.name}: metrics is of step 5, and the run has come to step 20"
    assert capsys.readouterr().out.count(note) == 1
    fig("compare --runs all --scores test_results.rec_loss")
    assert "is of step" not in capsys.readouterr().out
    pytest.importorskip("pandas")
    frame = sae.results("AE*")
    assert note in capsys.readouterr().out
    row = frame.loc[run.name]
    assert (row["step"], row["metrics.step"], row["test_results.step"]) == (20, 5, 20)


class _Counted(dict[str, object]):
    """A table that counts how often somebody goes through it."""

    passes = 0

    def __iter__(self):
        self.passes += 1
        return super().__iter__()


def test_settings_are_gone_through_once(tmp_path):
    settings = [_Counted({"model.reg_wt": place}) for place in range(20)]
    runs = [ScoredRun(RunSummary(tmp_path / str(k)), {}, settings=each) for k, each in enumerate(settings)]
    groups, _ = grouped(runs, ["reg-wt"], [])
    assert [group.key["reg-wt"] for group in groups] == [str(place) for place in range(20)]
    assert max(each.passes for each in settings) < 5


def test_the_unfinished_the_damaged_and_those_without_results_are_told(some, fig, capsys):
    run_with_scores(some, "AE", 7, 0.9, budget=30)
    made(some, "bare", info=DONE, steps=(20,))
    made(some, "broken", config="seed: [")
    run_with_scores(some, "AE", 0, 0.9, print={"freq": 3})
    fig("compare --runs all --scores mig")
    out = capsys.readouterr().out
    assert "left out, interrupted at 20 of 30 steps" in out
    assert "bare: left out, it has no results yet" in out
    assert "broken: left out, damaged" in out
    assert "left out, another run of the same model has its seed 0" in out
    assert {len(group.runs) for group in fig("compare --runs all --scores mig --by data --where model=AE")} == {3}


def test_other_formats_and_orders(some, fig, capsys, tmp_path):
    for suffix, says in ((".md", "| SAE-12 | vec | 3 | **0.55** ± 0.05 ["), (".tex", "\\textbf{0.55} $\\pm$ 0.05")):
        fig(f"compare --runs all --scores mig --out {tmp_path / f'x{suffix}'}")
        assert says in (tmp_path / f"x{suffix}").read_text()
    assert [group.key for group in fig("compare --runs all --scores mig --by name")] == [
        {"name": "AE"},
        {"name": "AdaAE"},
        {"name": "SAE-12"},
    ]


@pytest.mark.parametrize(
    ("words", "says"),
    [
        ("", "which runs"),
        ("--runs x*", "no run under"),
        ("--runs all --scores rec_loss", "may be eval.rec_loss or test_results.rec_loss"),
        ("--runs all --scores mgi", r"no run has 'mgi' \(did you mean mig"),
        ("--runs all --by modle", r"'modle' is no setting of these runs \(did you mean model"),
        ("--runs all --out /nowhere/x.csv", "out: there is no folder /nowhere"),
        ("--runs all --by colour", "'colour' is no setting"),
        ("--runs all --by []", "by: name at least one thing to group by"),
        ("--runs all --out x.html", "must end with"),
        ("--runs all --where seed=77", "no run is left to compare; where: none fits 'seed=77'"),
    ],
)
def test_mistakes(some, fig, words, says):
    with pytest.raises(UserError, match=says) as error:
        fig(f"compare {words}")
    assert "\n" not in str(error.value)


def test_a_frame(some):
    pytest.importorskip("pandas")
    frame = sae.results("SAE*", where="seed<2")
    assert list(frame["seed"]) == [0, 1]
    assert list(frame["mig.discrete_mig"]) == [0.5, 0.6]
    assert set(frame["model"]) == {"SAE-12"}
    assert sae.results().groupby("model")["eval.rec_loss"].mean()["AE"] == pytest.approx(2.15)


def test_names_and_directions():
    names = ["dci.disentanglement", "dci.completeness", "irs.avg_score", "eval.rec_loss"]
    assert matching("DCI", names) == "dci.disentanglement"
    assert matching("irs", names) == "irs.avg_score"
    assert matching("rec-loss", names) == "eval.rec_loss"
    assert [direction(name) for name in [*names, "fairness.mean", "irs.num_active_dims", "jemmig.jemmig_tied"]] == [
        "high",
        "high",
        "high",
        "low",
        "low",
        "none",
        "none",
    ]
