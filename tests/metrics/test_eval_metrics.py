"""`fig eval-metrics` on real runs: what it writes, and that it says the same thing twice."""

import json

import omnifig
import pytest
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from omnilearn.errors import UserError
from omnilearn.files import load_tensors

SMALL = "--num-train 60 --num-test 40 --num-latent 80 --num-groups 2 --num-response 10 --device cpu"
TRAIN = (
    "--model.channels 8 --dataset.batch-size 4 --budget 2 --viz null --validation null "
    "--include-eval no --name-include-date no --device cpu --threads 1"
)


@pytest.fixture(scope="module")
def shapes_run(tmp_path_factory):
    """A hardly trained run on generated images, with its data beside it."""
    root = tmp_path_factory.mktemp("metrics")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("OMNILEARN_DATA_DIR", str(root / "data"))
        words = f"train hybrid a/e/conv12 a/d/strc/12 m/vae d/shapes {TRAIN} --name shapes --saveroot {root}"
        yield omnifig.main(words.split())


def test_all_metrics_of_a_run(shapes_run, fig):
    words = f"eval-metrics eval/fast eval/shapes --load {shapes_run} {SMALL}"
    outcome = fig(words)
    names = {"IRS", "Fairness", "UnsupervisedMetrics", "ModularityExplicitness", "SAP", "MIG", "DCI", "LatentResponses"}
    assert set(outcome.scores) == names
    summary = json.loads((shapes_run / "metrics.json").read_text())
    assert set(summary["scores"]) == names
    assert {"settings", "versions", "seconds"} <= set(summary)
    stored = load_tensors(shapes_run / "metrics.pth.tar")
    assert stored["results"]["LatentResponses"]["response_mat"].shape == (12, 12)
    assert stored["results"]["DCI"]["importance_matrix"].shape == (12, 6)
    figures = {path.stem for path in (shapes_run / "figures").glob("*.png")}
    expected = ("cov", "responses", "interactions", "factor-responses", "conditioned-responses", "dci", "sap")
    assert figures >= {f"metrics_{name}" for name in expected}
    assert {path.stem for path in (shapes_run / "figures").glob("*.pdf")} == figures
    events = EventAccumulator(str(shapes_run))
    events.Reload()
    assert {"eval/MIG-discrete_mig", "eval/IRS-avg_score"} <= set(events.Tags()["scalars"])

    assert fig(words) is None  # done already
    again = fig(f"{words} --force-run yes --save-ident again")
    assert again.scores["DCI"] == outcome.scores["DCI"]
    assert again.scores["LatentResponses"] == outcome.scores["LatentResponses"]


def test_several_runs_go_on_after_a_broken_one(shapes_run, fig):
    broken = shapes_run.parent / "a_broken"
    broken.mkdir()
    (broken / "config.yaml").write_text("model: [")
    words = f"eval-multiple-metrics eval/fast eval/shapes --saveroot {shapes_run.parent} {SMALL} --metrics [mig]"
    with pytest.raises(UserError, match="a_broken"):
        fig(f"{words} --runs all --save-ident several")
    assert (shapes_run / "several.json").is_file()


def test_vectors_have_responses_but_no_grid(fig):
    train = TRAIN.replace("--model.channels 8 ", "")
    run = fig(f"train hybrid a/conv12 m/ae d/vec --dataset.num-samples 300 {train} --name vec")
    outcome = fig(f"eval-metrics eval/fast eval/published --load vec {SMALL}")
    assert {"UnsupervisedMetrics", "LatentResponses"} <= set(outcome.scores)
    assert set(outcome.skipped) >= {"IRS", "DCI"}
    assert (run / "figures" / "metrics_responses.png").is_file()


@pytest.mark.parametrize(("keys", "message"), [("--metrics [mog]", "mog"), ("--num-trian 3", "num_train")])
def test_mistakes(keys, message, shapes_run, fig):
    with pytest.raises(UserError, match=message):
        fig(f"eval-metrics eval/fast eval/shapes --load {shapes_run} {SMALL} {keys}")
