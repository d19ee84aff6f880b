"""A few tiny runs, and pages of them."""

import shutil
from collections.abc import Callable
from pathlib import Path

import omnifig
import pytest

from omnilearn.files import write_json

TINY = "--image-size 32 --model.channels 8 --budget 4 --validation null --evaluation null --records.freq 1"
SAE, VAE = "hybrid a/e/conv12 a/d/strc/12 m/ae", "hybrid a/conv12 m/vae"


@pytest.fixture(scope="session")
def trained(tmp_path_factory, shapes_root) -> Path:
    """Four runs: a structural autoencoder with two seeds and a VAE on generated images, and one on vectors."""
    root = tmp_path_factory.mktemp("reported")
    common = f"--saveroot {root} --name-include-date no --viz.freq 1000"
    for name, model, seed in (("sae_0", SAE, 0), ("sae_1", SAE, 1), ("vae_0", VAE, 0)):
        data = f"d/shapes {TINY} --dataset.dataroot {shapes_root} --dataset.batch-size 32"
        omnifig.main(f"train {model} {data} {common} --name {name} --seed {seed}".split())
        rec_loss = {"sae_0": 20.5, "sae_1": 30.5, "vae_0": 9.5}[name]
        made_by = {"step": 4, "settings": {}, "versions": {}}
        write_json(root / name / "test_results.json", {"scores": {"rec_loss": rec_loss}, "mode": "test", **made_by})
    omnifig.main(f"train {SAE} d/vec --dataset.num-samples 600 --budget 2 {common} --name vectors".split())
    return root


@pytest.fixture
def runs_here(trained, runs) -> Path:
    """The runs, in the save folder of the test."""
    shutil.copytree(trained, runs)
    return runs


Report = Callable[..., str]


@pytest.fixture
def report(fig, tmp_path) -> Report:
    """Write a page of the runs of this test and return it: `report("--scores mig")`."""

    def write(words: str = "", runs: str = "all") -> str:
        out = tmp_path / "report.html"
        fig(f"report --runs {runs} --out {out} --overwrite yes --observations 2 --steps 3 {words}")
        return out.read_text(encoding="utf-8")

    return write
