"""Training on a part of the factors from the command line: what is trained on, resuming, evaluations, comparisons."""

import json

import numpy as np
import pytest
import torch

import sae_src as sae
from omnilearn.errors import UserError
from tests.omnilearn.training.test_resume import assert_same

SIZES = {"hue": 6, "shape": 4, "angle": 10}
MODEL = "a/conv12 m/ae d/array --latent-dim 4 --viz null --name-include-date no --print.freq 1 --dataset.batch-size 16"
SHIFT = "--dataset.holdout {angle:[0,1,2]} --dataset.correlate [[hue,shape]] --dataset.strength 0.2"


@pytest.fixture(scope="module")
def grid_file(tmp_path_factory):
    """A file of vectors: a smooth mixture of three factors, at all combinations of their values."""
    classes = np.stack(np.meshgrid(*map(np.arange, SIZES.values()), indexing="ij"), -1).reshape(-1, 3)
    mixture = np.random.default_rng(0).normal(size=(3, 12))
    path = tmp_path_factory.mktemp("grid") / "grid.npz"
    vectors = np.tanh(classes / np.array(list(SIZES.values())) @ mixture).astype(np.float32)
    np.savez(path, vectors=vectors, factors=classes, factor_names=list(SIZES))
    return path


def test_what_is_trained_on(fig, grid_file, tmp_path):
    keys = f"{MODEL} --path {grid_file} --budget 12"
    path = fig(f"train {keys} {SHIFT} --name restricted")
    run, plain = sae.load_run(path), sae.load_run(fig(f"train {keys} --name plain"))
    assert len(plain.dataset("train")) == 173 and len(run.dataset("full")) == 240
    factors = run.data.dataset.factors(run.dataset("train").indices)
    assert len(factors) < 140 and (factors[:, 2] > 2).all()
    assert len(run.dataset("heldout")) == 72 and len(run.dataset("rest")) == 168
    assert torch.equal(run.dataset("val").indices, plain.dataset("val").indices)
    for mode in ("heldout", "rest"):
        fig(f"eval --load {path} --mode {mode}")
        stored = json.loads((path / f"{mode}.json").read_text())
        assert (stored["mode"], stored["settings"]["samples"]) == (mode, len(run.dataset(mode)))
    with pytest.raises(UserError, match="no part 'heldout': nothing is held out"):
        fig(f"eval --load {plain.path} --mode heldout")
    # An experiment of its own.
    rows = fig("compare --runs [restricted,plain] --scores eval.rec_loss")
    assert [len(row.runs) for row in rows] == [1, 1]
    assert rows[0].apart["dataset.holdout"] == '{"angle": [0, 1, 2]}' and rows[1].apart["dataset.holdout"] is None
    with pytest.raises(UserError, match="would make this another experiment"):
        fig("train --resume restricted --budget 40 --dataset.strength 0.4")


def test_it_resumes_to_the_same_bits(fig, grid_file, runs):
    keys = f"{MODEL} --path {grid_file} {SHIFT} --checkpoint.freq 8"  # an epoch has 7 or 8 batches
    fig(f"train {keys} --budget 20 --name whole")
    fig(f"train {keys} --budget 11 --name halved")
    fig("train --resume halved --budget 20")
    assert_same(runs / "whole", runs / "halved")
