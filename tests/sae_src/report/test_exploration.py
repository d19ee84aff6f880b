"""What a page shows of a model: which latent moves, how the latents respond, how factors are traversed."""

import pytest
import torch
from torch import nn

from omnilearn.data.shapes.dataset import Shapes
from sae_src.report.exploration import explore, factor_matrix
from sae_src.report.observations import MOST_VALUES, Observations, observations_of, with_own
from sae_src.report.sprites import fitting, picture, sprite


class Doubling(nn.Module):
    """A model on vectors of three values whose code is their half, and whose first latent moves the second too."""

    prior = None
    latent_dim = 3

    def encode(self, observations):
        return observations / 2

    def decode(self, latent):
        mixed = latent.clone()
        mixed[..., 1] += latent[..., 0]
        return 2 * mixed


@pytest.fixture
def seen() -> Observations:
    values = torch.randn(40, 3, generator=torch.Generator().manual_seed(0))
    return Observations(values[:2], values[:8], values)


def test_one_latent_moves_over_its_range_and_all_respond(seen):
    found = explore(Doubling(), seen, steps=5)
    codes, spread = seen.explored / 2, seen.encoded / 2
    scales = spread.std(dim=0)
    assert found.values.shape == (2, 3, 5) and found.responses.shape == (2, 3, 5, 3)
    assert torch.allclose(found.values[..., 0], spread.amin(dim=0)) and found.values.diff(dim=-1).min() >= 0
    assert torch.allclose(found.values.gather(-1, found.home[..., None])[..., 0], codes)
    for n in range(2):
        for latent in range(3):
            for step in range(5):
                moved = codes[n].clone()
                moved[latent] = found.values[n, latent, step]
                assert torch.allclose(found.images[n, latent, step], Doubling().decode(moved))
                change = moved[latent] - codes[n, latent]
                expected = torch.zeros(3)
                expected[latent] = change
                expected[1] += change if latent == 0 else 0
                assert torch.allclose(found.responses[n, latent, step], expected / scales, atol=1e-5)
    assert found.matrix[0, 1] > 0.5 and found.matrix[1, 0] == 0
    assert torch.allclose(found.reconstructions, Doubling().decode(seen.shown / 2))


def test_factors_are_traversed_from_observations_of_the_test_set(shapes_root):
    dataset = Shapes(shapes_root, image_size=32)
    seen = observations_of(dataset, 2)
    assert seen.explored.shape == (2, 3, 32, 32) and len(seen.shown) == 8
    assert [factor.name for factor in seen.factors][-2:] == ["shape", "orientation"]
    for factor in seen.factors:
        assert len(factor.values[0]) == factor.images.shape[1] <= MOST_VALUES
        for n in range(2):
            assert torch.equal(factor.images[n, factor.home[n]], seen.explored[n])
            assert not torch.equal(factor.images[n, factor.home[n] - 1], seen.explored[n])
    assert torch.equal(observations_of(Shapes(shapes_root, image_size=32), 2).explored, seen.explored)


def test_the_matrix_of_factors_is_a_root_mean_square(seen):
    class Effect:
        changes = torch.tensor([[[3.0, 0.0], [4.0, 0.0]]])

    assert torch.allclose(factor_matrix([Effect()]), torch.tensor([[12.5**0.5, 0.0]]))


def test_an_own_value_takes_the_place_of_the_nearest():
    assert with_own([0, 4, 8, 12], 9) == [0, 4, 9, 12]


def test_sprites_are_pictures_of_the_size_of_their_tiles():
    import base64
    import io

    from PIL import Image

    def opened(address):
        return Image.open(io.BytesIO(base64.b64decode(address.partition(",")[2])))

    assert opened(sprite(torch.rand(3, 5, 1, 8, 6))).size == (30, 24)
    grid = opened(picture(torch.ones(5, 3, 8, 6), columns=3))
    assert grid.size == (3 * 8 - 2, 2 * 10 - 2) and grid.mode == "RGBA"
    assert grid.getpixel((6, 0))[3] == 0 and grid.getpixel((0, 0)) == (255, 255, 255, 255)
    assert fitting(torch.rand(1, 3, 256, 128)).shape == (1, 3, 128, 64)
