"""`eval-metrics` and `eval-multiple-metrics`: what they compute, write, skip and refuse."""

import json
import shutil

import numpy as np
import omnifig
import pytest
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

import sae_src as sae
from omnilearn.config import call
from omnilearn.data.shapes.dataset import Shapes
from omnilearn.errors import UserError
from omnilearn.tensor_files import load_tensors
from sae_src.eval_metrics.command import EvaluationSettings, metric_dataset
from sae_src.eval_metrics.table import all_metrics

ALL = f"[{','.join(all_metrics())}]"
TRAIN = "--viz null --validation null --include-eval no --name-include-date no --device cpu --model.channels 8"
VECTORS = "--budget 2 --dataset.num-samples 600 --viz null --validation null --include-eval no --device cpu"
SIZES = (
    "--device cpu --jobs 1 --num-train 60 --num-test 40 --num-latent 60 --num-groups 1 --num-response 5 "
    "--num-test-points-per-class 2 --num-variance-estimate 60 --batch-size 4 --num-trees 3 --num-pairs 9 --sizes [20] "
    "--chance no"
)
SCORES = {
    "IRS": {"avg_score", "num_active_dims"},
    "Fairness": {"mean_fairness:mean_pred:mean_sens"},
    "SAP": {"SAP_score"},
    "MIG": {"discrete_mig", "mig_sup", "mig_sup_active"},
    "DCI": {"informativeness_train", "informativeness_test", "disentanglement", "completeness"},
    "FactorVAE": {"train_accuracy", "eval_accuracy", "num_active_dims"},
    "BetaVAE": {"train_accuracy", "eval_accuracy"},
}
FIGURES = {"cov", "responses", "interactions", "factor-responses", "conditioned-responses", "dci", "irs", "sap"}


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    """The folder of the runs that the tests of this module share."""
    return tmp_path_factory.mktemp("runs")


@pytest.fixture(autouse=True)
def _data(shapes_root, monkeypatch):
    monkeypatch.setenv("OMNILEARN_DATA_DIR", str(shapes_root))


@pytest.fixture(scope="module")
def image_run(root, shapes_root):
    """A short run of an SAE-12 on the generated images, with all its metrics computed."""
    words = f"train hybrid a/e/conv12 a/d/strc/12 m/ae d/shapes --budget 5 --dataset.batch-size 8 {TRAIN} --name sae"
    run = omnifig.main([*words.split(), "--saveroot", str(root), "--dataset.dataroot", str(shapes_root)])
    omnifig.main([*f"eval-metrics eval/fast eval/shapes --load {run} --metrics {ALL} {SIZES}".split()])
    return run


@pytest.fixture(scope="module")
def vector_run(root):
    """A run on vectors, whose factors are not on a grid."""
    words = f"train a/conv12 m/ae d/vec {VECTORS} --name vectors --name-include-date no"
    return omnifig.main([*words.split(), "--saveroot", str(root)])


def summary_of(run, name: str = "metrics") -> dict:
    return json.loads((run / f"{name}.json").read_text())


def scalars(run) -> dict[str, tuple[int, float]]:
    accumulator = EventAccumulator(str(run), size_guidance={"scalars": 0})
    accumulator.Reload()
    last = {tag: accumulator.Scalars(tag)[-1] for tag in accumulator.Tags()["scalars"]}
    return {tag: (event.step, event.value) for tag, event in last.items()}


def copy_of(run, folder):
    """A copy of a run without results."""
    ignored = shutil.ignore_patterns("*.json", "*.pth.tar", "events*", "figures")
    copy = shutil.copytree(run, folder / run.name, ignore=ignored)
    for checkpoint in run.glob("ckpt*"):
        shutil.copytree(checkpoint, copy / checkpoint.name, dirs_exist_ok=True)
    return copy


@pytest.mark.slow
def test_results_have_the_published_names(image_run):
    stored = load_tensors(image_run / "metrics.pth.tar")
    assert set(stored) == {"scores", "results"}
    titles = {metric.title for metric in all_metrics().values()} - {"RMIG"}
    assert set(stored["scores"]) == set(stored["results"]) == titles
    for title, names in SCORES.items():
        assert set(stored["scores"][title]) == names
        assert all(np.isfinite(value) for value in stored["scores"][title].values()), title
    results = stored["results"]
    assert results["DCI"]["importance_matrix"].shape == (12, 6)
    assert results["SAP"]["SAP_matrix"].shape == (12, 6)
    assert results["UnsupervisedMetrics"]["covariance_matrix"].shape == (12, 12)
    assert set(results["IRS"]) == {"disentanglement_scores", "parents", "IRS_matrix", "max_deviations", "active_codes"}
    responses = results["LatentResponses"]
    assert responses["response_mat"].shape == responses["covariance"].shape == (12, 12)
    assert responses["factor_responses"].shape == (6, 1, 12, 12)
    assert [tuple(q.shape) for q in responses["factor_responses_q"]] == [(1, n, 12) for n in (10, 10, 10, 8, 4, 15)]


@pytest.mark.slow
def test_summary_says_what_made_the_scores(image_run):
    summary = summary_of(image_run)
    assert summary["skipped"] == {"RMIG": "needs a model whose codes are the means of normal distributions"}
    assert (summary["seed"], summary["step"], summary["settings"]["preset"]) == (0, 5, "fast")
    settings = summary["settings"]
    assert (settings["num_train"], settings["diff_quantile"], settings["batch_size"]) == (60, 0.99, 4)
    assert (settings["own"]["mig"]["num_bins"], settings["own"]["jemmig"]["num_bins"]) == (20, 20)
    assert {"train": 60, "test": 40, "latent": 60}.items() <= summary["samples"].items()
    assert {"codes", "classifiers", *summary["scores"]} == set(summary["seconds"])
    assert {"torch", "scikit-learn"} <= set(summary["versions"])
    assert summary["data"]["factors"][0] == "floor_hue"


@pytest.mark.slow
def test_curves_and_figures(image_run):
    written = scalars(image_run)
    for title, scores in summary_of(image_run)["scores"].items():
        for name, value in scores.items():
            tag = f"eval/{title}-{name}"
            assert (tag in written) == (value is not None)
            assert value is None or written[tag] == (5, pytest.approx(value, rel=1e-6))
    accumulator = EventAccumulator(str(image_run)).Reload()
    assert {f"eval/{name}" for name in FIGURES} <= set(accumulator.Tags()["images"])
    files = {path.name for path in (image_run / "figures").iterdir()}
    assert files == {f"metrics_{name}.{ending}" for name in FIGURES for ending in ("png", "pdf")}


@pytest.mark.slow
def test_same_seed_same_scores(image_run, fig):
    words = (
        f"eval-metrics eval/fast eval/shapes --load {image_run} {SIZES} --log-stats no --metrics [mig,irs,responses]"
    )
    for name in ("first", "second"):
        fig(f"{words} --save-ident {name}")
    scores = summary_of(image_run, "first")["scores"]
    assert list(scores) == ["MIG", "IRS", "LatentResponses"]
    assert summary_of(image_run, "second")["scores"] == scores
    # After other metrics, some codes were encoded in other batches: they differ in their last bits.
    beside_others = summary_of(image_run)["scores"]
    assert scores == {title: pytest.approx(beside_others[title], rel=1e-4) for title in scores}
    fig(f"{words} --save-ident other --seed 1 --metrics mig")
    assert summary_of(image_run, "other")["scores"]["MIG"] != scores["MIG"]


@pytest.mark.slow
def test_settings_of_single_metrics_are_keys(image_run, fig):
    words = f"eval-metrics eval/shapes --load {image_run} {SIZES} --log-stats no --metrics [mig,irs,jemmig]"
    fig(f"{words} --save-ident own --diff-quantile 0.5 --num-bins 5")
    summary, before = summary_of(image_run, "own"), summary_of(image_run)["scores"]
    assert summary["settings"]["own"]["jemmig"] == {"num_bins": 5}
    assert summary["settings"]["own"]["irs"] == {"diff_quantile": 0.5}
    assert all(summary["scores"][title] != before[title] for title in ("MIG", "IRS", "JEMMIG"))


@pytest.mark.slow
def test_finished_runs_are_skipped_unless_told_otherwise(image_run, fig, tmp_path, capsys):
    run = copy_of(image_run, tmp_path)
    words = f"eval-metrics eval/shapes --load {run} {SIZES} --metrics mig"
    assert fig(words).scores
    first = (run / "metrics.pth.tar").stat().st_mtime_ns
    assert fig(words) is None
    assert "skipped, metrics.pth.tar is there already (--force-save" in capsys.readouterr().out
    assert fig(words.replace("mig", "[mig,med,irs]")) is None
    assert "is there already without MED, IRS; --save-ident NAME puts that beside it (" in capsys.readouterr().out
    assert fig(f"{words} --force-run").scores
    assert (run / "metrics.pth.tar").stat().st_mtime_ns == first
    assert fig(f"{words} --force-save --num-train 50").scores
    assert (run / "metrics.pth.tar").stat().st_mtime_ns > first
    assert summary_of(run)["settings"]["num_train"] == 50


@pytest.mark.slow
def test_a_quick_look_does_not_stand_in_for_results(image_run, fig, tmp_path, capsys):
    run = copy_of(image_run, tmp_path)
    words = f"eval/shapes --load {run} {SIZES} --metrics metric/mig"
    assert fig(f"eval-metrics eval/fast {words}").scores
    assert fig(f"eval-metrics eval/fast {words}") is None
    assert fig(f"eval-metrics {words}").scores and summary_of(run)["settings"]["preset"] is None
    assert fig(f"eval-metrics eval/fast {words}") is None


@pytest.mark.slow
@pytest.mark.parametrize("look", ["eval/fast eval/shapes", "eval/shapes"])
def test_a_forced_run_leaves_all_that_is_there_alone(look, image_run, fig, tmp_path, capsys):
    run = copy_of(image_run, tmp_path)
    fig(f"eval-metrics {look} --load {run} {SIZES} --metrics [mig,sap]")
    before = {path: path.read_bytes() for path in run.rglob("*") if path.is_file() and path.name != ".lock"}
    assert fig(f"eval-metrics eval/shapes --load {run} {SIZES} --metrics [mig] --force-run yes").scores
    assert "not written: metrics.pth.tar is there already" in capsys.readouterr().out
    assert {path: path.read_bytes() for path in run.rglob("*") if path.is_file() and path.name != ".lock"} == before
    elsewhere = tmp_path / "elsewhere"
    fig(f"eval-metrics eval/shapes --load {run} {SIZES} --metrics sap --force-run --figure-dir {elsewhere}")
    assert list(elsewhere.iterdir())
    assert fig(f"eval-metrics eval/shapes --load {run} {SIZES} --metrics sap --force-save").scores
    assert set(summary_of(run)["scores"]) == {"SAP"}


@pytest.mark.slow
def test_without_a_name_nothing_is_kept(image_run, fig, tmp_path, capsys):
    run = copy_of(image_run, tmp_path)
    words = f"eval-metrics --load {run} {SIZES} --metrics mig --save-ident null"
    assert fig(words) is None
    assert "nothing is kept" in capsys.readouterr().out
    assert fig(f"{words} --force-run --log-stats no").scores["MIG"]
    assert {path.name for path in run.iterdir() if not path.name.startswith(".")} == {
        "config.yaml",
        "info.yaml",
        "ckpt5",
    }


@pytest.mark.slow
def test_figures_go_where_they_are_wanted(vector_run, fig, tmp_path):
    fig(f"eval-metrics --load {vector_run} {SIZES} --metrics unsupervised --save-ident f --figure-dir {tmp_path}/fs")
    assert {path.name for path in (tmp_path / "fs").iterdir()} == {"vectors_cov.png", "vectors_cov.pdf"}


@pytest.mark.slow
def test_without_a_grid_the_rest_is_skipped_with_a_reason(vector_run, fig):
    outcome = fig(f"eval-metrics --load {vector_run} {SIZES} --metrics {ALL} --mode here")
    without_classes = {metric.title for metric in all_metrics().values() if metric.need in ("codes", "numbers")}
    assert set(outcome.scores) == without_classes > {"UnsupervisedMetrics", "LatentResponses", "MCC", "R2"}
    summary = summary_of(vector_run)
    needing = {metric.title for metric in all_metrics().values()} - without_classes
    assert set(summary["skipped"]) == needing | {"LatentResponses: factor responses"}
    assert all("need" in reason for reason in summary["skipped"].values())
    assert "those of these data are numbers (for mcc and r2)" in summary["skipped"]["MIG"]
    assert summary["scores"]["LatentResponses"]["disentanglement"] is None
    written = scalars(vector_run)
    assert "here/UnsupervisedMetrics-mutual_info_score" in written
    assert not any("LatentResponses" in tag for tag in written)
    assert "response_mat" in load_tensors(vector_run / "metrics.pth.tar")["results"]["LatentResponses"]


@pytest.mark.slow
def test_responses_of_a_causal_model_and_its_graph(fig):
    run = fig(f"train a/ladder/6 m/vae d/scm {VECTORS}")
    outcome = fig(f"eval-metrics eval/scm --load {run} {SIZES} --include-q no --dist-type abs")
    responses = outcome.results["LatentResponses"]
    assert responses["factor_responses"].shape == (8, 1, 12, 12)
    assert "factor_responses_q" not in responses
    assert 1 / 8 <= outcome.scores["LatentResponses"]["disentanglement"] <= 1
    assert (run / "figures" / "metrics_graph.pdf").is_file()


@pytest.mark.slow
def test_many_runs_go_on_after_a_broken_one(image_run, vector_run, fig, tmp_path, capsys):
    good, other = copy_of(vector_run, tmp_path), copy_of(image_run, tmp_path)
    broken = shutil.copytree(good, tmp_path / "broken")
    (broken / "ckpt2" / "model.pth.tar").write_bytes(b"nothing")
    words = f"eval-multiple-metrics --saveroot {tmp_path} {SIZES} --metrics unsupervised"
    with pytest.raises(UserError, match=r"1 of 3 runs failed: broken"):
        fig(f"{words} --runs all")
    assert "every checkpoint is damaged" in capsys.readouterr().err
    assert (good / "metrics.json").is_file()
    assert (other / "metrics.json").is_file()
    assert fig(f"{words} --runs [vec*,sae,vectors]") == {"vectors": None, "sae": None}
    words = words.replace("eval-multiple-metrics", "eval-metrics")
    assert fig(f"{words} --runs vectors") == {"vectors": None}
    with pytest.raises(UserError, match="--load and --runs: one run or many"):
        fig(f"{words} --runs vectors --load vectors")
    with pytest.raises(UserError, match="no run under"):
        fig(f"{words} --runs nothing*")


@pytest.mark.slow
def test_the_script_of_an_evaluation_config_is_for_many_runs(shell, vector_run):
    settings = "--save-ident many --metrics unsupervised --num-train 20 --num-latent 20 --num-response 5 --device cpu"
    done = shell(f"_ eval/fast --saveroot {vector_run.parent} --runs [vectors] {settings}")
    assert (done.returncode, done.stderr) == (0, "")
    assert summary_of(vector_run, "many")["settings"]["preset"] == "fast"


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        ("--metrics [mgi]", "no metric named 'mgi' .did you mean mig"),
        ("--metrics [mig,mig]", "each metric once"),
        ("--num-train 1", "num_train: must be at least 2"),
        ("--num-trian 100", "--num_trian is not a key"),
        ("--num-groups 0", "num_groups: must be at least 1, got 0"),
        ("--num-response 20000", "num_response: must be at most num_latent .10000., got 20000"),
        ("--diff-quantile 2", "diff_quantile: must be at most 1, got 2"),
        ("--metrics mig --normaliser none", "one of factor_entropy, code_entropy"),
        ("--override.model.nonlinn relu", "--override.model.nonlinn is not a key"),
        ("--dist-type far", "one of rms, sqr"),
        ("--save-ident a/b", "not a file name"),
        ("--dataset._type shapes", "takes observations of size 100"),
    ],
)
def test_mistakes(vector_run, fig, keys, message):
    with pytest.raises(UserError, match=message):
        fig(f"eval-metrics --load {vector_run} --device cpu --force-run {keys}")


@pytest.mark.slow
def test_what_an_evaluation_leaves_open_is_as_in_the_run(image_run, shapes_root, monkeypatch):
    monkeypatch.setenv("OMNILEARN_DATA_DIR", "/nowhere")  # only the run knows where its data are
    run, config = sae.load_run(image_run), sae.create_config("eval/shapes")
    settings = call(EvaluationSettings, config)
    assert isinstance(metric_dataset(config, run, settings.dataset), Shapes)
