"""The table of sources, what goes before it, and the downloads of whole datasets."""

import numpy as np
import pytest
import torch
import yaml

import sae_src as sae
from omnilearn.config import find
from omnilearn.data.download.files import download_dataset, get_files
from omnilearn.data.download.sources import TABLE, find_source
from omnilearn.data.sets.mnist import Digits
from omnilearn.data.sets.mpi3d import MPI3D
from omnilearn.errors import UserError
from tests.omnilearn.data.files import pictures, write_idx, write_mpi3d

pytestmark = pytest.mark.usefixtures("only_this_machine")


@pytest.fixture
def table(server, tmp_path, monkeypatch):
    """A table that points at the server: MNIST whole, MPI3D toy whole, real with a dead link."""
    origin = tmp_path / "origin"
    files = []
    for part in ("train", "t10k"):
        write_idx(origin, part, pictures(6, 28, 28, 1)[..., 0], np.arange(6, dtype=np.uint8))
    for path in sorted(origin.iterdir()):
        server.content[f"/{path.name}"] = path.read_bytes()
        files.append({"path": f"mnist/MNIST/raw/{path.name}", "urls": [server.url(f"/{path.name}")]})
    server.content["/toy"] = write_mpi3d(tmp_path, pictures(50)).read_bytes()
    toy = {"files": [{"path": "mpi3d/mpi3d_toy.npz", "urls": [server.url("/toy")]}]}
    real = {"files": [{"path": "mpi3d/mpi3d_real.npz", "urls": [server.url("/dead")]}]}
    path = tmp_path / "sources.yaml"
    path.write_text(yaml.safe_dump({"mnist": {"files": files}, "mpi3d/toy": toy, "mpi3d/real": real}))
    return path


def test_a_table_in_the_environment_goes_first(table, monkeypatch):
    monkeypatch.setenv("OMNILEARN_SOURCES", str(table))
    data = Digits(download=True)
    assert len(data) == 6


def test_a_table_in_the_config_goes_first(table, data_root):
    config = sae.create_config("d/mnist", **{"dataset.sources": str(table)})
    paths = download_dataset(find(config, "dataset"))
    assert len(paths) == 4 and all(path.is_file() for path in paths)
    assert len(Digits()) == 6


def test_download_dataset_takes_the_keys_of_the_config(table, data_root, monkeypatch):
    monkeypatch.setenv("OMNILEARN_SOURCES", str(table))
    assert download_dataset(find(sae.create_config("d/mpi"), "dataset")) == [data_root / "mpi3d" / "mpi3d_toy.npz"]
    assert torch.equal(
        MPI3D().in_mode("full").batch(torch.arange(50)), torch.tensor(pictures(50)).permute(0, 3, 1, 2).float() / 255
    )
    with pytest.raises(UserError, match=r"mpi3d_real\.npz cannot be downloaded.*the link is dead \(404"):
        download_dataset(find(sae.create_config("d/mpi", cat="real"), "dataset"))


def test_what_is_there_is_not_downloaded_again(table, server, monkeypatch):
    monkeypatch.setenv("OMNILEARN_SOURCES", str(table))
    Digits(download=True)
    server.requests = []
    Digits(download=True)
    assert server.requests == []


def test_generated_data_has_nothing_to_download():
    for name in ("d/shapes", "d/vec"):
        with pytest.raises(UserError, match="is generated"):
            download_dataset(find(sae.create_config(name), "dataset"))


def test_a_set_for_a_person_comes_with_steps(data_root):
    with pytest.raises(UserError, match=r"--cat complex has to be fetched by a person.*mpi3d_complex\.npz.*Drive"):
        get_files("mpi3d/complex")


NAMES = sorted(set(yaml.safe_load(TABLE.read_text())) - {"inception"})  # the network of the FID is no dataset


@pytest.mark.parametrize("name", NAMES)
def test_every_packaged_source_is_complete(name):
    source = find_source(name)
    assert source.config.startswith("d/") and source.licence and source.files
    assert all(file.urls for file in source.files) or source.by_hand
    words = source.config.split()
    assert find(sae.create_config(words[0]), "dataset") is not None
    for file in source.files:
        assert len(file.sha256 or "0" * 64) == 64 and len(file.md5 or "0" * 32) == 32


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("- a list", "expected a table"),
        ("mnist: [", "not a YAML file"),
        ("mnist: {files: [{urls: []}]}", "mnist.*path"),
        ("mnist: {files: [{path: ../../x}]}", "below the data folder"),
        ("mnist: {files: [{path: /etc/x}]}", "below the data folder"),
        ("mnist: {files: [{path: x, urls: ['file:///etc/passwd']}]}", "not a http"),
        ("mnist: {files: [{path: x, md5: 123}]}", "in quotes"),
        ("mnist: {files: 3}", "mnist"),
    ],
)
def test_a_bad_table_is_named(tmp_path, text, message):
    path = tmp_path / "table.yaml"
    path.write_text(text)
    with pytest.raises(UserError, match=rf"table\.yaml: .*{message}") as error:
        find_source("mnist", path)
    assert "\n" not in str(error.value)


def test_a_missing_table_is_named(tmp_path):
    with pytest.raises(UserError, match=r"none\.yaml: cannot be read"):
        find_source("mnist", tmp_path / "none.yaml")
