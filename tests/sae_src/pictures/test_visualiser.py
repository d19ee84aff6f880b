"""The pictures of a model: what is on them, pixel by pixel, and which are drawn."""

import io
from functools import partial

import numpy as np
import pytest
import torch
from PIL import Image
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from torch.distributions import Normal
from torchvision.utils import make_grid

from omnilearn.layers import MLP
from omnilearn.layers.criteria import Criterion
from omnilearn.tensorboard.writer import TensorBoardWriter
from sae_src.hybrid import Hybrid
from sae_src.methods import Autoencoder, WassersteinAutoencoder
from sae_src.pictures.images import as_images, image_grid, resized
from sae_src.pictures.latents import latent_statistics
from sae_src.pictures.visualiser import SAEVisualiser


class HybridWAE(Hybrid, WassersteinAutoencoder):
    """A method with a prior and hybrid samples."""


def make(kind, size):
    return kind(MLP, partial(MLP, hidden=[6]), Criterion("mse"), din=size, latent_dim=4)


def drawn(folder, model, visualiser, count=20, *, thorough=False):
    """The pictures of a batch as arrays (H, W, C) by tag, the tags of the histograms, and what `draw` returned."""
    size = model.din if isinstance(model.din, tuple) else (model.din,)
    observations = torch.rand(count, *size)
    result = model.train().losses(observations)
    with TensorBoardWriter(folder) as writer:
        kept = visualiser.draw(model.eval(), result, writer, "{}/train", 3, thorough=thorough)
    events = EventAccumulator(str(folder), size_guidance={"images": 0})
    events.Reload()
    images = {}
    for tag in events.Tags()["images"]:
        (event,) = events.Images(tag)
        assert event.step == 3
        images[tag] = np.asarray(Image.open(io.BytesIO(event.encoded_image_string)).convert("RGB"))
    return images, set(events.Tags()["histograms"]), kept, result


def test_vectors_are_squashed_into_grey_images():
    values = torch.randn(3, 12) * 4
    images = as_images(values)
    assert images.shape == (3, 1, 3, 4)
    assert torch.allclose(images.flatten(1), 1 / (1 + (-values).exp()))
    pictures = torch.rand(3, 3, 4, 4)
    assert torch.equal(as_images(pictures), pictures)


def test_vectors_are_shown_at_full_contrast_only_when_asked(tmp_path):
    model = make(HybridWAE, 12)
    images, histograms, _, _ = drawn(tmp_path / "plain", model, SAEVisualiser())
    assert images == {}
    assert histograms == {"latent-norm/train", "latent-std/train"}
    images, _, _, result = drawn(tmp_path / "forced", model, SAEVisualiser(force_viz=True))
    assert set(images) == {"rec/train", "gen-prior/train", "gen-hybrid/train"}
    shown = torch.cat([result["original"][:8], result["reconstruction"][:8]]).detach().sigmoid()
    shown = (shown - shown.min()) / (shown.max() - shown.min())
    rows = images["rec/train"][2:50:16, 2:66:16, 0]  # the first observation, a pixel of 16 by 16 for each value
    assert np.abs(rows.flatten() / 255 - shown[0].numpy()).max() < 0.01


def test_observations_stand_above_their_reconstructions(tmp_path):
    model = make(Autoencoder, (3, 64, 64))
    images, histograms, kept, result = drawn(tmp_path, model, SAEVisualiser(viz_latent=False))
    assert (set(images), histograms, kept) == ({"rec/train"}, set(), {})
    picture = torch.from_numpy(images["rec/train"].copy()).permute(2, 0, 1) / 255
    for column in range(8):
        left = 2 + 66 * column
        above, below = picture[:, 2:66, left : left + 64], picture[:, 68:132, left : left + 64]
        assert torch.allclose(above, result["original"][column], atol=0.005)
        assert torch.allclose(below, result["reconstruction"][column].clamp(0, 1), atol=0.005)


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({}, {"rec", "gen-prior", "gen-hybrid", "distrib", "traversals"}),
        ({"viz_rec": False, "viz_traversals": False}, {"gen-prior", "gen-hybrid"}),
        ({"viz_gen_prior": False, "viz_traversals": False}, {"rec", "gen-hybrid"}),
        ({"viz_gen_hybrid": False, "viz_traversals": False}, {"rec", "gen-prior"}),
        ({"without": ["rec", "traversals"]}, {"gen-prior", "gen-hybrid"}),
    ],
)
def test_each_picture_has_its_switch(tmp_path, options, expected):
    images, _, kept, _ = drawn(tmp_path, make(HybridWAE, (3, 8, 8)), SAEVisualiser(**options), thorough=True)
    assert set(images) == {f"{name}/train" for name in expected}
    assert set(kept) == ({"diffs"} if "traversals" in expected else set())
    if kept:
        assert kept["diffs"].shape == (16, 4)


@pytest.mark.parametrize(("name", "other"), [("gen-prior", "gen-hybrid"), ("gen-hybrid", "gen-prior")])
def test_a_picture_is_the_same_whatever_else_is_drawn(tmp_path, name, other):
    drawings = []
    for without in ([], [other]):
        torch.manual_seed(5)
        model = make(HybridWAE, (3, 8, 8))
        images, _, _, _ = drawn(tmp_path / str(len(without)), model, SAEVisualiser(without=without))
        drawings.append(images[f"{name}/train"])
    assert np.array_equal(*drawings)


def test_only_pictures_can_be_left_out():
    with pytest.raises(ValueError, match=r"no picture named 'recs': there are .*gen-prior.*rec"):
        SAEVisualiser(without=["recs"])


def test_statistics_of_latents():
    mean, scale = torch.randn(5, 3), torch.rand(5, 3) + 0.1
    plain = latent_statistics(mean)
    assert torch.allclose(plain["latent-norm"], mean.square().sum(dim=1).sqrt())
    assert torch.allclose(plain["latent-std"], ((mean - mean.mean(0)).square().sum(0) / 4).sqrt())
    both = latent_statistics(Normal(mean, scale))
    assert set(both) == {*plain, "logstd-hist"}
    assert torch.allclose(both["logstd-hist"], scale.log().mean(dim=0), atol=1e-3)


@pytest.mark.parametrize(("size", "expected"), [(3, 63), (8, 64), (32, 64), (100, 100), (128, 128), (300, 128)])
def test_images_are_brought_to_a_size_to_look_at(size, expected):
    images = torch.rand(2, 3, size, size)
    shown = resized(images)
    assert shown.shape == (2, 3, expected, expected)
    assert torch.equal(shown[..., 0, 0], images[..., 0, 0])
    if expected % size == 0:
        scale = expected // size
        assert torch.equal(shown[..., scale - 1 :: scale, ::scale], images)


@pytest.mark.parametrize("columns", [1, 2, 4])
def test_the_grid_is_that_of_torchvision(columns):
    images = torch.rand(8, 3, 5, 7)
    assert torch.equal(image_grid(images, columns), make_grid(images, columns, padding=2, pad_value=1.0))
