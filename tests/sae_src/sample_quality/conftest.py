"""A short run on images, a factor net, and a file of weights for the network of the FID."""

import hashlib

import omnifig
import pytest
import torch
import yaml

from tests.omnilearn.data.conftest import only_this_machine, server  # noqa: F401 - fixtures

RUN = (
    "train hybrid a/e/conv12 a/d/strc/12 m/vae d/shapes --budget 1 --dataset.batch-size 4 --model.channels 8 "
    "--include-eval no --validation null --viz null --name-include-date no --name images --device cpu --threads 1"
)
WEIGHTS = "pt_inception-2015-12-05-6726825d.pth"


@pytest.fixture(autouse=True)
def _data(shapes_root, monkeypatch):
    monkeypatch.setenv("OMNILEARN_DATA_DIR", str(shapes_root))
    monkeypatch.delenv("OMNILEARN_SOURCES", raising=False)


@pytest.fixture(scope="session")
def images_run(tmp_path_factory, shapes_root):
    """A hybrid VAE of images after one step; the tests of this folder write results into it."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("OMNILEARN_DATA_DIR", str(shapes_root))
        return omnifig.main([*RUN.split(), "--saveroot", str(tmp_path_factory.mktemp("runs"))])


@pytest.fixture(scope="session")
def weights(tmp_path_factory):
    """Random weights of the network, in the form of the published file."""
    pytest.importorskip("pytorch_fid", reason="the FID's network comes with pytorch-fid")
    from sae_src.sample_quality.inception import _inception

    path = tmp_path_factory.mktemp("weights") / WEIGHTS
    with torch.random.fork_rng():
        torch.manual_seed(0)
        network = _inception()
        for layer in network.modules():
            if isinstance(layer, torch.nn.Conv2d):
                torch.nn.init.kaiming_normal_(layer.weight)
    torch.save(network.state_dict(), path, _use_new_zipfile_serialization=False)
    return path


@pytest.fixture
def trusted(weights, tmp_path, monkeypatch):
    """A table of sources in which the weights of this test are the right ones."""
    digest = hashlib.sha256(weights.read_bytes()).hexdigest()
    file = {"path": f"inception/{WEIGHTS}", "urls": ["http://127.0.0.1:1/nothing"], "sha256": digest[:8]}
    table = tmp_path / "sources.yaml"
    table.write_text(yaml.safe_dump({"inception": {"files": [file]}}))
    monkeypatch.setenv("OMNILEARN_SOURCES", str(table))
    return table
