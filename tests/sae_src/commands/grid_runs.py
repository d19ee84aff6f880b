"""Runs on a grid of vectors for tests of restricted and further training."""

from pathlib import Path

import numpy as np

SIZES = {"hue": 6, "shape": 4, "angle": 10}
MODEL = "a/conv12 m/ae d/array --latent-dim 4 --viz null --name-include-date no --print.freq 1 --dataset.batch-size 16"
HOLDOUT = "--dataset.holdout {angle:[0,1,2]}"
SHIFT = f"{HOLDOUT} --dataset.correlate [[hue,shape]] --dataset.strength 0.2"


def write_grid(folder: Path) -> Path:
    """A file of vectors: a smooth mixture of three factors, at all combinations of their values."""
    classes = np.stack(np.meshgrid(*map(np.arange, SIZES.values()), indexing="ij"), -1).reshape(-1, 3)
    mixture = np.random.default_rng(0).normal(size=(3, 12))
    vectors = np.tanh(classes / np.array(list(SIZES.values())) @ mixture).astype(np.float32)
    path = folder / "grid.npz"
    np.savez(path, vectors=vectors, factors=classes, factor_names=list(SIZES))
    return path
