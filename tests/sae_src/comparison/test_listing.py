"""`fig runs`: filters, orders, formats."""

import csv
import io
import json
import time

import pytest

from omnilearn.errors import UserError
from tests.omnilearn.runs.test_summary import CONFIG, DONE, made


@pytest.fixture
def some(runs):
    for seed in (0, 1, 10):
        made(runs, f"ae_{seed}", config={**CONFIG, "seed": seed}, info=DONE, steps=(20,))
    made(runs, "vae", config={**CONFIG, "info": {"model_type": "vae"}}, steps=(10,))
    return runs


@pytest.mark.parametrize(
    ("words", "names"),
    [
        ("", ["ae_0", "ae_1", "ae_10", "vae"]),
        ("--where seed=1", ["ae_1"]),
        ("--where seed>=1 --sort -seed", ["ae_10", "vae", "ae_1"]),
        ("--where method!=vae --sort seed", ["ae_0", "ae_1", "ae_10"]),
        ("--where name=ae_1*", ["ae_1", "ae_10"]),
        ("--where state=interrupted", ["vae"]),
        ("--runs ae_?", ["ae_0", "ae_1"]),
        ("--where loss<1", []),
    ],
)
def test_filters_and_orders(some, fig, words, names):
    assert [row["name"] for row in fig(f"runs {words}")] == names


def test_formats(some, fig, capsys):
    fig("runs --format json")
    assert [row["seed"] for row in json.loads(capsys.readouterr().out)] == [0, 1, 10, 3]
    fig("runs --format csv")
    rows = list(csv.DictReader(io.StringIO(capsys.readouterr().out)))
    assert [row["state"] for row in rows] == ["finished"] * 3 + ["interrupted"]
    fig("runs")
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].split() == ["name", "data", "method", "model", "seed", "step", "budget", "state", "begun", "size"]
    assert len(lines) == 5


@pytest.mark.parametrize(
    ("words", "says"),
    [
        ("--where seeed=1", "did you mean seed"),
        ("--where seed", "is no condition"),
        ("--where seed<x", "compares numbers"),
        ("--sort nam", "did you mean name"),
        ("--runs x*", "no run under"),
        ("--format xml", "format"),
        ("--formt csv", "formt"),
    ],
)
def test_mistakes(some, fig, words, says):
    with pytest.raises(UserError, match=says):
        fig(f"runs {words}")


def test_two_hundred_runs_in_a_fifth_of_two_seconds_of_work(runs, fig, capsys):
    for number in range(200):
        info = {**DONE, "process": number, "completed": {"step": 20, "seconds": number / 7}}
        made(runs, f"run_{number}", config={**CONFIG, "seed": number}, info=info, steps=(10, 20))
    fig("runs")  # the first call imports
    start = time.process_time()
    assert len(fig("runs")) == 200
    assert time.process_time() - start < 0.5  # 0.1 s without other work on the machine
