"""Hints about what is missing are command lines that work, also for data that their config alone does not find."""

import re
import shlex

import numpy as np
import omnifig
import pytest
import torch

import sae_src as sae
from omnilearn.assembly import build_data
from omnilearn.evaluation.measures import Unavailable
from sae_src.sample_quality.measures import FactorDistance

pytestmark = pytest.mark.slow

SIZES = (8, 4)
FID = "--fid._type fid --fid.n-samples 4 --fid.dim 64"
FACTOR_NET = "--factor-distance._type factor-distance --factor-distance.n-samples 4"
NET = ("--steps", "1", "--batch-size", "4", "--n-samples", "4", "--device", "cpu")


@pytest.fixture
def file(tmp_path):
    """A grid of images in a folder whose name has a space."""
    path = tmp_path / "my data" / "images.npz"
    path.parent.mkdir()
    images = np.random.default_rng(0).integers(0, 256, (32, 32, 32, 3), np.uint8)
    factors = np.stack(np.unravel_index(np.arange(32), SIZES), axis=1)
    np.savez(path, images=images, factors=factors, factor_names=np.array(["a", "b"]))
    return path


@pytest.fixture
def run(file, tmp_path, runs, monkeypatch):
    """A run on these images."""
    monkeypatch.setattr(torch.hub, "get_dir", lambda: str(tmp_path))
    small = "--model.channels 8 --dataset.batch-size 4 --viz null --fid null --device cpu --budget 1 --split-seed 3"
    omnifig.main(
        ["train", "a/conv12", "m/ae", "d/array", "--path", str(file), *small.split(), "--dataset.holdout", "{a: [0]}"]
    )


def test_factor_net(run, file, fig, capsys):
    fig(f"eval --load latest --ident one {FACTOR_NET} --fid null --device cpu")
    (line,) = [line for line in capsys.readouterr().out.splitlines() if line.startswith("not measured until")]
    (command,) = re.findall(r"\(factor net\) \((fig .*)\)$", line)
    words = shlex.split(command)
    assert words == ["fig", "train-factor-net", "d/array", "--path", str(file), "--split-seed", "3"]
    omnifig.main([*words[1:], *NET])
    assert "rec_factor_distance" in fig(f"eval --load latest --ident two {FACTOR_NET} --fid null --device cpu").scores


def test_parts_of_the_data(run, fig, capsys):
    """What is missing is told once for all parts, in a short line."""
    pytest.importorskip("pytorch_fid")  # else that is what is missing
    fig(f"eval --load latest --shift yes {FACTOR_NET} {FID} --device cpu")
    shown = capsys.readouterr()
    (line,) = [line for line in shown.out.splitlines() if "not measured" in line]
    assert line.count("fig compute-fid d/array") == line.count("fig train-factor-net d/array") == 1
    assert "not measured" not in shown.err and "compute-fid" not in shown.err


def test_statistics_of_the_data(run, fig, weights, trusted, caplog):
    keys = f"{FID} --device cpu --fid.weights {weights}"
    assert "rec_fid" not in fig(f"eval --load latest --ident one {keys}").scores
    (command,) = re.findall(r"\((fig compute-fid .*)\); those", caplog.text)
    words = shlex.split(command)
    assert words[5:] == ["--split-seed", "3", "--mode", "train", "--dim", "64"]
    omnifig.main([*words[1:], "--n-samples", "4", "--device", "cpu", "--weights", str(weights)])
    assert "rec_fid" in fig(f"eval --load latest --ident two {keys}").scores


def test_words_of_a_set(file):
    """What a command line needs to find the same data, for keys of every kind."""
    keys = {"image_size": 32, "channels": 1, "test_share": 0.5, "dataset.factors": ["b", "a"]}
    keys |= {"dataset.dataroot": str(file.parent)}
    first = build_data(sae.create_config("d/array", path=str(file), **keys)).dataset
    words = shlex.split(first.command_words)
    again = build_data(omnifig.get_current_project().parse_argv(["train", *words])).dataset
    assert again.command_words == first.command_words and again.factor_names == ("b", "a")
    assert (again.din, len(again)) == ((1, 32, 32), 16) == (first.din, len(first))
    assert torch.equal(again.rows(torch.arange(16)), first.rows(torch.arange(16)))


def test_no_hint_where_no_net_can_be_trained(tmp_path):
    path = tmp_path / "images.npy"
    np.save(path, np.random.default_rng(0).integers(0, 256, (8, 32, 32, 3), np.uint8))
    words = {"path": str(path), "model.channels": 8}
    model, data = (
        sae.build_model("a/conv12", "m/ae", "d/array", **words),
        build_data(sae.create_config("d/array", **words)),
    )
    with pytest.raises(Unavailable, match="needs images whose factors form a grid"):
        FactorDistance().measure(model, data, "test", 0, stop=lambda: None)
