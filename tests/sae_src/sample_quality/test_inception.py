"""The network of the FID: the features of pytorch-fid's own class, and where its weights come from."""

import hashlib
import pickle

import pytest
import torch
import yaml

from omnilearn.evaluation.measures import Unavailable
from sae_src.sample_quality.inception import load_inception
from tests.sae_src.sample_quality.conftest import WEIGHTS


@pytest.mark.slow
@pytest.mark.parametrize("dim", [64, 192, 768, 2048])
def test_features_are_those_of_pytorch_fid(dim, weights, trusted, monkeypatch):
    from pytorch_fid import inception

    monkeypatch.setattr(inception, "load_state_dict_from_url", lambda url, progress: torch.load(weights))
    theirs = inception.InceptionV3([inception.InceptionV3.BLOCK_INDEX_BY_DIM[dim]]).eval()
    images = torch.rand(2, 3, 40, 40)
    with torch.no_grad():
        (expected,) = theirs(images)
        expected = torch.nn.functional.adaptive_avg_pool2d(expected, 1).flatten(1)
        found = load_inception(dim, weights)(images)
    assert found.shape == (2, dim)
    torch.testing.assert_close(found, expected, rtol=1e-5, atol=1e-5)


def test_grey_images_are_repeated_and_more_channels_dropped(weights, trusted):
    network = load_inception(64, weights)
    grey = torch.rand(2, 1, 32, 32)
    torch.testing.assert_close(network(grey), network(grey.repeat(1, 3, 1, 1)))
    many = torch.rand(2, 5, 32, 32)
    torch.testing.assert_close(network(many), network(many[:, :3]))


def test_weights_are_found_in_the_shapes_root(weights, trusted, tmp_path, monkeypatch):
    monkeypatch.setenv("OMNILEARN_DATA_DIR", str(tmp_path))
    (tmp_path / "inception").mkdir()
    (tmp_path / "inception" / WEIGHTS).symlink_to(weights)
    assert load_inception(64)(torch.rand(1, 3, 32, 32)).shape == (1, 64)


@pytest.mark.slow
def test_weights_are_downloaded_and_checked(weights, server, tmp_path, monkeypatch):
    content = weights.read_bytes()
    server.content = {"/good": content, "/bad": content[:-1] + b"x"}
    monkeypatch.setenv("OMNILEARN_DATA_DIR", str(tmp_path))
    monkeypatch.setenv("OMNILEARN_SOURCES", str(tmp_path / "sources.yaml"))
    monkeypatch.setattr(torch.hub, "get_dir", lambda: str(tmp_path / "hub"))
    for name in ("bad", "good"):
        file = {"path": f"inception/{WEIGHTS}", "urls": [server.url(f"/{name}")]}
        file["sha256"] = hashlib.sha256(content).hexdigest()[:8]
        (tmp_path / "sources.yaml").write_text(yaml.safe_dump({"inception": {"files": [file]}}))
        if name == "bad":
            with pytest.raises(Unavailable, match="sha256 is"):
                load_inception(64, download=True)
            assert not list((tmp_path / "inception").iterdir())
    assert load_inception(64, download=True).training is False
    assert (tmp_path / "inception" / WEIGHTS).read_bytes() == content


def test_missing_weights_come_with_the_way_to_get_them(weights, tmp_path, monkeypatch):
    monkeypatch.setenv("OMNILEARN_DATA_DIR", str(tmp_path))
    monkeypatch.setattr(torch.hub, "get_dir", lambda: str(tmp_path / "hub"))
    with pytest.raises(Unavailable, match=rf"missing: save https://\S+{WEIGHTS} as .*fig compute-fid"):
        load_inception()
    with pytest.raises(Unavailable, match="none: there is no such file"):
        load_inception(weights=tmp_path / "none")


def test_other_weights_are_refused(weights):
    with pytest.raises(Unavailable, match=r"not the weights of the network: its sha256 is .* instead of 6726825d"):
        load_inception(weights=weights)


class Attack:
    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return open, (str(self.path), "w")


def test_weights_run_no_code(weights, tmp_path, monkeypatch):
    bad = tmp_path / "bad.pth"
    bad.write_bytes(pickle.dumps(Attack(tmp_path / "made"), protocol=2))
    file = {"path": f"inception/{WEIGHTS}", "urls": [], "sha256": hashlib.sha256(bad.read_bytes()).hexdigest()}
    (tmp_path / "sources.yaml").write_text(yaml.safe_dump({"inception": {"files": [file]}}))
    monkeypatch.setenv("OMNILEARN_SOURCES", str(tmp_path / "sources.yaml"))
    with pytest.raises(Unavailable, match="not the weights of the network"):
        load_inception(weights=bad)
    assert not (tmp_path / "made").exists()


def test_a_missing_package_is_named(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "pytorch_fid", None)
    with pytest.raises(Unavailable, match="pip install pytorch-fid"):
        load_inception()
