"""Runs of somebody else in `fig runs`, `show` and `compare`: no traceback, nothing outside, no sign that controls."""

import json
import os
import subprocess

import pytest

from omnilearn.config import dump_yaml, load_yaml
from omnilearn.errors import UserError
from omnilearn.files import write_json
from omnilearn.runs.checkpoint import damage
from omnilearn.text_table import render
from sae_src.comparison.scores import scored
from sae_src.eval_metrics.chance import chance_place
from tests.omnilearn.runs.test_summary import CONFIG, DONE, made
from tests.sae_src.comparison.test_compare import run_with_scores

ESCAPE = "\x1b]0;owned\x07\x1b[31m\nsecond \u202e"


@pytest.mark.parametrize(
    "started", ["2026-01-02T03:04:05+02:00", "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-12:00", [1], 3]
)
def test_a_time_of_any_kind(started, runs, fig):
    made(runs, "a", info={**DONE, "started": started}, steps=(20,))
    made(runs, "b", info=DONE, steps=(20,))
    assert [row["name"] for row in fig("runs --sort begun")][-1] in ("a", "b")


def test_words_control_no_terminal(runs, fig, capsys):
    info = {"model": ESCAPE, "sweep": ESCAPE, "host": ESCAPE, "command": f"fig train {ESCAPE}", "failed": ESCAPE}
    run = made(runs, "a", info=info, steps=(10,))
    write_json(run / "eval.json", {"scores": {ESCAPE: 1.0, "loss": 2.0}, "mode": ESCAPE})
    (run / ESCAPE.replace("/", "")).write_text("")
    (run / os.fsdecode(b"\xff.txt")).write_text("")
    for command in ("runs", "runs --format csv", "show --load a", "compare --runs a --unfinished yes"):
        capsys.readouterr()
        fig(command)
        out, err = capsys.readouterr()
        assert all(sign.isprintable() or sign == "\n" for sign in out + err), command
        assert "\nsecond" not in out


def test_long_words_do_not_widen_the_list(runs, fig, capsys):
    made(runs, "a", info={**DONE, "model": "x" * 10_000}, steps=(20,))
    fig("runs")
    assert max(map(len, capsys.readouterr().out.splitlines())) < 200


def test_tables_of_pages():
    row = {"a|b": "<script>|x", "c": "x^2 & {y}"}
    assert render([row], list(row), "md").splitlines()[2] == "| &lt;script&gt;\\|x | x^2 &amp; {y} |"
    assert "x\\textasciicircum 2 \\& \\{y\\}" in render([row], list(row), "tex")


@pytest.mark.parametrize("number", ["1" + "0" * 400, "true", "1e999", "NaN"])
def test_scores_that_are_no_numbers(number, runs, fig):
    run = made(runs, "a", info=DONE, steps=(20,))
    (run / "eval.json").write_text(f'{{"scores": {{"loss": {number}, "rec_loss": 1.0, "DCI": {{"x": {number}}}}}}}')
    fig("show --load a")
    fig("compare --runs a")
    assert ("eval.loss" in scored(run).scores) == (number in ("1e999", "NaN"))


def test_folders_in_folders(runs, fig):
    run = made(runs, "a", info=DONE, steps=(20,))
    here = os.getcwd()
    try:
        os.chdir(run)
        for _ in range(1500):
            os.mkdir("d")
            os.chdir("d")
        os.chdir(here)
        assert fig("runs")[0]["state"] == "finished"
    finally:  # Python itself cannot remove such a tree, nor could the next session of tests
        os.chdir(here)
        subprocess.run(["rm", "-rf", str(run)], check=True)


@pytest.mark.parametrize("ident", ["../other/eval", "/absolute"])
def test_a_stored_name_leads_nowhere_else(ident, runs, fig):
    other = made(runs, "other", info=DONE, steps=(20,))
    write_json(other / "eval.json", {"mode": "val", "scores": {"loss": 7.0}})
    ident = str(other / "eval") if ident == "/absolute" else ident
    made(runs, "a", config={**CONFIG, "evaluation": {"ident": ident}}, info=DONE, steps=(20,))
    assert [row["loss"] for row in fig("runs")] == [None, 7.0]


def test_the_name_of_data_leads_nowhere_else(runs, tmp_path, monkeypatch):
    monkeypatch.setenv("OMNILEARN_DATA_DIR", str(tmp_path / "data"))
    run = run_with_scores(runs, "A", 0, 0.5, info={"dataset_type": "../../../x", "model_type": "ae"})
    made_with = json.loads((run / "metrics.json").read_text())
    place = chance_place(scored(run).summary.data, {**made_with, "versions": [1]}, 3)
    assert place.parent == tmp_path / "data" / "chance_scores"


@pytest.mark.parametrize(
    "settings", [{"num_train": "x"}, {"metrics": [3]}, {"own": [1]}, {"seed": -1}, {"own": {"a": 3}}]
)
def test_settings_of_somebody_else(settings, runs, fig, tmp_path, monkeypatch):
    monkeypatch.setenv("OMNILEARN_DATA_DIR", str(tmp_path / "data"))
    run = run_with_scores(runs, "A", 0, 0.5, latent_dim=3)
    made_with = json.loads((run / "metrics.json").read_text())
    write_json(run / "metrics.json", {**made_with, "settings": settings})
    with pytest.raises(UserError):  # its data set cannot be built
        fig("compare --runs all --chance yes")


def test_files_that_claim_any_size(runs):
    run = made(runs, "a", steps=(20,))
    for name in ("model.pth.tar", "training.pth.tar", "checksums.json"):
        with (run / "ckpt20" / name).open("wb") as file:
            file.truncate(2**36)
    assert "claim more than they hold" in damage(run / "ckpt20")


def test_a_metric_whose_first_score_is_missing_everywhere(runs, fig, capsys):
    run = run_with_scores(runs, "A", 0, 0.5)
    found = json.loads((run / "metrics.json").read_text())
    found["scores"]["DCI"]["disentanglement"] = None
    write_json(run / "metrics.json", found)
    fig("compare --runs all")
    assert "dci.completeness" in capsys.readouterr().out
    with pytest.raises(UserError, match=r"no run has 'dci.disentanglement'"):
        fig("compare --runs all --scores dci")


@pytest.mark.parametrize(
    ("words", "message"),
    [("runs --runs []", "runs: names no run"), ("runs --where loss<nan", "compares numbers, and 'nan' is none")],
)
def test_mistakes(words, message, runs, fig):
    made(runs, "a", info=DONE, steps=(20,))
    with pytest.raises(UserError, match=message):
        fig(words)
    assert load_yaml(dump_yaml(DONE), "x") == DONE
