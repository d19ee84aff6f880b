"""The configs of extrapolation and sequential transfer, on small generated images."""

import json

import pytest
import torch

import sae_src as sae
from tests.conftest import ROOT

HELD_OUT = {
    "angle": 6 / 15,
    "shape": 1 / 4,
    "hue": 3 / 10,
    "corner": 6 / 60,
    "stage1": 2 / 4,
    "stage2": 1 / 4,
    "stage3": 0,
}
KEYS = (
    "--image-size 32 --model.channels 8 --budget 1 --dataset.batch-size 2 --validation null --include-eval no "
    "--fid null --factor-distance null --viz null --name-include-date no --device cpu"
)


@pytest.fixture(autouse=True)
def _data(shapes_root, monkeypatch):
    monkeypatch.setenv("OMNILEARN_DATA_DIR", str(shapes_root))


@pytest.mark.slow
def test_every_config_is_looked_at():
    assert {path.stem for path in (ROOT / "config" / "ex").glob("*.yaml")} == set(HELD_OUT)


@pytest.mark.parametrize("name", [name for name in HELD_OUT if name != "stage3"])
def test_what_is_held_out(name):
    config = sae.create_config(f"ex/{name}", "a/conv12", "m/ae", "d/shapes")
    data = sae.run.assembly.build_data(config)
    assert len(data.subset("heldout")) == HELD_OUT[name] * 480_000
    kept = len(data.subset("train")) / 345_600
    assert kept == pytest.approx(1 - HELD_OUT[name], abs=0.005)


@pytest.mark.slow
def test_extrapolation(fig):
    first = fig(f"train ex/angle hybrid a/e/conv12 a/d/strc/12 m/ae d/shapes {KEYS}")
    assert first.name == "shapes_ae_e-c12_d-s12_xa"
    run = fig("train --from shapes_ae_e-c12_d-s12_xa --update decoder --budget 2 --name-include-date no")
    assert run.name == "shapes_ae_e-c12_d-s12_xa_update-decoder"
    loaded = sae.load_run(run)
    assert len(loaded.dataset("train")) == 345_600 and len(loaded.dataset("heldout")) == 192_000
    fig(f"eval --load {run} --shift yes --step-limit 2")
    kept = json.loads((run / "shift.json").read_text())
    assert kept["before"]["heldout"]["mse"] != kept["scores"]["heldout"]["mse"]


@pytest.mark.slow
def test_sequential_transfer(fig):
    fig(f"train ex/stage1 a/conv12 m/ae d/shapes {KEYS} --name one")
    fig("train ex/stage2 --from one --budget 1 --name two --name-include-date no")
    last = fig("train ex/stage3 --from two --budget 1 --name three --name-include-date no")
    shapes = {}
    for name in ("one", "two", "three"):
        data = sae.load_run(name).data
        shapes[name] = data.dataset.factors(data.subset("train").indices)[:, 4].unique()
    assert [len(shapes[name]) for name in ("one", "two", "three")] == [2, 3, 4]
    assert torch.equal(shapes["one"], torch.tensor([0, 1]))
    fig(f"eval --load {last} --shift yes --step-limit 1")
    parts = json.loads((last / "shift.json").read_text())["parts"]
    assert [part["rules"] for part in parts.values()] == [
        None,
        *[[{"shape": ["capsule"]}]] * 2,
        *[[{"shape": ["sphere", "capsule"]}]] * 2,
    ]
