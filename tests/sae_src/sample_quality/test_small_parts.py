"""Distances of samples where there are few observations, or where they take long: what is said, and what helps."""

import time

import pytest
import torch

import sae_src as sae
from sae_src.sample_quality import lite0_distance
from sae_src.sample_quality.lite0_distance import Lite0Distance
from sae_src.sample_quality.measures import distances_of_samples


def features(images):
    """Three numbers of each image."""
    return images[:, :, 30, 30:33].flatten(1)


@pytest.fixture(scope="module")
def run(images_run):
    return sae.load_run(images_run)


@pytest.mark.parametrize(("observations", "is_told"), [(5, True), (12, False)])
def test_reconstructions_of_few_observations_are_told(run, observations, is_told):
    subset = run.data.subset("test")
    few = type(subset)(subset.dataset, subset.indices[:observations])
    found = distances_of_samples(
        run.model, features, None, few, suffix="factor_distance", kinds=["rec", "prior"], count=12, batch_size=4,
        seed=0, stop=lambda: None,
    )  # fmt: skip
    assert len(found.notes) == is_told
    for note in found.notes:
        assert note.startswith("12 reconstructions of 5 observations: each is taken several times")
        assert "--factor-distance.n-samples 5 takes each once" in note


@pytest.mark.parametrize(("seconds", "is_told"), [(0.02, True), (0.0, False)])
def test_a_slow_network_is_announced(run, seconds, is_told, monkeypatch, capsys):
    class Network(torch.nn.Module):
        def forward(self, images):
            time.sleep(seconds * len(images) if len(images) == 16 else 0)
            return features(images)

    def no_more(*given):
        raise InterruptedError

    monkeypatch.setattr(lite0_distance, "load_efficientnet", lambda weights: Network())
    monkeypatch.setattr(Lite0Distance, "_of_data", no_more)  # only what is said before the work counts
    with pytest.raises(InterruptedError):
        Lite0Distance(n_samples=300).measure(run.model, run.data, "test", 0, stop=lambda: None)
    told = [line for line in capsys.readouterr().out.splitlines() if "--lite0-distance null leaves that out" in line]
    assert len(told) == is_told
    assert not told or "300 samples of each kind through a network, about 0:" in told[0]
