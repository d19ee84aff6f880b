"""SmallNORB: files of the official form with few combinations, and files that are not of that form."""

import gzip

import numpy as np
import pytest
import torch
import yaml

import sae_src as sae
from omnilearn.assembly import build_data
from omnilearn.config import find
from omnilearn.data.download.files import download_dataset
from omnilearn.data.download.sources import find_source
from omnilearn.data.factors import FactorGrid
from omnilearn.data.sets.smallnorb import SmallNORB
from omnilearn.errors import UserError
from omnilearn.files import checksum
from tests.omnilearn.data.files import norb_matrix, pictures, write_smallnorb

SIZES = (2, 4, 3, 2, 2)


class FewCombinations(SmallNORB):
    """96 images instead of 48,600."""

    all_combinations = FactorGrid(
        SmallNORB.all_combinations.names,
        tuple(values[:size] for values, size in zip(SmallNORB.all_combinations.values, SIZES, strict=True)),
    )


@pytest.fixture
def images():
    """An image (96, 96) for each combination, in the order of the grid."""
    coarse = pictures(96, 6, 6, 1)[..., 0]
    return coarse.repeat(16, axis=1).repeat(16, axis=2)


@pytest.fixture
def written(data_root, images):
    """The files, whose images are in another order."""
    return write(data_root, images)


def write(root, images, **settings):
    order = np.random.default_rng(1).permutation(96)
    return write_smallnorb(root, np.stack(np.unravel_index(order, SIZES), axis=1), images[order], **settings)


def test_all_images_are_a_grid():
    grid = SmallNORB.all_combinations
    assert grid.sizes == (5, 10, 9, 18, 6) and len(grid) == 48_600
    assert grid.values[2][-1] == 70 and grid.values[3][-1] == 340


@pytest.mark.parametrize("packed", [True, False])
def test_the_first_camera_in_the_order_of_the_grid(data_root, images, packed):
    paths = write(data_root, images, packed=packed)
    before = [path.read_bytes() for path in paths]
    data = FewCombinations(image_size=96)
    full = data.in_mode("full")
    assert (data.din, len(data), len(data.in_mode("test")), len(full)) == ((1, 96, 96), 77, 19, 96)
    assert torch.equal(full.batch(torch.arange(96))[:, 0], torch.tensor(images).float() / 255)
    assert full.factors(torch.tensor([95]))[0].tolist() == [1, 3, 2, 1, 1]
    assert [path.read_bytes() for path in paths] == before


def test_images_are_resized_once(data_root, images, written):
    full = FewCombinations().in_mode("full")
    assert full.din == (1, 64, 64)
    small = full.batch(torch.arange(96))
    assert (small[:, 0].mean((1, 2)) - torch.tensor(images).float().mean((1, 2)) / 255).abs().max() < 0.01
    for path in written:
        path.unlink()
    assert torch.equal(FewCombinations(download=True).in_mode("full").batch(torch.arange(96)), small)


def refused(message):
    with pytest.raises(UserError, match=message) as error:
        FewCombinations()
    assert "fig download-dataset d/smallnorb" in str(error.value) and "\n" not in str(error.value)


def test_files_that_are_missing(data_root, written):
    written[5].unlink()
    refused(r"testing-info\.mat\.gz: there is no such file")


@pytest.mark.parametrize("file", [0, 1, 5])
@pytest.mark.parametrize(
    "damage",
    [
        lambda content: gzip.compress(gzip.decompress(content)[:-1]),
        lambda content: gzip.compress(gzip.decompress(content) + b"x"),
        lambda content: gzip.compress(norb_matrix(np.zeros((7, 2, 96), np.uint8))),
        lambda content: gzip.compress(b"<html>no such page</html>"),
        lambda content: content[:-9],
        lambda content: b"",
    ],
)
def test_damaged_files_are_named(data_root, written, file, damage):
    written[file].write_bytes(damage(written[file].read_bytes()))
    refused(f"{written[file].name}: damaged")
    assert not list((data_root / "smallnorb").glob("*.npy"))


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ([9, 0, 0, 0], "not among"),
        ([0, 0, 1, 0], "azimuth"),
        ([-1, 0, 0, 0], "not among"),
        ([0] * 4, "each once"),
    ],
)
def test_classes_that_do_not_fit(data_root, written, row, message):
    content = gzip.decompress(written[2].read_bytes())
    info = np.frombuffer(content, "<i4", offset=20).reshape(48, 4).copy()
    other = int((info != 0).any(1).argmax())
    info[other] = row
    written[2].write_bytes(gzip.compress(norb_matrix(info)))
    refused(message)


def test_files_are_downloaded_and_checked(data_root, images, server, tmp_path, monkeypatch):
    entries = []
    for path in write(tmp_path / "origin", images):
        server.content[f"/{path.name}"] = path.read_bytes()
        entry = {"path": f"smallnorb/{path.name}", "urls": [server.url(f"/{path.name}")], "sha256": checksum(path)}
        entries.append(entry)
    table = tmp_path / "sources.yaml"
    monkeypatch.setenv("OMNILEARN_SOURCES", str(table))
    table.write_text(yaml.safe_dump({"smallnorb": {"files": entries}}))
    config = sae.create_config("d/smallnorb")
    assert download_dataset(find(config, "dataset")) == [data_root / entry["path"] for entry in entries]
    assert len(FewCombinations()) == 77
    entries[2]["sha256"] = "0" * 64
    table.write_text(yaml.safe_dump({"smallnorb": {"files": entries}}))
    (data_root / entries[2]["path"]).unlink()
    with pytest.raises(UserError, match=r"training-info\.mat\.gz cannot be downloaded.*sha256"):
        download_dataset(find(config, "dataset"))


def test_official_files_have_sizes_and_hashes():
    files = find_source("smallnorb").files
    assert len(files) == 6 and all(len(file.sha256 or "") == 64 and file.size and file.urls for file in files)
    assert sum(file.size for file in files) == 262_778_180


def test_the_config_names_them(data_root):
    with pytest.raises(UserError, match=r"smallnorb.*no such file"):
        build_data(sae.create_config("d/smallnorb", image_size=32))
