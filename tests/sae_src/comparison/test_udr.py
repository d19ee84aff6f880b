"""UDR in `fig compare`: computed of the runs of a row, on the same observations."""

import csv
import io

import numpy as np
import omnifig
import pytest
import torch

import sae_src as sae
from sae_src.divergences import kl_per_latent
from sae_src.metrics import udr

SHORT = "--budget 2 --viz null --validation null --device cpu --name-include-date no"


@pytest.fixture(scope="module")
def saves(tmp_path_factory):
    """Three VAEs of 300 vectors, and one autoencoder."""
    root = tmp_path_factory.mktemp("saves")
    vectors = np.random.default_rng(0).normal(size=(300, 12)).astype("float32")
    np.save(root / "vectors.npy", vectors @ np.diag(np.arange(1, 13)).astype("float32"))
    for method, seed in (("vae", 0), ("vae", 1), ("vae", 2), ("ae", 0)):
        data = f"d/array --path {root / 'vectors.npy'} --seed {seed}"
        omnifig.main(f"train a/conv12 m/{method} {data} {SHORT} --name {method}{seed} --saveroot {root}".split())
    return root


def rows(fig, capsys, saves, tmp_path, words):
    fig(f"compare --runs all --saveroot {saves} --out {tmp_path / 'table.csv'} {words}")
    return list(csv.DictReader(io.StringIO((tmp_path / "table.csv").read_text()))), capsys.readouterr().out


@pytest.mark.parametrize("words", ["--scores udr", "--scores rec_loss --udr yes"])
def test_udr_of_the_runs_of_a_row(fig, capsys, saves, tmp_path, words):
    found, printed = rows(fig, capsys, saves, tmp_path, words)
    vae = next(row for row in found if row["n"] == "3")
    codes, divergences = [], []
    for seed in range(3):
        run = sae.load_run(saves / f"vae{seed}")
        dataset = run.data.dataset.in_mode("full")
        order = torch.randperm(len(dataset), generator=torch.Generator().manual_seed(0))[:1000]
        with torch.no_grad():
            latent = run.model.eval().encode(dataset.batch(order))
        codes.append(latent.loc.numpy())
        divergences.append(kl_per_latent(latent).mean(0).numpy())
    expected = udr.score(codes, divergences)["udr"]
    assert 0 < float(vae["udr.mean"]) < 1 and vae["udr.n"] == "3"
    np.testing.assert_allclose(float(vae["udr.mean"]), expected.mean(), rtol=1e-4)
    assert ("eval.rec_loss.mean" in vae) == ("rec_loss" in words)
    alone = next(row for row in found if row["n"] == "1")
    assert alone.get("udr.mean", "") == "" and "no udr, which compares at least two seeds" in printed


def test_runs_on_other_observations_have_none(fig, runs, capsys, tmp_path):
    for seed in (0, 1):  # the seed decides the observations too
        fig(f"train a/conv12 m/ae d/vec --dataset.num-samples 600 {SHORT} --seed {seed} --name vec{seed}")
    found, printed = rows(fig, capsys, runs, tmp_path, "--udr yes")
    assert "no udr: vec1 has other observations than vec0" in printed
    assert "udr.mean" not in found[0]
