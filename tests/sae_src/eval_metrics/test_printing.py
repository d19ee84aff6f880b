"""What `eval-metrics` prints: scores, why there are none, what there is instead, points that were trained on."""

import json
import math

import pytest

from sae_src.eval_metrics.command import _main_scores
from sae_src.eval_metrics.outcome import Outcome
from sae_src.eval_metrics.printing import print_outcome
from sae_src.eval_metrics.results import write_results
from sae_src.eval_metrics.settings import MetricSettings
from sae_src.eval_metrics.suite import evaluate_metrics
from tests.sae_src.eval_metrics.test_metric_data import vectors

SIZES = {"num_test": 40, "num_latent": 30, "own": {"num_response": 5}}


def lines(outcome, capsys) -> list[str]:
    print_outcome(outcome)
    return capsys.readouterr().out.splitlines()


def test_vectors_are_told_what_works_for_them(capsys):
    dataset, model = vectors()
    settings = MetricSettings(metrics=("irs", "mig", "sap", "responses", "fairness"), num_train=40, **SIZES)
    printed = lines(evaluate_metrics(model, dataset, settings), capsys)
    assert [line for line in printed if "needs factors as classes" in line] == [
        "  IRS, MIG, SAP  skipped: needs factors as classes, but those of these data are numbers (for mcc and r2)"
    ]
    assert [line for line in printed if "these data allow besides" in line] == [
        "  these data allow besides: --metrics '[unsupervised, mcc, r2, factorised-support]' "
        "(with a --save-ident of its own)"
    ]
    (responses,) = (line for line in printed if "LatentResponses" in line)
    assert "no score: its scores are of factor responses, which need an observation for every" in responses
    assert responses.endswith("; what else it gives is kept")


def test_what_works_is_not_told_where_all_does(capsys):
    dataset, model = vectors()
    outcome = evaluate_metrics(model, dataset, MetricSettings(metrics=("mcc", "r2"), num_train=40, **SIZES))
    assert not outcome.instead and not any("skipped" in line or "allow" in line for line in lines(outcome, capsys))


def test_an_outcome_is_a_mapping_of_scores():
    outcome = Outcome(scores={"MIG": {"discrete_mig": 0.5}})
    assert dict(outcome) == outcome.scores and list(outcome.items()) == [("MIG", {"discrete_mig": 0.5})]
    assert "MIG" in outcome and "DCI" not in outcome and len(outcome) == 1 and Outcome()


def test_a_metric_without_a_reason(capsys):
    outcome = Outcome(scores={"MIG": {"discrete_mig": math.nan}})
    assert lines(outcome, capsys) == [
        "  MIG  no score is defined: these codes or factors do not vary enough for it, or are too few"
    ]


@pytest.mark.parametrize(("num_train", "is_told"), [(20, False), (900, True)])
def test_points_to_test_on_that_were_trained_on(num_train, is_told, capsys, tmp_path):
    dataset, model = vectors()  # of 300 observations
    outcome = evaluate_metrics(model, dataset, MetricSettings(metrics="r2", num_train=num_train, **SIZES))
    assert outcome.trained_on is not None and (outcome.trained_on > 10) == is_told
    told = [line for line in lines(outcome, capsys) if "points to train on" in line]
    assert (told == []) is not is_told
    assert not told or told[0].startswith(f"  {outcome.trained_on} of 40 points to test on are points to train on: ")
    write_results(tmp_path, "metrics", outcome, {})
    assert json.loads((tmp_path / "metrics.json").read_text())["test_points_trained_on"] == outcome.trained_on


def test_a_metric_without_test_points_counts_none(tmp_path):
    dataset, model = vectors()
    outcome = evaluate_metrics(model, dataset, MetricSettings(metrics="unsupervised", num_train=20, **SIZES))
    write_results(tmp_path, "metrics", outcome, {})
    assert outcome.trained_on is None
    assert "test_points_trained_on" not in json.loads((tmp_path / "metrics.json").read_text())


@pytest.mark.parametrize("undefined", [math.nan, None])
def test_tables_have_no_columns_of_what_is_not_defined(undefined, tmp_path):
    scores = {"LatentResponses": {"disentanglement": undefined, "x": 1.0}, "MIG": {"discrete_mig": 0.5}}
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "config.yaml").write_text("model: {}\n")
    (tmp_path / "run" / "m.json").write_text(json.dumps({"scores": scores}).replace("NaN", "null"))
    assert _main_scores("run", None, tmp_path, "m") == {"MIG.discrete_mig": 0.5}
    assert _main_scores("run", Outcome(scores=scores), tmp_path, "m") == {"MIG.discrete_mig": 0.5}


@pytest.mark.parametrize(("points", "is_told"), [(75, False), (74, True)])
def test_points_that_were_drawn_again(points, is_told, capsys):
    outcome = Outcome(scores={"InfoMEC": {"infom": 0.5}}, samples={"train": 100, "train_once": points})
    told = [line for line in lines(outcome, capsys) if "drawn again" in line]
    line = "  InfoMEC is of 74 points: the other 26 are the same drawn again (so small a data set)"
    assert told == ([line] if is_told else [])
