"""What layers compute when torch compiles them is what they compute else, with gradients that are not scattered."""

import pytest
import torch
from torch import nn
from torch._dynamo.backends.common import aot_autograd
from torch._functorch.aot_autograd import make_boxed_func
from torch._inductor.decomposition import select_decomp_table

from omnilearn.layers.norms import GroupNorm, GroupNormalisation
from omnilearn.layers.resampling import BilinearUpsample, Doubling, Halving, MaxPool

FORMATS = [torch.contiguous_format, torch.channels_last]
SCATTERING = ("index_put", "scatter", "upsample", "max_pool")


def images_of(*size, dtype=torch.float64, memory_format=torch.contiguous_format, seed=0):
    images = torch.randn(size, generator=torch.Generator().manual_seed(seed), dtype=torch.float64).to(dtype)
    return images.to(memory_format=memory_format).requires_grad_()


def normalised(features, weight, bias):
    return GroupNormalisation.apply(features, weight, bias, 8, 1e-5)


def gradients_of(function, *inputs):
    output = function(*inputs)
    weights = torch.randn(output.shape, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    weights = torch.empty_like(output).copy_(weights)  # as the output lies in memory
    return output, torch.autograd.grad((output * weights).sum(), inputs)


@pytest.mark.parametrize("memory_format", FORMATS)
@pytest.mark.parametrize("size", [(2, 3, 4, 6), (1, 1, 1, 1), (2, 3, 1, 2), (1, 2, 3, 5)])
def test_a_doubling_is_a_bilinear_interpolation(size, memory_format):
    images = images_of(*size, memory_format=memory_format)
    found, (gradient,) = gradients_of(Doubling.apply, images)
    expected, (expected_gradient,) = gradients_of(nn.Upsample(scale_factor=2, mode="bilinear"), images)
    torch.testing.assert_close(found, expected)
    torch.testing.assert_close(gradient, expected_gradient)
    assert found.is_contiguous(memory_format=memory_format)


@pytest.mark.parametrize("memory_format", FORMATS)
@pytest.mark.parametrize("size", [(2, 3, 4, 6), (1, 1, 2, 2), (1, 2, 2, 8)])
def test_a_halving_is_a_max_pooling(size, memory_format):
    images = images_of(*size, memory_format=memory_format)
    found, (gradient,) = gradients_of(lambda images: Halving.apply(images)[0], images)
    expected, (expected_gradient,) = gradients_of(nn.MaxPool2d(2), images)
    assert torch.equal(found, expected) and torch.equal(gradient, expected_gradient)


def test_of_several_largest_values_the_first_gets_the_gradient():
    images = torch.tensor([[1.0, 1.0, 0.0, 2.0], [1.0, 0.0, 2.0, 2.0]]).view(1, 1, 2, 4).requires_grad_()
    found, (gradient,) = gradients_of(lambda images: Halving.apply(images)[0], images)
    expected, (expected_gradient,) = gradients_of(nn.MaxPool2d(2), images)
    assert torch.equal(found, expected) and torch.equal(gradient, expected_gradient)
    assert gradient.flatten().nonzero().flatten().tolist() == [0, 3]


@pytest.mark.parametrize("place", range(4))
def test_what_is_no_number_is_the_largest(place):
    images = torch.arange(4.0)
    images[place] = torch.nan
    assert Halving.apply(images.view(1, 1, 2, 2))[0].isnan().all()


@pytest.mark.parametrize("size", [(3, 16, 4, 6), (3, 16, 1, 1), (3, 16), (3, 8, 5)])
def test_a_group_normalisation_is_torchs(size):
    features = (images_of(*size).detach() + 2).requires_grad_()
    weight, bias = images_of(size[1], seed=2), images_of(size[1], seed=3)
    found, gradients = gradients_of(normalised, features, weight, bias)
    expected, expected_gradients = gradients_of(
        lambda features, weight, bias: torch.group_norm(features, 8, weight, bias, 1e-5), features, weight, bias
    )
    torch.testing.assert_close(found, expected)
    for gradient, expected_gradient in zip(gradients, expected_gradients, strict=True):
        torch.testing.assert_close(gradient, expected_gradient, rtol=1e-6, atol=1e-9)


def test_groups_of_a_single_value_are_their_biases():
    features, weight, bias = images_of(2, 8, 1, 1, dtype=torch.float32), 3 * torch.ones(8), torch.arange(8.0)
    found, (gradient,) = gradients_of(lambda features: normalised(features, weight, bias), features)
    assert torch.equal(found.flatten(1), bias.expand(2, 8))
    assert torch.equal(gradient, torch.zeros_like(gradient))


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # of what torch's compiler uses itself, before 2.14
@pytest.mark.parametrize("make", [lambda: BilinearUpsample(2), lambda: MaxPool(2), lambda: GroupNorm(8, 16)])
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
@pytest.mark.parametrize("memory_format", FORMATS)
def test_compiled_layers_compute_the_same_without_scattering(make, dtype, memory_format):
    names: list[str] = []

    def looked_at(graph, _):
        names.extend(str(node.target) for node in graph.graph.nodes)
        return make_boxed_func(graph.forward)

    layer, images = make(), images_of(2, 16, 4, 6, dtype=dtype, memory_format=memory_format)
    backend = aot_autograd(fw_compiler=looked_at, bw_compiler=looked_at, decompositions=select_decomp_table())
    torch._dynamo.reset()
    found, (gradient,) = gradients_of(torch.compile(layer, backend=backend, fullgraph=True), images)
    expected, (expected_gradient,) = gradients_of(layer, images)
    torch.testing.assert_close(found, expected)
    torch.testing.assert_close(gradient, expected_gradient)
    assert found.is_contiguous(memory_format=memory_format)
    assert gradient.is_contiguous(memory_format=memory_format)
    assert names and not [name for name in names if any(word in name for word in SCATTERING)]
