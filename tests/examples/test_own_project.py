"""The example of a user's own project, copied to another place: everything in it is found, beside all that is here."""

import json
import os
import shutil
import subprocess
import sys

import pytest

from tests.conftest import ROOT

FIG = "from sae_src.commands.fig import main\nmain()\n"


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    return shutil.copytree(ROOT / "examples" / "own_project", tmp_path_factory.mktemp("elsewhere") / "mine")


def fig(project, command):
    return run_python(project, FIG, *command.split())


def run_python(project, code, *words):
    settings = {"PYTHONPATH": str(ROOT), "OMNILEARN_SAVE_DIR": str(project.parent / "runs"), "OMP_NUM_THREADS": "1"}
    environment = {key: value for key, value in os.environ.items() if key != "OMNILEARN_PROJECT"} | settings
    result = subprocess.run(
        [sys.executable, "-c", code, *words],
        cwd=project,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
        env=environment,
    )
    assert result.returncode == 0, result.stderr
    return result.stdout


def test_help_lists_the_configs_of_both(project):
    text = fig(project, "-h")
    assert "my-config" in text and "d/shapes" in text


@pytest.mark.slow
def test_its_parts_are_trained_and_scored(project):
    fig(project, "train my-config --budget 20 --name mine --name-include-date no")
    run = project.parent / "runs" / "mine"
    assert "_type: my-gated-layer" in (run / "config.yaml").read_text()
    fig(project, "eval-metrics --load mine --metrics [spread,mig] --num-train 50 --num-test 20 --jobs 1")
    scores = json.loads((run / "metrics.json").read_text())["scores"]
    assert 0 <= scores["Spread"]["active"] <= 4 and "discrete_mig" in scores["MIG"]


CODE = """
import pickle
import omnifig
import sae_src as sae
omnifig.switch_project(".")
omnifig.initialize()
run = sae.train("my-config", budget=1, name="python")
again = pickle.loads(pickle.dumps(run.model))
print(type(again).__name__, len(run.dataset("full")))
"""


@pytest.mark.slow
def test_it_is_found_from_python_once_it_is_chosen(project):
    assert run_python(project, CODE).splitlines()[-1] == "SparseAutoencoder 400"


@pytest.mark.slow
def test_configs_of_the_package_train_there(project):
    fig(project, "train a/conv12 m/ae d/vec --budget 1 --name theirs --viz null --dataset.num-samples 300")
