"""Samples of a part that is held out, or of the rest, are compared with that part, and with nothing else."""

import pytest
import torch

import sae_src as sae
from omnilearn.evaluation.measures import Unavailable
from sae_src.sample_quality.factor_net import load_factor_net
from sae_src.sample_quality.frechet import frechet_distance
from sae_src.sample_quality.measures import FactorDistance, moments_of_part


@pytest.fixture(scope="module")
def run(images_run):
    """The run as if one shape were held out from it."""
    return sae.load_run(images_run, override={"dataset": {"holdout": [{"shape": [1], "orientation": [0, 14]}]}})


@pytest.mark.slow
def test_reference(run, fig, tmp_path):
    net = fig(f"train-factor-net d/shapes --steps 1 --batch-size 2 --n-samples 8 --device cpu --out {tmp_path}/net")
    network, stored, _ = load_factor_net(net)
    measure = FactorDistance(n_samples=6, batch_size=4, network=net, kinds=["rec"])
    torch.manual_seed(0)
    found = {mode: measure.measure(run.model, run.data, mode, 0, stop=lambda: None) for mode in ("heldout", "val")}
    assert [each.settings["reference"] for each in found.values()] == ["heldout", "train"]
    part = moments_of_part(run.data.subset("heldout"), network.features, 6, 4, 0, lambda: None)
    assert part.about == {"n_samples": 6}
    for mode, reference in (("heldout", part.moments), ("val", stored["train"])):
        kept = type(reference)(*found[mode].tensors["rec_factor_distance_stats"])
        assert found[mode].scores["rec_factor_distance"] == pytest.approx(frechet_distance(reference, kept), rel=1e-6)


def test_a_part_of_one(run):
    subset = run.data.subset("heldout")
    alone = type(subset)(subset.dataset, subset.indices[:1])
    with pytest.raises(Unavailable, match="a single observation"):
        moments_of_part(alone, lambda images: images.flatten(1), 6, 4, 0, lambda: None)


def test_moments_are_those_of_different_observations(run):
    subset = run.data.subset("heldout")
    few = type(subset)(subset.dataset, subset.indices[:5])
    found = moments_of_part(few, lambda images: images[:, :, 30, 30:33].flatten(1), 50, 2, 0, lambda: None)
    values = few.batch(torch.arange(5))[:, :, 30, 30:33].flatten(1).double()
    assert found.about == {"n_samples": 5}
    assert torch.allclose(found.moments.mean, values.mean(0), atol=1e-6)
