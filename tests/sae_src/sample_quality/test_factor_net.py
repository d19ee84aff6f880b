"""The factor net: trained the same way each time, and a distance that grows with what is wrong with images."""

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from omnilearn.data.shapes.dataset import Shapes
from omnilearn.errors import UserError
from omnilearn.evaluation.measures import Unavailable
from omnilearn.tensor_files import load_tensors, save_tensors
from sae_src.sample_quality.factor_net import FactorNet, load_factor_net
from sae_src.sample_quality.frechet import frechet_distance
from sae_src.sample_quality.measures import data_batches, moments_of
from sae_src.sample_quality.train_factor_net import train_factor_net

COUNT = 400


@pytest.fixture(scope="module")
def dataset(shapes_root):
    return Shapes(shapes_root)


@pytest.fixture(scope="module")
def net(dataset):
    return train_factor_net(dataset, steps=60, batch_size=32)


def changed(dataset, change, seed=1):
    return (change(batch) for batch in data_batches(dataset, COUNT, batch_size=100, seed=seed))


def distance(net, dataset, change) -> float:
    known = moments_of(changed(dataset, lambda images: images, seed=0), net.features, COUNT, title="")
    return frechet_distance(known, moments_of(changed(dataset, change), net.features, COUNT, title=""))


@pytest.mark.slow
def test_worse_images_are_further_away(net, dataset):
    noise = torch.Generator().manual_seed(0)
    same = distance(net, dataset, lambda images: images)
    blurred = distance(net, dataset, lambda images: F.avg_pool2d(images, 9, stride=1, padding=4))
    grey = distance(net, dataset, lambda images: images.mean(1, keepdim=True).expand_as(images))
    noisy = distance(net, dataset, lambda images: images + 0.5 * torch.randn(images.shape, generator=noise))
    assert 2 * same < min(blurred, grey, noisy)


@pytest.mark.slow
def test_missing_variety_is_further_away(net, dataset):
    few = next(iter(data_batches(dataset, 4, batch_size=4, seed=3)))
    alike = distance(net, dataset, lambda images: few.repeat(25, 1, 1, 1))
    assert alike > 2 * distance(net, dataset, lambda images: images)


@pytest.mark.slow
def test_features_have_mean_0_and_variance_1(net, dataset):
    mean, covariance = moments_of(changed(dataset, lambda images: images), net.features, COUNT, title="")
    assert mean.abs().mean() < 0.3 and 0.5 < covariance.diagonal().mean() < 2


@pytest.mark.slow
def test_the_same_seed_gives_the_same_net(dataset):
    torch.manual_seed(5)
    first = train_factor_net(dataset, steps=3, batch_size=8).state_dict()
    torch.manual_seed(6)
    again, other = (train_factor_net(dataset, steps=3, batch_size=8, seed=seed).state_dict() for seed in (0, 1))
    assert all(torch.equal(first[name], again[name]) for name in first)
    assert not torch.equal(first["heads.1.weight"], other["heads.1.weight"])


def test_training_leaves_the_global_generator_alone(dataset):
    torch.manual_seed(5)
    expected = torch.rand(3)
    torch.manual_seed(5)
    train_factor_net(dataset, steps=1, batch_size=4)
    assert torch.equal(torch.rand(3), expected)


@pytest.mark.parametrize("din", [(1, 16, 16), (3, 64, 64), (2, 37, 50)])
def test_images_of_any_size(din):
    logits = FactorNet(din, [2, 5]).eval()(torch.rand(3, *din))
    assert [scores.shape for scores in logits] == [(3, 2), (3, 5)]


@pytest.mark.slow
def test_one_command_writes_the_net(fig, shapes_root, capsys):
    command = "train-factor-net d/shapes --steps 2 --batch-size 4 --n-samples 20 --device cpu --out"
    first, second = (fig(f"{command} {shapes_root}/{name}.pth.tar") for name in ("first", "second"))
    assert "test accuracy: floor_hue" in capsys.readouterr().out
    net, moments, about = load_factor_net(first)
    assert set(moments) == {"train", "test"} and moments["test"].covariance.shape == (128, 128)
    assert about["n_samples"] == 20  # as results that are kept note it
    assert about["seed"] == 0 and about["steps"] == 2 and set(about["accuracies"]) >= {"shape", "scale"}
    again, other = load_factor_net(second)[:2]
    assert all(torch.equal(a, b) for a, b in zip(net.parameters(), again.parameters(), strict=True))
    assert torch.equal(moments["train"].covariance, other["train"].covariance)
    data = Shapes(shapes_root)
    for mode in ("train", "test"):
        batches = data_batches(data.in_mode(mode), 20, batch_size=20, seed=0)
        expected = moments_of(batches, net.features, 20, title="")
        assert torch.allclose(moments[mode].mean, expected.mean, atol=1e-5)


@pytest.fixture
def small(tmp_path) -> str:
    """The words for twelve images with two factors."""
    images = np.random.default_rng(0).integers(0, 256, (12, 32, 32), dtype=np.uint8)
    factors = np.stack([np.repeat(np.arange(3), 4), np.tile(np.arange(4), 3)], axis=1)
    np.savez(tmp_path / "small.npz", images=images, factors=factors, factor_names=["a", "b"])
    return f"d/array --path {tmp_path / 'small.npz'}"


def test_the_images_that_there_are_count(small, fig, tmp_path):
    """Of twelve, two are for testing: more were asked for."""
    words = "--steps 1 --batch-size 2 --n-samples 8 --device cpu"
    _, moments, about = load_factor_net(fig(f"train-factor-net {small} {words} --out {tmp_path}/net"))
    assert about["n_samples"] == {"train": 8, "test": 2} and set(moments) == set(about["n_samples"])


@pytest.mark.parametrize(("share", "has"), [("0", "0 images"), ("0.09", "1 image")])
def test_a_set_without_two_images_is_refused(share, has, small, fig, tmp_path):
    with pytest.raises(UserError, match=f"its test set has {has}, and moments need two"):
        fig(f"train-factor-net {small} --dataset.test-share {share} --device cpu --out {tmp_path}/net")


@pytest.mark.parametrize(
    ("command", "message"),
    [
        ("train-factor-net", "which data"),
        ("train-factor-net d/vec", "images whose factors are known"),
        ("train-factor-net d/shapes --steps 0", "steps: must be at least 1"),
        ("train-factor-net d/shapes --stps 1", "stps is not a key"),
    ],
)
def test_mistakes(fig, command, message):
    with pytest.raises(UserError, match=message):
        fig(command)


@pytest.mark.slow
@pytest.mark.parametrize("spoil", [dict.clear, lambda stored: stored.update(sizes=[1]), lambda s: s.pop("moments")])
def test_a_file_of_something_else_is_refused(fig, tmp_path, spoil):
    path = fig(f"train-factor-net d/shapes --steps 1 --batch-size 2 --n-samples 2 --device cpu --out {tmp_path}/net")
    stored = load_tensors(path)
    spoil(stored)
    save_tensors(path, stored)
    with pytest.raises(Unavailable, match="holds no factor net"):
        load_factor_net(path)
    path.write_bytes(path.read_bytes()[:1000])
    with pytest.raises(Unavailable, match="damaged"):
        load_factor_net(path)
