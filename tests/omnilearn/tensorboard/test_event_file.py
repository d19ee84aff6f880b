"""Event files: what TensorBoard reads back, blocks that are written whole or not at all, and full disks."""

import resource
import subprocess
import sys
import time

import numpy as np
import pytest
import torch
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from torch.utils.tensorboard import SummaryWriter

from omnilearn.errors import UserError
from omnilearn.tensorboard.event_file import EventFile
from omnilearn.tensorboard.writer import TensorBoardWriter
from tests.conftest import ROOT


def read(folder) -> EventAccumulator:
    return EventAccumulator(str(folder), size_guidance={"scalars": 0, "images": 0, "histograms": 0}).Reload()


def test_the_same_as_torchs_own_writer(tmp_path):
    values, image = torch.linspace(-3, 2, 500), torch.rand(3, 8, 6)
    with TensorBoardWriter(tmp_path / "ours") as ours:
        ours.scalar("loss/train", 0.25, 7)
        ours.histogram("latents", values, 7)
        ours.image("rec", image, 7)
        ours.text("model", "<b>a</b>\n  two", 0)
    with SummaryWriter(str(tmp_path / "torchs")) as theirs:
        theirs.add_scalar("loss/train", 0.25, 7)
        theirs.add_histogram("latents", values.numpy(), 7)
        theirs.add_image("rec", image, 7)
        theirs.add_text("model", "    <b>a</b>\n      two", 0)
    one, other = read(tmp_path / "ours"), read(tmp_path / "torchs")
    assert one.Tags() == other.Tags()
    assert [(event.step, event.value) for event in one.Scalars("loss/train")] == [(7, 0.25)]
    assert one.Images("rec")[0].encoded_image_string == other.Images("rec")[0].encoded_image_string
    bins, others = (found.Histograms("latents")[0].histogram_value for found in (one, other))
    assert np.allclose(bins.bucket, others.bucket) and np.allclose(bins.bucket_limit, others.bucket_limit)
    assert one.Tensors("model/text_summary")[0].tensor_proto == other.Tensors("model/text_summary")[0].tensor_proto


def test_a_block_is_written_whole_or_not_at_all(tmp_path):
    with TensorBoardWriter(tmp_path) as writer:
        writer.scalar("a", 1, 1)
        with pytest.raises(KeyError), writer.all_or_none():
            writer.scalar("a", 2, 2)
            raise KeyError
        with writer.all_or_none():
            writer.scalar("a", 3, 3)
            writer.scalar("a", 4, 4)
    assert [event.step for event in read(tmp_path).Scalars("a")] == [1, 3, 4]


def test_events_reach_the_disk_while_it_is_open(tmp_path, monkeypatch):
    writer = TensorBoardWriter(tmp_path)
    writer.scalar("a", 1, 1)
    now = time.monotonic()
    monkeypatch.setattr(time, "monotonic", lambda: now + 10)
    writer.scalar("a", 2, 2)
    assert len(read(tmp_path).Scalars("a")) == 2
    writer.scalar("a", 3, 3)
    writer.flush()
    assert len(read(tmp_path).Scalars("a")) == 3
    writer.close()
    writer.close()


def test_two_writers_of_one_process_have_files_of_their_own(tmp_path):
    with TensorBoardWriter(tmp_path), TensorBoardWriter(tmp_path):
        pass
    assert len(list(tmp_path.iterdir())) == 2


FULL = """
import resource, sys; sys.path.insert(0, sys.argv[1])
from pathlib import Path
from omnilearn.errors import UserError
from omnilearn.tensorboard.writer import TensorBoardWriter
resource.setrlimit(resource.RLIMIT_FSIZE, (5000, 5000))
try:
    with TensorBoardWriter(Path(sys.argv[2])) as writer:
        for step in range(200):
            writer.scalar("a", step, step)
            if step % 20 == 19:
                writer.flush()
except UserError as error:
    print(error)
"""


@pytest.mark.slow
def test_a_full_disk_leaves_whole_events(tmp_path):
    result = subprocess.run(
        [sys.executable, "-c", FULL, str(ROOT), str(tmp_path)], capture_output=True, text=True, check=False
    )
    assert "File too large" in result.stdout and result.stdout.count("\n") == 1, result.stderr
    assert result.stderr == ""
    (path,) = tmp_path.iterdir()
    kept = read(tmp_path).Scalars("a")
    assert [event.step for event in kept] == list(range(len(kept))) and len(kept) % 20 == 0
    assert 2000 < path.stat().st_size <= 5000
    assert resource.getrlimit(resource.RLIMIT_FSIZE)[0] == resource.RLIM_INFINITY


@pytest.mark.parametrize("kind", ["file", "denied"])
def test_a_folder_that_cannot_be(kind, tmp_path):
    place = tmp_path / "place"
    place.touch()
    with pytest.raises(UserError, match="cannot be written"):
        EventFile(place if kind == "file" else place / "below")
