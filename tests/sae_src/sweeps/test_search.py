"""A search over numbers in a sweep: what is drawn, told, refused, and what goes on after a kill."""

import csv
import json
import math
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import pytest
import yaml

from omnilearn.errors import UserError
from omnilearn.files import read_json
from omnilearn.runs.identity import stored_form
from omnilearn.runs.stored_config import read_stored_config
from sae_src.sweeps.failures import Failure
from sae_src.sweeps.runner import Runner
from sae_src.sweeps.search_score import score_of
from sae_src.sweeps.search_space import Choices, Range
from sae_src.sweeps.searching import Searcher, Subject, sole_searcher, subjects_of
from sae_src.sweeps.sweep_file import read_sweep
from tests.conftest import ROOT

DATA = "d/vec --dataset.num-samples 600 --viz null --device cpu"
SPACE = "{model.optim.lr: {from: 1.0e-4, to: 1.0e-2, log: yes}}"


@pytest.fixture
def file(tmp_path):
    """Write a sweep with a search; `changes` are other keys of the search, those that are None are left out."""

    def written(models: str = "{A: hybrid a/conv12 m/ae}", then: str = "[]", seed: str = "0", **changes: str | None):
        table = {"keys": SPACE, "score": "eval.rec_loss", "direction": "minimise", "trials": "2", **changes}
        search = ", ".join(f"{key}: {value}" for key, value in table.items() if value is not None)
        keys = "{budget: 2, validation: null, records: null}"
        path = tmp_path / "small.yaml"
        path.write_text(
            f"sweep:\n  models: {models}\n  data: {DATA}\n  seed: {seed}\n  keys: {keys}\n  then: {then}\n"
            f"  search: {{{search}}}\n"
        )
        return path

    return written


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"direction": "minimize"}, "search.direction: must be minimise or maximise (did you mean minimise"),
        ({"trials": "0"}, "search.trials: must be from 1"),
        ({"trials": None}, "search.trials is missing"),
        ({"trails": "2"}, "search.trails is not a key (did you mean trials"),
        ({"score": "rec_loss"}, "search.score: must name results and a score in them"),
        ({"keys": "{}"}, "search.keys: must be a table"),
        ({"keys": "{a: 3}"}, "search.keys.a: must be a list of choices, or a range"),
        ({"keys": "{a: {from: 1, to: 2, lgo: yes}}"}, "search.keys.a.lgo is not a key (did you mean log"),
        ({"keys": "{a: {from: 2, to: 1}}"}, "search.keys.a: from must be below to, got 2 and 1"),
        ({"keys": "{a: {from: 0, to: 1, log: yes}}"}, "search.keys.a: a range with log begins above 0"),
        ({"keys": "{a: {from: x, to: 1}}"}, "search.keys.a.from: must be a number, got 'x'"),
        ({"keys": "{a: {from: 1, to: 9, step: 10}}"}, "search.keys.a.step: must be above 0"),
        ({"keys": "{a: {from: 1, to: 9, step: 2, log: yes}}"}, "search.keys.a.step: a range with log has none"),
        ({"keys": "{a: [1]}"}, "search.keys.a: there is nothing to choose"),
        ({"keys": "{a: [1, 1]}"}, "search.keys.a: a choice stands twice"),
        ({"keys": "{a: [[1], 2]}"}, "search.keys.a: a choice is a number"),
        ({"keys": "{seed: [1, 2]}"}, "seed is not for keys of a search"),
        ({"keys": "{budget: [1, 2]}"}, "search.keys.budget: stands among the keys of A too"),
        (
            {"keys": "{model.optim.rl: [1, 2]}"},
            "A: --model.optim.rl is not a key of this run (did you mean model.optim.lr",
        ),
        ({"keys": "{dataset.batch-size: [1, 100000]}"}, "A with --dataset.batch-size 100000: A trial 2 seed 0:"),
        ({"score": "eval.rec_los"}, "search.score: there is no 'rec_los' in the results 'eval' (did you mean rec_loss"),
        ({"score": "evla.rec_loss"}, "search.score: runs have no results 'evla' (did you mean eval"),
        ({"score": "metrics.dci.disentangle", "then": "eval-metrics"}, "there is no 'dci.disentangle' in the results"),
    ],
)
def test_what_is_refused_before_anything_starts(changes, message, file, fig, runs):
    with pytest.raises(UserError) as error:
        fig(f"sweep {file(**changes)}")
    assert message in str(error.value) and "\n" not in str(error.value) and not list(runs.glob("*/config.yaml"))


@pytest.mark.parametrize("words", ["--only 1", "--sbatch x", "--submit yes", "--pack x"])
def test_words_without_effect_on_a_search(words, file, fig, runs):
    with pytest.raises(UserError, match="has no effect on a search"):
        fig(f"sweep {file()} {words}")


def test_without_optuna(file, fig, monkeypatch):
    monkeypatch.setitem(sys.modules, "optuna", None)
    with pytest.raises(UserError, match=r"search needs optuna: pip install 'optuna>=5.0'"):
        fig(f"sweep {file()}")


def test_keys_in_tables(file):
    sweep = read_sweep(
        file(keys="{model: {optim.lr: {from: 1, to: 2.5}}, reg-wt: [1, 2], model.channels: {from: 1, to: 4}}")
    )
    assert sweep.search.space == {
        "model.optim.lr": Range(1.0, 2.5),
        "reg_wt": Choices((1, 2)),
        "model.channels": Range(1, 4),
    }
    assert sweep.search.space["model.channels"].is_whole


def test_the_score_of_a_metric(tmp_path):
    (tmp_path / "metrics.json").write_text('{"scores": {"DCI": {"disentanglement": 0.5, "informativeness": NaN}}}')
    assert score_of(tmp_path, "metrics.dci.disentanglement") == 0.5
    for name in ("metrics.dci.informativeness", "metrics.mig.score", "eval.loss"):
        with pytest.raises(UserError, match=r"no score|not finite"):
            score_of(tmp_path, name)


class Pretending(Runner):
    """Writes what runs would leave, without training; the score is the distance of the rate to 0.001, and the seed."""

    def __init__(self, root: Path, seeds_that_fail: Sequence[int] = ()) -> None:
        super().__init__(root, root / "_sweeps", root / "_sweeps" / "small", [], [{}])
        self.batches: list[list[str]] = []
        self._bad = seeds_that_fail

    def run(self, jobs, outcome, show):
        self.batches.append([job.title for job in jobs])
        for job in jobs:
            if job.seed in self._bad:
                outcome.failed.append((job, Failure("train", 5, "went wrong", "log")))
                continue
            run = self._root / job.identity
            run.mkdir(parents=True, exist_ok=True)
            (run / "config.yaml").write_text(yaml.safe_dump(stored_form(job.config().root.to_python())))
            score = abs(math.log(job.keys["model.optim.lr"] / 0.001)) + job.seed
            (run / "eval.json").write_text(json.dumps({"scores": {"rec_loss": score}}))
            outcome.done.append(job)


def searched(path: Path, root: Path, at_a_time: int, runner: Pretending) -> list[Subject]:
    plan = read_sweep(path)
    (root / "_sweeps").mkdir(parents=True, exist_ok=True)
    subjects = subjects_of(plan, plan.search, root / "_sweeps" / "journal")
    Searcher(subjects, runner, root, at_a_time).run(lambda: None)
    return subjects


@pytest.mark.slow
def test_studies_of_several_models_and_seeds(file, tmp_path):
    path = file(models="{A: hybrid a/conv12 m/ae, B: hybrid a/conv12 m/vae}", seed="[0, 2]", trials="3")
    runner = Pretending(tmp_path / "one")
    subjects = searched(path, tmp_path / "one", 4, runner)
    assert runner.batches == [
        [f"{model} trial {trial} seed {seed}" for trial in (1, 2) for model in "AB" for seed in (0, 2)],
        [f"{model} trial 3 seed {seed}" for model in "AB" for seed in (0, 2)],
    ]
    for subject in subjects:
        trials = subject.study.trials()
        assert [len(trial.runs) for trial in trials] == [2, 2, 2] and subject.study.left == 0
        for trial in trials:
            assert trial.score == pytest.approx(abs(math.log(trial.values["model.optim.lr"] / 0.001)) + 1)  # the mean
    more = Pretending(tmp_path / "one")
    searched(
        file(models="{A: hybrid a/conv12 m/ae, B: hybrid a/conv12 m/vae}", seed="[0, 2]", trials="4"),
        more._root,
        1,
        more,
    )
    assert [len(batch) for batch in more.batches] == [2, 2]  # one more for each


@pytest.mark.slow
def test_one_worker_draws_the_same_again_also_after_a_stop(file, tmp_path):
    path = file(trials="13")  # the first ten are drawn at random
    (whole,) = searched(path, tmp_path / "one", 1, Pretending(tmp_path / "one"))
    for trials in ("4", "11", "13"):
        (parts,) = searched(file(trials=trials), tmp_path / "two", 1, Pretending(tmp_path / "two"))
    assert whole.study.trials() == parts.study.trials()
    assert len({trial.score for trial in whole.study.trials()}) == 13


def test_a_trial_fails_with_any_of_its_runs_and_is_made_again(file, tmp_path):
    path, root = file(seed="[0, 1]", trials="1"), tmp_path / "one"
    (subject,) = searched(path, root, 1, Pretending(root, seeds_that_fail=[1]))
    assert subject.study.trials()[0].why == "went wrong" and subject.study.best() is None
    runner, identities = Pretending(root), [job.identity for job in subject.jobs(subject.study.trials()[0])]
    for identity in identities:
        runner.failures.add(identity, Failure("train", 5, "went wrong", "log"))
    Searcher([subject], runner, root, 1).retry_failed()
    assert [runner.failures.get(identity) for identity in identities] == [None, None]
    (subject,) = searched(path, root, 1, Pretending(root))
    (trial,) = subject.study.trials()
    assert trial.state == "told" and len(trial.runs) == 2


def test_one_process_searches_at_a_time(tmp_path):
    another = pytest.raises(UserError, match="another process works on this search")
    with sole_searcher(tmp_path), another, sole_searcher(tmp_path):
        pass


@pytest.mark.slow
def test_a_search_that_is_killed_goes_on_to_its_end(file, fig, runs, capsys):
    command = [sys.executable, str(ROOT / "main.py"), "sweep", str(file())]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    while not list(runs.glob("*/config.yaml")):
        assert process.poll() is None, process.stdout.read()
        time.sleep(0.05)
    process.kill()
    process.communicate()
    (best,) = fig(f"sweep {file()}")
    assert best.state == "told"
    folder = runs / "_sweeps" / "small"
    rows = list(csv.DictReader((folder / "search.csv").read_text().splitlines()))
    assert [row["state"] for row in rows] == ["done", "done"]
    for row in rows:
        stored = read_stored_config(runs / row["runs"])
        assert stored["model"]["optim"]["lr"] == float(row["model.optim.lr"])
        assert stored["labels"] == {"sweep": "small", "model": "A"}
        assert read_json(runs / row["runs"] / "eval.json")["scores"]["rec_loss"] == float(row["eval.rec_loss"])
    assert best.score == min(float(row["eval.rec_loss"]) for row in rows)
    assert f"best: trial {best.number + 1}, eval.rec_loss" in capsys.readouterr().out
    journal = (folder / "search.journal").read_bytes()
    assert fig(f"sweep {file()}") == [best]  # told once, made once
    assert (folder / "search.journal").read_bytes() == journal and len(list(runs.glob("*/config.yaml"))) == 2
    assert fig(f"sweep {file()} --print yes") is None
    assert "A: 2 trials: 2 done, 0 failed, 0 left" in capsys.readouterr().out


@pytest.mark.slow
def test_runs_that_fail_are_trials_that_fail(file, fig, runs, capsys):
    with pytest.raises(UserError, match="every trial of A failed"):
        fig(f"sweep {file(keys='{model.optim.lr: [1.0e30, 1.0e31]}', trials='1')}")
    out = capsys.readouterr().out
    assert "A: 1 trials: 0 done, 1 failed, 0 left\n  trial 1 --model.optim.lr 1e+3" in out
    assert "smaller --model.optim.lr" in out
