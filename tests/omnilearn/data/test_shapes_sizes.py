"""The generated set at other sizes: the same pictures, factors and rows."""

import numpy as np
import pytest
import torch

import sae_src as sae
from omnilearn.assembly import build_data
from omnilearn.data.shapes.dataset import Shapes
from omnilearn.data.shapes.planes import planes_of
from omnilearn.data.shapes.scene import camera_rays, room
from omnilearn.data.shapes.solids import SOLIDS
from omnilearn.errors import UserError

SAMPLE = torch.randint(480_000, (50,), generator=torch.Generator().manual_seed(0))


def test_images_of_32_are_means_of_four_pixels(shapes, shapes_root):
    small, full = Shapes(shapes_root, image_size=32).in_mode("full"), shapes.in_mode("full")
    pixels = full.batch(SAMPLE).mul(255).round().numpy().astype(np.int64)
    means = (
        pixels[:, :, ::2, ::2] + pixels[:, :, 1::2, ::2] + pixels[:, :, ::2, 1::2] + pixels[:, :, 1::2, 1::2] + 2
    ) // 4
    assert small.din == (3, 32, 32)
    assert np.array_equal(small.batch(SAMPLE).mul(255).round().numpy().astype(np.int64), means)
    assert small.grid == full.grid and torch.equal(small.factors(SAMPLE), full.factors(SAMPLE))
    assert small.file_beside("x") != full.file_beside("x")


def test_a_view_of_128_shows_what_that_of_64_shows():
    views = {}
    for side in (64, 128):
        rays = camera_rays(-30.0, side)
        views[side] = planes_of(SOLIDS["cube"](1.0), rays, room(rays), side).astype(float)
    halved = views[128].reshape(5, 64, 2, 64, 2).mean((2, 4))
    assert np.abs(halved - views[64]).mean() < 1.5  # of 255: edges alone differ


@pytest.mark.slow
def test_images_of_128_have_the_same_factors(tmp_path, shapes):
    data = Shapes(tmp_path, image_size=128).in_mode("full")
    images, full = data.batch(SAMPLE[:8]), shapes.in_mode("full")
    assert images.shape == (8, 3, 128, 128)
    assert (
        images.unflatten(3, (64, 2)).unflatten(2, (64, 2)).mean((3, 5)) - full.batch(SAMPLE[:8])
    ).abs().mean() < 0.01
    assert torch.equal(data.factors(SAMPLE), full.factors(SAMPLE))


@pytest.mark.parametrize(("given", "side"), [({}, 64), ({"image_size": 32}, 32), ({"dataset.image_size": 32}, 32)])
def test_the_size_is_a_key(shapes_root, given, side):
    config = sae.create_config("a/conv12", "m/ae", "d/shapes", dataroot=str(shapes_root), **given)
    assert build_data(config).dataset.din == (3, side, side)
    assert config.pull("info.size", silent=True) == side


def test_other_sizes_are_refused(shapes_root):
    config = sae.create_config("a/conv12", "m/ae", "d/shapes", dataroot=str(shapes_root), image_size=48)
    with pytest.raises(UserError, match="32"):
        build_data(config)
