"""Training on a part of the factors from the command line: what is trained on, resuming, evaluations, comparisons."""

import json

import pytest
import torch

import sae_src as sae
from omnilearn.errors import UserError
from tests.omnilearn.training.test_resume import assert_same
from tests.sae_src.commands.grid_runs import MODEL, SHIFT, write_grid


@pytest.fixture(scope="module")
def grid_file(tmp_path_factory):
    return write_grid(tmp_path_factory.mktemp("grid"))


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
