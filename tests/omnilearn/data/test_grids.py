"""3D-Shapes, MPI3D and dSprites: official files and earlier layouts, factors and splits."""

import hashlib

import h5py
import numpy as np
import pytest
import torch

import sae_src as sae
from omnilearn.assembly import build_data
from omnilearn.data.sets.dsprites import DSprites
from omnilearn.data.sets.mpi3d import MPI3D, grid_of
from omnilearn.data.sets.shapes3d import Shapes3D
from omnilearn.data.shapes.hdf5_file import write_h5
from omnilearn.data.splits import train_and_test
from omnilearn.errors import UserError
from tests.omnilearn.data.files import pictures, write_dsprites, write_earlier_mpi3d, write_mpi3d

pytestmark = pytest.mark.slow

COUNT = 1_500


def digest(rows: torch.Tensor) -> str:
    return hashlib.sha256(rows.numpy().astype("<i8").tobytes()).hexdigest()[:16]


@pytest.mark.parametrize(
    ("count", "train", "test", "head"),
    [
        (480_000, "d62590fad0d02911", "6c7b6a33ec50ad05", [1, 4, 21, 22, 27, 30, 43, 46]),
        (1_036_800, "e31d04f07761dad3", "c0ddad04564dc940", [1, 4, 15, 22, 26, 27, 38, 42]),
    ],
)
def test_published_splits(count, train, test, head):
    train_rows, test_rows = train_and_test(count)
    assert (digest(train_rows), digest(test_rows)) == (train, test)
    assert test_rows[:8].tolist() == head
    assert torch.equal(torch.cat([train_rows, test_rows]).sort().values, torch.arange(count))


@pytest.fixture
def official_3dshapes(shapes, data_root):
    """The first images in the official schema, in chunks across images as in the official file."""
    path = data_root / "3dshapes" / "3dshapes.h5"
    path.parent.mkdir(parents=True)
    write_h5(shapes, path, torch.arange(COUNT), chunks=(400, 4, 4, 1))
    return path


def test_3dshapes_reads_the_official_file_and_leaves_it_alone(shapes, official_3dshapes):
    before = official_3dshapes.read_bytes()
    data = Shapes3D()
    assert (len(data), len(data.in_mode("test")), len(data.in_mode("full"))) == (1200, 300, COUNT)
    indices = torch.arange(0, 300, 3)
    rows = train_and_test(COUNT)[1][indices]
    test = data.in_mode("test")
    assert torch.equal(test.batch(indices), shapes.in_mode("full").batch(rows))
    assert torch.equal(test.factors(indices), shapes.grid.classes(rows))
    assert torch.equal(test.labels(indices), test.factors(indices))
    assert official_3dshapes.read_bytes() == before


def test_3dshapes_reads_the_file_with_the_split_that_earlier_releases_added(official_3dshapes):
    train, test = train_and_test(COUNT)
    with h5py.File(official_3dshapes, "a") as file:
        file["train_idx"], file["test_idx"] = train.numpy(), test.numpy()
    data = Shapes3D()
    assert torch.equal(data.rows(torch.arange(len(data))), train)


def test_3dshapes_factors_agree_with_the_labels_of_the_file(official_3dshapes):
    data = Shapes3D().in_mode("full")
    classes = data.factors(torch.arange(COUNT)).numpy()
    with h5py.File(official_3dshapes) as file:
        labels = file["labels"][:]
    for k, (name, values) in enumerate(zip(data.factor_names, data.factor_values, strict=True)):
        known = np.arange(4) if name == "shape" else np.array(values)
        np.testing.assert_allclose(labels[:, k], known[classes[:, k]])


def test_3dshapes_does_without_the_file_once_it_is_converted(official_3dshapes):
    first = Shapes3D().batch(torch.arange(5))
    official_3dshapes.unlink()
    assert torch.equal(Shapes3D().batch(torch.arange(5)), first)


def test_3dshapes_in_another_order_is_refused(official_3dshapes):
    with h5py.File(official_3dshapes, "a") as file:
        file["labels"][...] = np.roll(file["labels"][:], 1, axis=0)
    with pytest.raises(UserError, match=r"3dshapes\.h5.*labels of \w+ are not in the published order"):
        Shapes3D()


@pytest.mark.parametrize("compressed", [False, True])
def test_mpi3d_reads_the_official_archive(data_root, compressed):
    images = pictures(500)
    path = write_mpi3d(data_root, images, "real", compressed)
    before = path.read_bytes()
    data = MPI3D("real")
    assert (data.din, len(data), len(data.in_mode("test"))) == ((3, 64, 64), 400, 100)
    assert torch.equal(
        data.in_mode("full").batch(torch.arange(500)), torch.tensor(images).permute(0, 3, 1, 2).float() / 255
    )
    assert path.read_bytes() == before


def test_mpi3d_reads_the_earlier_layout_in_the_official_order(data_root, monkeypatch):
    monkeypatch.setattr("omnilearn.data.sets.mpi3d._STEP", 64)
    images = pictures(333)
    write_earlier_mpi3d(data_root, images)
    full = MPI3D().in_mode("full")
    assert torch.equal(full.batch(torch.arange(333)), torch.tensor(images).permute(0, 3, 1, 2).float() / 255)


def test_mpi3d_factors():
    toy, complex_ = grid_of("toy"), grid_of("complex")
    assert (toy.sizes, len(toy)) == ((6, 6, 2, 3, 3, 40, 40), 1_036_800)
    assert (complex_.sizes, len(complex_)) == ((4, 4, 2, 3, 3, 40, 40), 460_800)
    assert toy.names[0] == "object_color" and toy.values[0][:2] == ("white", "green")
    assert complex_.values[1] == ("coffee-cup", "tennis-ball", "croissant", "beer-cup")
    # One step along the first factor is as many images as all other factors combine to.
    assert toy.classes(torch.tensor([172_800 + 41]))[0].tolist() == [1, 0, 0, 0, 0, 1, 1]


def test_mpi3d_sim_is_another_name_for_realistic(data_root):
    write_mpi3d(data_root, pictures(50), "realistic")
    assert MPI3D("sim").category == "realistic"


def test_mpi3d_config_takes_the_category(data_root):
    write_mpi3d(data_root, pictures(50), "real")
    config = sae.create_config("d/mpi", cat="real")
    assert build_data(config).dataset.category == "real"


def test_dsprites_is_black_and_white(data_root):
    images = (pictures(200, channels=1)[..., 0] > 127).astype(np.uint8)
    write_dsprites(data_root, images)
    full = DSprites().in_mode("full")
    assert full.din == (1, 64, 64)
    assert torch.equal(full.batch(torch.arange(200))[:, 0], torch.tensor(images).float())
    assert full.factor_sizes == (1, 3, 6, 40, 32, 32) and len(full.grid) == 737_280
    assert full.factors(torch.tensor([33]))[0].tolist() == [0, 0, 0, 0, 1, 1]


def test_an_unknown_mode_is_refused(shapes):
    with pytest.raises(UserError, match="train, test, full"):
        shapes.in_mode("validation")
