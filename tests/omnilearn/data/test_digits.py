"""The digits of scikit-learn as a set of images."""

import numpy as np
import pytest
import torch
from sklearn.datasets import load_digits

from omnilearn.data.sets.digits import SklearnDigits


def test_images_and_classes_are_those_of_scikit_learn():
    data = SklearnDigits()
    full = data.in_mode("full")
    assert (len(data), len(data.in_mode("test")), len(full), data.din) == (1438, 359, 1797, (1, 32, 32))
    digits = load_digits()
    images = full.batch(torch.arange(100))
    # Bilinear enlargement by four keeps the mean of an image whose border is empty nearly as it is.
    assert np.abs(images.mean((1, 2, 3)).numpy() - digits.images[:100].mean((1, 2)) / 16).max() < 0.03
    assert images.min() == 0 and images.max() == 1
    assert np.array_equal(full.labels(torch.arange(1797)).numpy(), digits.target)
    assert np.array_equal(full.factors(torch.arange(1797))[:, 0].numpy(), digits.target)
    assert full.has_classes and full.grid is None


@pytest.mark.slow
def test_a_model_trains_on_them(fig):
    fig("train a/conv12 m/ae d/digits --budget 2 --viz null --fid null --name digits --model.channels 8")
