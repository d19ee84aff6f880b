"""Where images are kept: ram, mmap, device and auto, and never twice."""

import numpy as np
import pytest
import torch

from omnilearn.data.images import ImageDataset
from omnilearn.data.storage import arrays, memory
from omnilearn.data.storage.arrays import PixelArray, map_npy
from omnilearn.data.storage.memory import free_memory
from omnilearn.errors import UserError
from tests.omnilearn.data.files import pictures

CPU, GPU = torch.device("cpu"), torch.device("cuda")
IMAGES = torch.tensor(pictures(30, 8, 8)).permute(0, 3, 1, 2).contiguous()


@pytest.fixture
def mapped(tmp_path):
    np.save(tmp_path / "images.npy", IMAGES.numpy())
    return map_npy(tmp_path / "images.npy")


@pytest.mark.parametrize("keep", ["auto", "ram", "mmap", "device"])
def test_every_place_gives_the_same_images(mapped, keep):
    array = PixelArray(mapped, keep, mapped=True)
    rows = torch.tensor([3, 3, 29, 0])
    assert torch.equal(array.read(rows, CPU), IMAGES[rows])
    in_memory = PixelArray(IMAGES.clone(), keep)
    assert torch.equal(in_memory.read(rows, CPU), IMAGES[rows])


@pytest.mark.parametrize(("keep", "shared"), [("mmap", True), ("ram", False), ("device", False)])
def test_mmap_reads_the_file_and_ram_does_not(mapped, keep, shared):
    array = PixelArray(mapped, keep, mapped=True)
    array.move_to(CPU)
    assert (array._pixels.data_ptr() == mapped.data_ptr()) == shared


@pytest.mark.parametrize(
    ("on_gpu", "on_cpu", "device", "place"),
    [
        (2.1, 0, GPU, "device"),
        (1.9, 2.1, GPU, "ram"),
        (1.9, 1.9, GPU, "mmap"),
        (9.0, 2.1, CPU, "ram"),
        (9.0, 1.9, CPU, "mmap"),
        (None, None, GPU, "mmap"),
    ],
)
def test_auto_takes_the_first_place_with_room(mapped, monkeypatch, on_gpu, on_cpu, device, place):
    free = {"cuda": on_gpu, "cpu": on_cpu}

    def free_memory(device):
        share = free[torch.device(device).type]
        return None if share is None else int(share * IMAGES.nbytes)

    monkeypatch.setattr(arrays, "free_memory", free_memory)
    assert PixelArray(mapped, mapped=True).place(device) == place


def test_memory_that_is_too_small_is_named(mapped, monkeypatch):
    monkeypatch.setattr(arrays, "free_memory", lambda device: 100)
    with pytest.raises(UserError, match=r"dataset\.keep: ram needs .* use mmap"):
        PixelArray(mapped, "ram", mapped=True).move_to(CPU)


def test_a_container_has_less_memory_than_its_machine(tmp_path, monkeypatch):
    monkeypatch.setattr(memory, "_CGROUP", tmp_path)
    machine = free_memory()
    assert machine > 0
    (tmp_path / "memory.current").write_text("1000\n")
    (tmp_path / "memory.max").write_text("5000\n")
    assert free_memory() == 4000
    (tmp_path / "memory.max").write_text("max\n")
    assert free_memory() > 4000


def test_modes_share_the_pixels_and_images_are_scaled():
    source = PixelArray(IMAGES.clone())
    data = ImageDataset(source, torch.arange(20), torch.arange(20, 30))
    test = data.in_mode("test")
    assert (len(data), len(test), len(test.in_mode("full"))) == (20, 10, 30)
    assert test._source is source
    batch = test.batch(torch.tensor([0, 9]))
    assert batch.dtype == torch.float32 and torch.equal(batch, IMAGES[[20, 29]].float() / 255)
    data.batch(torch.tensor([0])).fill_(5)
    assert torch.equal(data.batch(torch.tensor([0])), IMAGES[:1].float() / 255)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no GPU")
def test_on_the_gpu(mapped, shapes_root):
    from omnilearn.data.shapes.dataset import Shapes

    array = PixelArray(mapped, mapped=True)
    array.move_to(GPU)
    assert array._pixels.is_cuda
    assert torch.equal(array.read(torch.tensor([3, 1]), GPU).cpu(), IMAGES[[3, 1]])
    indices = torch.arange(0, 384_000, 997)
    on_cpu, on_gpu = Shapes(shapes_root), Shapes(shapes_root).to("cuda")
    assert torch.equal(on_gpu.batch(indices).cpu(), on_cpu.batch(indices))
