"""Layers: sizes both ways, shapes, and what is special about each."""

from functools import partial

import pytest
import torch
from torch import nn
from torch.distributions import Normal as NormalDistribution

from omnilearn.layers import (
    MLP,
    ConvLayer,
    CoordConvLayer,
    DenseLayer,
    GaussianOutput,
    MultiLayer,
    nonlinearity,
    norm_layer,
)
from omnilearn.layers.activations import _MAKERS
from omnilearn.layers.conv import of_single_pixels


@pytest.mark.parametrize(
    ("sizes", "settings", "din", "dout"),
    [
        (((3, 8, 8), None), {"channels": 16, "down": 2}, (3, 8, 8), (16, 4, 4)),
        (((3, 8, 8), None), {"channels": 16, "down": 2, "pool": None}, (3, 8, 8), (16, 4, 4)),
        (((3, 9, 9), None), {"channels": 16, "down": 2, "pool": None}, (3, 9, 9), (16, 5, 5)),
        (((3, 8, 8), None), {"channels": 16, "down": 2, "pool": "avg", "kernel": 5}, (3, 8, 8), (16, 4, 4)),
        (((8, 4, 4), None), {"up": 2}, (8, 4, 4), (8, 8, 8)),
        ((None, (3, 8, 8)), {"channels": 16, "up": 2, "norm": None}, (16, 4, 4), (3, 8, 8)),
        ((None, (16, 8, 8)), {"up": 2, "unpool": None}, (16, 4, 4), (16, 8, 8)),
        ((None, (16, 8, 8)), {"up": 2, "unpool": "conv"}, (16, 4, 4), (16, 8, 8)),
        ((None, (16, 4, 4)), {"down": 2}, (16, 8, 8), (16, 4, 4)),
        (((8, 16, 16), (16, 4, 4)), {}, (8, 16, 16), (16, 4, 4)),
        (((8, 4, 4), (16, 8, 8)), {}, (8, 4, 4), (16, 8, 8)),
        (((8, 4, 4), None), {"residual": True, "norm": "l2"}, (8, 4, 4), (8, 4, 4)),
    ],
)
def test_convolutions_know_their_sizes(sizes, settings, din, dout):
    layer = ConvLayer(*sizes, **settings)
    assert (layer.din, layer.dout) == (din, dout)
    assert layer(torch.randn(2, *din)).shape == (2, *dout)


def test_a_convolution_without_sizes_of_images():
    assert ConvLayer(64, 64, down=2)(torch.randn(1, 64, 8, 8)).shape == (1, 64, 4, 4)


def test_the_order_within_a_convolution():
    layer = ConvLayer((8, 4, 4), down=2, up=1)
    x = torch.randn(2, 8, 4, 4)
    assert torch.equal(layer(x), nn.functional.elu(layer.norm(nn.functional.max_pool2d(layer.conv(x), 2))))


@pytest.mark.parametrize(
    ("build", "message"),
    [
        (lambda: ConvLayer(), "needs the size"),
        (lambda: ConvLayer((3, 8, 8), channels=12), "group norm"),
        (lambda: ConvLayer((8, 1, 1), down=2), "too small"),
        (lambda: ConvLayer(None, (8, 5, 5), up=2), "do not divide by 2: choose an image_size that can"),
        (lambda: ConvLayer((8, 3, 3), (8, 8, 8)), "do not divide"),
        (lambda: ConvLayer((8, 3), (8, 8, 8)), "height, width"),
        (lambda: ConvLayer((8, 8, 8), down=0), "at least 1"),
        (lambda: CoordConvLayer(100), "need images"),
        (lambda: DenseLayer(), "needs the size"),
        (lambda: MultiLayer(3, 3), "at least one layer"),
        (lambda: nonlinearity("step"), "no nonlinearity named"),
    ],
)
def test_sizes_that_make_no_sense_are_refused(build, message):
    with pytest.raises(ValueError, match=message):
        build()


def test_a_residual_convolution_adds_its_input_before_the_other_stages():
    torch.manual_seed(0)
    layer = ConvLayer((8, 4, 4), down=2, residual=True)
    x = torch.randn(2, 8, 4, 4)
    expected = nn.functional.elu(layer.norm(nn.functional.max_pool2d(layer.conv(x) + x, 2)))
    assert torch.equal(layer(x), expected)
    upsampling = ConvLayer((8, 4, 4), up=2, residual=True, norm=None, nonlin=None)
    assert torch.equal(upsampling(x), upsampling.conv(upsampling.unpool(x)) + upsampling.unpool(x))
    placed = CoordConvLayer((8, 4, 4), residual=True, norm=None, nonlin=None)
    placed.conv.weight.data.zero_()
    placed.conv.bias.data.zero_()
    assert torch.equal(placed(x), x)


@pytest.mark.parametrize(
    "settings", [{"channels": 16}, {"down": 2, "pool": None}, {"up": 2, "unpool": None}], ids=lambda each: [*each][-1]
)
def test_a_residual_is_left_out_where_the_input_does_not_fit(settings):
    layer = ConvLayer((8, 4, 4), residual=True, norm=None, nonlin=None, **settings)
    x = torch.randn(2, 8, 4, 4)
    assert not layer.residual
    assert torch.equal(layer(x), layer.conv(x))


@pytest.mark.parametrize(("channel", "dimension"), [(1, 2), (2, 3)], ids=["row", "column"])
def test_coordinates_run_from_zero_to_one(channel, dimension):
    layer = CoordConvLayer((1, 4, 6), channels=1, norm=None, nonlin=None)
    assert layer.conv.weight.shape == (1, 3, 3, 3)
    layer.conv.weight.data.zero_()
    layer.conv.bias.data.zero_()
    layer.conv.weight.data[0, channel, 1, 1] = 1
    x = torch.randn(2, 1, 4, 6)
    ramp = torch.linspace(0, 1, x.shape[dimension])
    expected = ramp.view(1, 1, -1, 1) if dimension == 2 else ramp.view(1, 1, 1, -1)
    assert torch.equal(layer(x), expected.expand(2, 1, 4, 6))


def test_dense_layers_and_perceptrons():
    assert isinstance(DenseLayer(4, 3, nonlin=None).layer, nn.Linear)
    assert DenseLayer(4, width=7, channels=5).dout == 7
    assert DenseLayer(None, 4, channels=5).din == 5
    assert DenseLayer((1, 2, 2), (2, 2, 1))(torch.randn(3, 1, 2, 2)).shape == (3, 2, 2, 1)
    mlp = MLP((2, 2), (3, 1), hidden=[5], out_nonlin="tanh")
    assert [type(stage).__name__ for stage in mlp] == ["Flatten", "Linear", "ELU", "Linear", "Tanh", "Unflatten"]
    assert mlp(torch.randn(2, 2, 2)).shape == (2, 3, 1)
    assert len(MLP(4, 2, hidden=None)) == 1


def test_a_stack_draws_its_weights_from_its_first_known_end():
    layers = [partial(DenseLayer, width=5)] * 2
    torch.manual_seed(0)
    forwards = MultiLayer(4, 3, layers=layers, last=DenseLayer)
    torch.manual_seed(0)
    by_hand = [DenseLayer(4, 5), DenseLayer(5, 5), DenseLayer(5, 3)]
    assert all(torch.equal(a.layer[0].weight, b.layer[0].weight) for a, b in zip(forwards.layers, by_hand, strict=True))
    torch.manual_seed(0)
    backwards = MultiLayer(4, 3, first=DenseLayer, layers=layers, in_order=False)
    torch.manual_seed(0)
    by_hand = [DenseLayer(5, 3), DenseLayer(5, 5), DenseLayer(4, 5)][::-1]
    assert all(
        torch.equal(a.layer[0].weight, b.layer[0].weight) for a, b in zip(backwards.layers, by_hand, strict=True)
    )


def test_normal_outputs():
    class Gaussian(GaussianOutput, MLP):
        """A perceptron with normal outputs."""

    layer = Gaussian(4, dout=3, hidden=[5])
    x = torch.randn(2, 4)
    plain = nn.Sequential.forward(layer, x)
    result = layer(x)
    assert isinstance(result, NormalDistribution)
    assert layer.dout == 3
    assert torch.equal(result.loc, plain[:, :3])
    assert torch.equal(result.scale, plain[:, 3:].exp())


@pytest.mark.parametrize("name", _MAKERS)
def test_every_nonlinearity_keeps_the_shape(name):
    assert nonlinearity(name)(torch.randn(2, 3, 4, 4)).shape == (2, 3, 4, 4)


@pytest.mark.parametrize("name", ["group", "batch", "instance", "l1", "l2"])
def test_every_norm_keeps_the_shape(name):
    assert norm_layer(name, 8)(torch.randn(2, 8, 4, 4)).shape == (2, 8, 4, 4)


@pytest.mark.parametrize("kind", [torch.bfloat16, torch.float16])
def test_group_norm_of_16_bits_is_that_of_32(kind):
    norm = norm_layer("group", 8)
    features = (1000 + torch.randn(2, 8, 4, 4)).to(kind)  # in 16 bits little of the spread were left
    with torch.autocast("cpu", torch.bfloat16):
        normalised = norm(features)
    assert normalised.dtype == kind
    assert torch.equal(normalised, norm(features.float()).to(kind))
    assert norm.double()(features.double()).dtype == torch.float64


def test_group_norm_of_single_values_takes_one_observation():
    layer = ConvLayer((8, 2, 2), channels=8, down=2)
    observations = torch.randn(3, 8, 2, 2)
    assert layer.is_constant and not ConvLayer((8, 2, 2), channels=16, down=2).is_constant
    torch.testing.assert_close(layer(observations[:1]), layer(observations)[:1], atol=1e-4, rtol=0)
    torch.testing.assert_close(layer(observations[:1]), layer(observations)[1:2], atol=1e-4, rtol=0)


@pytest.mark.parametrize(("out_bias", "last"), [(None, False), (True, True)])
def test_a_network_without_biases(out_bias, last):
    linear = [each for each in MLP(4, 2, hidden=[3, 3], bias=False, out_bias=out_bias) if isinstance(each, nn.Linear)]
    assert [each.bias is not None for each in linear] == [False, False, last]


@pytest.mark.parametrize(
    ("settings", "keeps"),
    [
        ({}, True),
        ({"kernel": 5}, True),
        ({"kernel": 1}, True),
        ({"kernel": 2}, False),
        ({"down": 2, "pool": None}, False),
    ],
)
def test_a_convolution_of_single_pixels_is_a_product(settings, keeps):
    layer = ConvLayer(16, 24, norm=None, nonlin=None, **settings)
    assert layer.keeps_single_pixels == keeps
    if keeps:
        pixels = torch.randn(5, 16, 1, 1)
        torch.testing.assert_close(of_single_pixels(layer.conv, pixels), layer(pixels))
