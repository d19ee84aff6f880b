"""3D Cars: archives of the official form with few cars, and archives that are not of that form."""

import gzip

import numpy as np
import pytest
import torch
from PIL import Image

from omnilearn.data.sets.cars3d import Cars3D, grid_of
from omnilearn.data.sets.cars3d_archive import VIEWS
from omnilearn.data.sets.resized_images import resized
from omnilearn.errors import UserError
from tests.omnilearn.data.files import car, mat, pictures, write_cars3d

NAMES = ("car_002_mesh", "car_010_mesh", "car_001_mesh")
MASK = np.zeros((128, 128, 24, 4), bool)


@pytest.fixture(scope="module")
def cars():
    """The images of each car, and its MATLAB file."""
    images = {name: car(seed) for seed, name in enumerate(NAMES)}
    return images, {name: mat(im=images[name], mask=MASK) for name in NAMES}


def test_factors_are_those_of_the_published_comparisons():
    grid = grid_of()
    assert (grid.names, grid.sizes, len(grid)) == (("elevation", "azimuth", "object_type"), (4, 24, 183), 17_568)


def test_views_are_in_the_order_of_the_list_and_resized(data_root, cars):
    images, files = cars
    # The archive has its files in another order than its list.
    path = write_cars3d(data_root, dict(reversed(files.items())), NAMES)
    before = path.read_bytes()
    data = Cars3D()
    full = data.in_mode("full")
    assert (data.din, len(full), len(data), len(data.in_mode("test"))) == ((3, 64, 64), 288, 231, 57)
    assert full.grid == grid_of(3) and full.factor_sizes == (4, 24, 3)
    where = full.indices_of(torch.tensor([[3, 17, 1], [0, 5, 2]]))
    for image, (name, azimuth, elevation) in zip(full.batch(where), [(NAMES[1], 17, 3), (NAMES[2], 5, 0)], strict=True):
        original = images[name][..., azimuth, elevation]
        assert torch.equal(image[:, 50, 10], torch.tensor(original[100, 20]).float() / 255)
        assert torch.equal(image[:, 5, 60], torch.tensor(original[10, 120]).float() / 255)
        expected = np.asarray(Image.fromarray(original).resize((64, 64), Image.Resampling.LANCZOS)) / 255
        np.testing.assert_allclose(image.permute(1, 2, 0), expected, atol=1e-6)
    assert path.read_bytes() == before
    path.unlink()
    assert torch.equal(Cars3D().in_mode("full").batch(where), full.batch(where))


def test_images_of_their_own_size_are_as_they_were(data_root, cars):
    images, files = cars
    write_cars3d(data_root, {NAMES[0]: files[NAMES[0]]})
    full = Cars3D(image_size=128).in_mode("full")
    expected = torch.tensor(images[NAMES[0]]).permute(4, 3, 2, 0, 1).flatten(0, 1).float() / 255
    assert torch.equal(full.batch(torch.arange(VIEWS)), expected)
    assert full.file_beside("fid.npz").name == "128x128_fid.npz"
    assert full.command_words == "d/cars3d --image-size 128"


def test_grey_images_are_resized_too():
    images = pictures(2, 96, 96, 1)
    small = resized(images, 32)
    assert small.shape == (2, 1, 32, 32) and abs(small.mean() - images.mean()) < 1
    assert np.array_equal(resized(images, 96), images.transpose(0, 3, 1, 2))


def test_a_cut_archive_is_refused(data_root, cars):
    path = write_cars3d(data_root, cars[1])
    content = path.read_bytes()
    for damage in (content[: len(content) // 2], content[:-4], b"<html>", gzip.compress(b"no archive"), b""):
        path.write_bytes(damage)
        with pytest.raises(UserError, match=r"nips2015.*damaged.*download-dataset d/cars3d") as error:
            Cars3D()
        assert "\n" not in str(error.value)
    assert not list(path.parent.glob("*.npy"))


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ({"im": np.zeros((128, 128, 3, 24, 3), np.uint8)}, "its arrays are"),
        ({"im": np.zeros((128, 128, 3, 24, 4))}, "its arrays are"),
        ({"mask": MASK}, "its arrays are"),
        (b"MATLAB 7.3 MAT-file" + bytes(500), "car_001_mesh.mat: "),
        (None, "it has no cars/car_001_mesh.mat"),
    ],
)
def test_a_car_of_another_form_is_named(data_root, content, message):
    files = {} if content is None else {"car_001_mesh": content if isinstance(content, bytes) else mat(**content)}
    write_cars3d(data_root, files, ["car_001_mesh"])
    with pytest.raises(UserError, match=message):
        Cars3D()


@pytest.mark.parametrize("names", [[], ["car_001_mesh"] * 2, [f"car_{k}" for k in range(184)]])
def test_a_list_of_no_cars_of_more_than_there_are_or_twice_the_same(data_root, names):
    write_cars3d(data_root, {}, names)
    with pytest.raises(UserError, match=r"list\.txt has \d+ names in \d+ lines"):
        Cars3D()


@pytest.mark.slow
def test_a_model_trains_on_them_and_is_measured(data_root, cars, fig):
    write_cars3d(data_root, {NAMES[0]: cars[1][NAMES[0]]})
    small = "--model.channels 8 --image-size 32 --dataset.batch-size 16"
    fig(f"train a/conv12 m/ae d/cars3d --budget 2 --viz null --fid null --name cars {small}")
    fig("eval-metrics eval/fast eval/cars3d --load cars --metrics mig --num-train 50 --num-test 20")
