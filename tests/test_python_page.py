"""docs/python.md: its blocks run in their order, each with the names of those before."""

import re

import pytest
import torch

from tests.conftest import ROOT
from tests.documents import blocks

PAGE = ROOT / "docs" / "python.md"
NAMES = ["own", "python", "updated"]
SHORT = 'budget=2, viz=None, **{"dataset.num_samples": 600}'


def shorter(code: str) -> str:
    """The same with a few steps, and of vectors a few hundred."""
    return re.sub(r"budget=300", "budget=2", re.sub(r"budget=2000", SHORT, code))


@pytest.mark.slow
def test_every_block_runs(runs, tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("OMNILEARN_DATA_DIR", str(tmp_path / "data"))
    names: dict = {}
    for code in blocks(PAGE, "python"):
        exec(compile(shorter(code), str(PAGE), "exec"), names)  # our own page
    assert capsys.readouterr().err == ""
    assert names["run"].step == 2 and sorted(path.name.partition("_")[0] for path in runs.iterdir()) == NAMES
    assert names["model"].decode(names["q"]).shape == names["y"].shape == (8, 100)
    assert names["wide"].latent_dim == 6 and set(names["out"]) >= {"loss", "rec_loss", "latent", "reconstruction"}
    assert names["layer"](torch.rand(4, 3, 32, 32)).shape == (4, 16, 16, 16)
    assert names["matrix"].shape == (12, 12) and names["new"].shape == (500, 20)
    assert names["samples"].shape == (25, 100) and names["recombined"].shape == names["grouped"].shape == (25, 12)
    assert set(names["result"].scores) == {"MIG", "DCI"} and names["result"].skipped == {}
    assert [path.name for path in names["files"]] == ["model.pt"]
    assert list(names["frame"]["data"]) == ["vec", "vec"]
    assert (names["run"].path / "again.json").is_file() and (names["run"].path / "metrics.json").is_file()
