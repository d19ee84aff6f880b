"""The one-time conversion: cut off, continued, repeated, two at once, on a full disk, and its peak memory."""

import errno
import itertools
import math
import multiprocessing
import os
import shutil
import subprocess
import sys
import textwrap
import time
import zlib
from collections import namedtuple

import h5py
import numpy as np
import pytest
import torch

from omnilearn.data.sets.mpi3d import MPI3D
from omnilearn.data.shapes.grid import GRID
from omnilearn.data.shapes.hdf5_file import OFFICIAL_CHUNKS, label_values
from omnilearn.data.storage import conversion
from omnilearn.data.storage.arrays import map_npy
from omnilearn.data.storage.conversion import ImageStream, convert
from omnilearn.errors import UserError
from tests.conftest import ROOT
from tests.omnilearn.data.files import pictures, write_mpi3d

COUNT, STEP = 50, 8
IMAGES = pictures(COUNT, 6, 5).transpose(0, 3, 1, 2)


class Cut(Exception):
    """Stands for a process that is killed."""


@pytest.fixture
def original(tmp_path):
    path = tmp_path / "original"
    path.write_bytes(b"some file")
    return path


def stream(original, *, cut_before: int | None = None, starts: list | None = None, pause: float = 0) -> ImageStream:
    def slabs(start):
        assert start % STEP == 0
        if starts is not None:
            starts.append(start)
        for first in range(start, COUNT, STEP):
            if cut_before is not None and first >= cut_before:
                raise Cut
            time.sleep(pause)
            yield IMAGES[first : first + STEP]

    return ImageStream((original,), IMAGES.shape, STEP, slabs)


def check(array) -> None:
    assert np.array_equal(np.load(array), IMAGES)
    assert sorted(path.name for path in array.parent.iterdir()) == ["images.json", "images.npy", "original"]


@pytest.fixture
def array(tmp_path):
    return tmp_path / "images.npy"


def test_an_array_is_written_once(original, array):
    starts = []
    convert(stream(original, starts=starts), array)
    convert(stream(original, starts=starts), array)
    check(array)
    assert starts == [0]


@pytest.mark.parametrize(("cut_before", "continued"), [(8, 0), (16, 8), (40, 32), (48, 40)])
def test_a_conversion_that_was_cut_off_continues(original, array, cut_before, continued):
    with pytest.raises(Cut):
        convert(stream(original, cut_before=cut_before), array)
    assert not array.exists()
    starts = []
    convert(stream(original, starts=starts), array)
    check(array)
    # One whole slab is written again: it may not have reached the disk.
    assert starts == [continued]


def test_a_slab_that_was_half_written_is_written_again(original, array):
    with pytest.raises(Cut):
        convert(stream(original, cut_before=24), array)
    part = array.with_name("images.npy.part")
    with part.open("ab") as file:
        file.write(b"half a slab")
    convert(stream(original), array)
    check(array)


def test_another_original_is_converted_anew(original, array):
    with pytest.raises(Cut):
        convert(stream(original, cut_before=24), array)
    original.write_bytes(b"another file")
    starts = []
    convert(stream(original, starts=starts), array)
    original.write_bytes(b"and another one")
    convert(stream(original, starts=starts), array)
    check(array)
    assert starts == [0, 0]


@pytest.mark.parametrize("damage", ["[", "{}", ""])
def test_a_damaged_note_is_no_proof(original, array, damage):
    convert(stream(original), array)
    array.with_suffix(".json").write_text(damage)
    starts = []
    convert(stream(original, starts=starts), array)
    check(array)
    assert starts == [0]


def convert_in_process(original, array, log):
    starts = []
    convert(stream(original, starts=starts, pause=0.05), array)
    log.put(starts)


@pytest.mark.slow
def test_two_processes_do_the_work_once(original, array):
    context = multiprocessing.get_context("spawn")
    log = context.Queue()
    both = [context.Process(target=convert_in_process, args=(original, array, log)) for _ in range(2)]
    for process in both:
        process.start()
    results = [log.get(timeout=60) for _ in both]
    for process in both:
        process.join(60)
    assert sorted(results) == [[], [0]]
    check(array)


def test_a_small_disk_is_noticed_before_anything_is_written(original, array, monkeypatch):
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr(shutil, "disk_usage", lambda path: usage(10**9, 10**9 - 1000, 1000))
    starts = []
    with pytest.raises(UserError, match=r"images\.npy: needs 67\.1 MB and 1\.0 kB are free") as error:
        convert(stream(original, starts=starts), array)
    assert starts == [] and "\n" not in str(error.value)


def test_a_disk_that_fills_up_is_named_and_the_part_continued(original, array, monkeypatch):
    calls = []

    def full(handle):
        calls.append(handle)
        if len(calls) == 4:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patch:
        patch.setattr(conversion.os, "fsync", full)
        with pytest.raises(UserError, match=r"images\.npy\.part: cannot be written: No space left"):
            convert(stream(original), array)
    starts = []
    convert(stream(original, starts=starts), array)
    check(array)
    assert starts and starts[0] > 0


def test_a_damaged_array_is_named(original, array):
    convert(stream(original), array)
    array.write_bytes(array.read_bytes()[:500])
    with pytest.raises(UserError, match=r"images\.npy: damaged"):
        map_npy(array)


@pytest.mark.slow
def test_a_killed_conversion_continues(data_root):
    """The real thing: SIGKILL in the middle, and nothing is lost or left."""
    images = pictures(20_000, seed=3)
    write_mpi3d(data_root, images)
    command = [sys.executable, "-c", "from omnilearn.data.sets.mpi3d import MPI3D; MPI3D()"]
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "OMNILEARN_DATA_DIR": str(data_root)}
    part = data_root / "mpi3d" / "mpi3d_toy_images.npy.part"
    with subprocess.Popen(command, env=environment, cwd=data_root) as process:
        while not (part.exists() and part.stat().st_size > 60e6) and process.poll() is None:
            time.sleep(0.001)
        process.kill()
    assert part.exists()
    full = MPI3D().in_mode("full")
    indices = torch.arange(0, 20_000, 37)
    assert torch.equal(full.batch(indices) * 255, torch.tensor(images[indices]).permute(0, 3, 1, 2).float())
    assert sorted(path.name for path in part.parent.iterdir()) == [
        "mpi3d_toy.npz",
        "mpi3d_toy_images.json",
        "mpi3d_toy_images.npy",
    ]


PEAK = """
import resource, sys, torch
sys.path.insert(0, {root!r})
from omnilearn.data.sets.mpi3d import MPI3D
from omnilearn.data.sets.shapes3d import Shapes3D
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
data = {dataset}(keep="mmap")
print((resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024)
"""


def peak_of(dataset: str, data_root) -> float:
    """MB that a conversion takes at most, on top of the imports."""
    code = textwrap.dedent(PEAK.format(root=str(ROOT), dataset=dataset))
    environment = {**os.environ, "OMNILEARN_DATA_DIR": str(data_root)}
    run = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)
    peak = float(run.stdout.splitlines()[-1])  # where it takes long, lines of progress stand before it
    print(f"converting for {dataset} took {peak:.0f} MB")
    return peak


@pytest.mark.slow
def test_peak_memory_of_converting_mpi3d(data_root):
    write_mpi3d(data_root, np.zeros((20_000, 64, 64, 3), np.uint8))  # 245 MB
    assert peak_of("MPI3D", data_root) < 150


@pytest.mark.slow
def test_peak_memory_of_converting_3dshapes(data_root):
    count = 30_000  # two chunks of the official file's length, 370 MB
    path = data_root / "3dshapes" / "3dshapes.h5"
    path.parent.mkdir(parents=True)
    chunk = zlib.compress(bytes(math.prod(OFFICIAL_CHUNKS)))
    with h5py.File(path, "w") as file:
        images = file.create_dataset("images", (count, 64, 64, 3), "u1", chunks=OFFICIAL_CHUNKS, compression="gzip")
        for place in itertools.product(range(0, count, 15_000), range(0, 64, 4), range(0, 64, 4), range(3)):
            images.id.write_direct_chunk(place, chunk)
        file["labels"] = label_values(GRID.classes(torch.arange(count)))
    assert peak_of("Shapes3D", data_root) < 300
