"""Structural parts: how a segment of the latent vector acts, and on what."""

from functools import partial

import pytest
import torch

from omnilearn.layers import MLP, ConvLayer, DenseLayer, GaussianOutput
from sae_src.baseline import DislibDecoder, DislibEncoder
from sae_src.decoders import StyleDecoder
from sae_src.ladder import LadderEncoder
from sae_src.structure_modules import AdaIN, AffineAdaIN, BoundedAffineAdaIN, RungGenerate, RungInfer

STYLE = {"style_net": partial(MLP, hidden=[4])}
AFFINE = partial(AffineAdaIN, normalize_features=False, **STYLE)
RUNG = partial(RungInfer, rung_net=partial(MLP, hidden=[4]))


def test_the_affine_transform_scales_and_shifts_each_channel():
    layer = AFFINE((3, 2, 2), style_dim=2)
    features, style = torch.randn(5, 3, 2, 2), torch.randn(5, 2)
    shift, log_scale = layer.net(style).view(5, 6, 1, 1).chunk(2, dim=1)
    assert torch.allclose(layer(features, style), log_scale.exp() * features + shift)
    assert (layer.din, layer.dout) == ((3, 2, 2), (3, 2, 2))


def test_bounded_scales_are_those_of_the_paper_near_one_and_never_overflow():
    layer = BoundedAffineAdaIN((3, 2, 2), style_dim=2, normalize_features=False, largest_log_scale=2.0, **STYLE)
    plain = AFFINE((3, 2, 2), style_dim=2)
    features = torch.rand(5, 3, 2, 2)
    small, large = 0.01 * torch.randn(5, 6, 1, 1), torch.full((5, 6, 1, 1), 1000.0)
    assert torch.allclose(layer.modulate(features, small), plain.modulate(features, small), atol=1e-5)
    assert torch.allclose(layer.modulate(features, large), features * torch.tensor(2.0).exp() + 1000)
    assert torch.allclose(layer.modulate(features, -large), features * torch.tensor(-2.0).exp() - 1000)
    with pytest.raises(ValueError, match="above 0"):
        BoundedAffineAdaIN(3, style_dim=2, normalize_features=False, largest_log_scale=0, **STYLE)


def test_adain_adds_one_value_per_channel_to_normalised_features():
    layer = AdaIN((3, 4, 4), style_dim=2, **STYLE)
    features, style = torch.randn(5, 3, 4, 4), torch.randn(5, 2)
    expected = torch.nn.functional.instance_norm(features) + layer.net(style).view(5, 3, 1, 1)
    assert torch.allclose(layer(features, style), expected)
    with pytest.raises(ValueError, match="needs images"):
        AdaIN(3, style_dim=2, **STYLE)


def test_rungs():
    layer = RungGenerate(None, (8, 2, 2), style_dim=2, feature_dim=3, **STYLE)
    features = torch.randn(5, 5, 2, 2)
    result = layer(features, torch.randn(5, 2))
    assert layer.din == (5, 2, 2)
    assert torch.equal(result[:, :5], features)
    assert torch.equal(result[:, 5:, 0, 0], result[:, 5:, 1, 1])
    with pytest.raises(ValueError, match="leave none"):
        RungGenerate(None, 3, style_dim=2, feature_dim=3, **STYLE)
    infer = RUNG((3, 2, 2), style_dim=2)
    features = torch.randn(5, 3, 2, 2)
    assert torch.equal(infer(features), infer.net(features.amax(dim=(2, 3))))


@pytest.mark.parametrize("pool", ["max", "avg", "sum"])
def test_rungs_pool_images_only(pool):
    assert RUNG(3, style_dim=2, pool_rung=pool)(torch.randn(5, 3)).shape == (5, 2)
    images = torch.randn(5, 3, 2, 2)
    layer = RUNG((3, 2, 2), style_dim=2, pool_rung=pool)
    pixels = images.flatten(2)
    pooled = {"max": pixels.max(dim=2).values, "avg": pixels.sum(dim=2) / 4, "sum": pixels.sum(dim=2)}[pool]
    assert torch.allclose(layer(images), layer.net(pooled), atol=1e-6)


def test_each_segment_enters_at_its_own_layer():
    decoder = StyleDecoder(4, 6, layers=[AFFINE, partial(DenseLayer, width=5), AFFINE], last=DenseLayer)
    assert (decoder.group_dims, decoder.root.shape) == ([2, 2], (5,))
    latent = torch.randn(3, 4)
    features = decoder.root.expand(3, 5)
    features = decoder.layers[0](features, latent[:, :2])
    features = decoder.layers[1](features)
    features = decoder.layers[2](features, latent[:, 2:])
    assert torch.equal(decoder(latent), decoder.layers[3](features))


def test_segments_of_given_lengths():
    decoder = StyleDecoder(4, 6, layers=[AFFINE, partial(DenseLayer, width=5), AFFINE], segment_lengths=[3, 1])
    assert (decoder.group_dims, [decoder.layers[place].style_dim for place in (0, 2)]) == ([3, 1], [3, 1])
    latent = torch.randn(3, 4)
    assert [part.tolist() for part in decoder.split(latent)] == [latent[:, :3].tolist(), latent[:, 3:].tolist()]
    assert decoder(latent).shape == (3, 6)


@pytest.mark.parametrize(
    ("lengths", "settings", "says"),
    [
        ([1, 2], {}, "add up to latent_dim, 4"),
        ([4], {}, "2 lengths"),
        ([4, 0], {}, "at least 1"),
        ([2, 2], {"split_style": False}, "without split_style"),
    ],
)
def test_lengths_that_do_not_fit(lengths, settings, says):
    with pytest.raises(ValueError, match=says):
        StyleDecoder(4, 6, layers=[AFFINE, AFFINE], segment_lengths=lengths, **settings)


def test_a_shared_style_reaches_every_layer():
    decoder = StyleDecoder(4, 6, layers=[AFFINE, DenseLayer, AFFINE], split_style=False)
    assert (decoder.group_dims, decoder.din) == (None, 4)
    assert [layer.style_dim for layer in decoder.layers if hasattr(layer, "style_dim")] == [4, 4]
    assert decoder(torch.randn(3, 4)).shape == (3, 6)


@pytest.mark.parametrize(("latents", "layers"), [(3, [AFFINE, AFFINE]), (1, [AFFINE, AFFINE]), (3, [DenseLayer])])
def test_decoders_that_cannot_split(latents, layers):
    with pytest.raises(ValueError, match=r"segments|structural layer"):
        StyleDecoder(latents, 6, layers=layers)


def test_the_deepest_rung_comes_first():
    encoder = LadderEncoder(6, 4, layers=[RUNG, partial(DenseLayer, width=5), RUNG])
    x = torch.randn(3, 6)
    deep = encoder.layers[2](encoder.layers[1](x))
    assert torch.equal(encoder(x), torch.cat([deep, encoder.layers[0](x)], dim=1))


def test_a_ladder_gives_its_distribution_in_pairs():
    class Gaussian(GaussianOutput, LadderEncoder):
        """A ladder encoder with normal outputs."""

    encoder = Gaussian(6, dout=4, layers=[RUNG, partial(DenseLayer, width=5), RUNG])
    x = torch.randn(3, 6)
    plain, result = LadderEncoder.forward(encoder, x), encoder(x)
    assert plain.shape == (3, 8)
    assert torch.equal(result.loc, plain[:, 0::2])
    assert torch.equal(result.scale, plain[:, 1::2].exp())


def test_cached_features_of_the_published_ladder_are_not_state():
    encoder = LadderEncoder(6, 4, layers=[RUNG, DenseLayer, RUNG])
    encoder.load_state_dict({**encoder.state_dict(), "_content": torch.zeros(3)})
    assert "_content" not in encoder.state_dict()


def test_baselines():
    images = torch.rand(2, 3, 32, 32)
    for layout, kernel in (("published", 2), ("textbook", 4)):
        encoder = DislibEncoder((3, 32, 32), 5, nonlin="elu", layout=layout)
        assert encoder.net[0].kernel_size == (kernel, kernel)
        assert encoder.net[1].__class__.__name__ == ("ELU" if layout == "published" else "ReLU")
        decoder = DislibDecoder(5, (3, 32, 32), layout=layout)
        assert decoder(encoder(images)).shape == images.shape
    with pytest.raises(ValueError, match="multiples of 16"):
        DislibEncoder((3, 40, 40), 5)


def test_decoders_of_images():
    conv = partial(ConvLayer, channels=8)
    decoder = StyleDecoder(
        2, (3, 8, 8), layers=[AFFINE, partial(conv, up=2), AFFINE], last=partial(conv, up=2, norm=None)
    )
    assert decoder.root.shape == (8, 2, 2)
    assert decoder(torch.randn(4, 2)).shape == (4, 3, 8, 8)
