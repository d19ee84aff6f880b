"""A disk that is full at any write: one line, and every file of a run is whole, as it was, or absent."""

import os
import resource
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import h5py
import joblib  # noqa: F401 (tries out a semaphore, which is a file, when it is imported)
import numpy as np
import omnifig
import pytest
import torch
from PIL import Image
from tensorboard.backend.event_processing.event_file_loader import RawEventFileLoader

from omnilearn.data.shapes.hdf5_file import write_h5
from omnilearn.errors import UserError
from omnilearn.files import read_json
from omnilearn.runs.checkpoint import checkpoint_steps, damage
from omnilearn.tensor_files import load_tensors
from sae_src.sample_quality.frechet import Moments
from sae_src.sample_quality.statistics import read_statistics, write_statistics

TRAIN = (
    "train hybrid a/conv12 m/ae d/vec --latent-dim 4 --dataset.num-samples 300 --budget 4 --checkpoint.freq 2 "
    "--viz.freq 1 --viz-traversals no --validation.freq 2 --records.freq 1 --device cpu --name-include-date no"
)
METRICS = (
    "eval-metrics --load done --device cpu --metrics '[unsupervised,responses]' --num-train 20 --num-test 20 "
    "--num-latent 20 --num-response 10"
)
COMMANDS = {
    "train": f"{TRAIN} --name new",
    "resume": "train --resume done --budget 8",
    "eval": "eval --load done --device cpu --ident again",
    "metrics": METRICS.replace("'", ""),
}
# Bytes that a file may have: between them lie the sizes of all files of a run.
LIMITS = [0, 1, 200, 700, 1500, 3000, 15_000, 40_000, 100_000, 300_000]


@contextmanager
def files_of_at_most(size: int) -> Iterator[None]:
    """Refuse to let any file grow beyond a size, as a full disk would."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@pytest.fixture(scope="module")
def template(tmp_path_factory) -> Path:
    return omnifig.main([*f"{TRAIN} --name done --saveroot {tmp_path_factory.mktemp('template')}".split()])


@pytest.fixture
def run(template, runs) -> Path:
    return Path(shutil.copytree(template, runs / "done"))


def check_whole(folder: Path) -> None:
    """Every file that is there can be read to its end, and nothing temporary is left."""
    for path in folder.rglob("*"):
        name = path.name
        assert not name.startswith(".") or name == ".lock", name
        if path.is_dir() or name == ".lock":
            continue
        assert path.stat().st_size > 0, name
        if name.endswith(".json"):
            read_json(path)
        elif name.endswith(".pth.tar"):
            load_tensors(path)
        elif name.endswith(".png"):
            Image.open(path).load()
        elif name.endswith(".pdf"):
            assert path.read_bytes().rstrip().endswith(b"%%EOF")
        elif name.startswith("events"):
            size = sum(len(record) + 16 for record in RawEventFileLoader(str(path)).Load())
            assert size == path.stat().st_size
    for step in checkpoint_steps(folder) if (folder / "config.yaml").exists() else ():
        assert damage(folder / f"ckpt{step}") is None


@pytest.mark.slow
@pytest.mark.parametrize("command", COMMANDS)
def test_one_line_and_whole_files(command, template, run, runs, fig, capsys):
    refused = 0
    before = (run / "eval.json").read_bytes()
    for size in LIMITS:
        try:
            with files_of_at_most(size):
                fig(COMMANDS[command])
        except UserError as error:
            refused += 1
            assert "File too large" in str(error) and "\n" not in str(error), size
        for folder in runs.iterdir():
            check_whole(folder)
            assert (folder / "config.yaml").stat().st_size > 0
        if command != "resume":
            assert (run / "eval.json").read_bytes() == before
        shutil.rmtree(run)
        shutil.copytree(template, run)
    assert refused > 5


def test_statistics_of_data(tmp_path):
    path, moments = tmp_path / "fid_stats.h5", Moments(torch.zeros(64), torch.eye(64).double())
    write_statistics(path, "train", moments, {"seed": 0})
    before = path.read_bytes()
    for size in (0, 1000, 40_000):
        with files_of_at_most(size), pytest.raises(UserError, match="File too large"):
            write_statistics(path, "test", moments, {"seed": 0})
        assert path.read_bytes() == before
        assert sorted(os.listdir(tmp_path)) == ["fid_stats.h5"]
    write_statistics(path, "test", moments, {"seed": 1})
    assert read_statistics(path, "test", 64).about["seed"] == 1
    assert read_statistics(path, "train", 64).about["seed"] == 0


@pytest.mark.slow
def test_a_file_of_images(tmp_path, shapes_root):
    from omnilearn.data.shapes.dataset import Shapes

    shapes = Shapes(shapes_root)
    for size in (0, 100, 5000):
        with files_of_at_most(size), pytest.raises(UserError, match="cannot be written"):
            write_h5(shapes, tmp_path / "x.h5", torch.arange(64), chunks=(8, 64, 64, 3))
        assert not os.listdir(tmp_path)
    write_h5(shapes, tmp_path / "x.h5", torch.arange(64), chunks=(8, 64, 64, 3))
    with h5py.File(tmp_path / "x.h5") as file:
        assert file["images"].shape == (64, 64, 64, 3) and np.any(file["images"][63])
