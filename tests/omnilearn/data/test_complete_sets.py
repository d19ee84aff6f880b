"""What is there in another form is not asked for, and a file that was replaced is read again."""

import os
import shutil

import h5py
import numpy as np
import pytest
import torch
import yaml

from omnilearn.data.sets.cifar import CIFAR10
from omnilearn.data.sets.dsprites import DSprites
from omnilearn.data.sets.mnist import Digits
from omnilearn.data.sets.mpi3d import MPI3D
from omnilearn.data.sets.shapes3d import Shapes3D
from omnilearn.data.shapes.hdf5_file import write_h5
from omnilearn.errors import UserError
from tests.omnilearn.data.files import cifar_batches, pictures, write_cifar10, write_dsprites, write_idx, write_mpi3d

NAMES = {
    "cifar10": "cifar10/cifar-10-python.tar.gz",
    "mpi3d/toy": "mpi3d/mpi3d_toy.npz",
    "dsprites": "dsprites/dsprites_ndarray_co1sh3sc6or40x32y32_64x64.npz",
    "3dshapes": "3dshapes/3dshapes.h5",
    "mnist": "mnist/MNIST/raw/train-images-idx3-ubyte.gz",
}


@pytest.fixture
def dead_links(server, tmp_path, monkeypatch):
    """A table of sources at whose addresses there is nothing; the server that is asked for it."""
    table = {
        name: {"files": [{"path": path, "urls": [server.url("/gone")]}], "config": "d/x", "licence": "-"}
        for name, path in NAMES.items()
    }
    path = tmp_path / "sources.yaml"
    path.write_text(yaml.safe_dump(table))
    monkeypatch.setenv("OMNILEARN_SOURCES", str(path))
    return server


def unpacked_cifar(root, shapes):
    write_cifar10(root, cifar_batches(), packed=False)
    return CIFAR10


def plain_mnist(root, shapes):
    for part in ("train", "t10k"):
        images = pictures(6, 28, 28, 1)[..., 0]
        write_idx(root / "mnist" / "MNIST" / "raw", part, images, np.arange(6, dtype=np.uint8), compress=False)
    return Digits


def converted_mpi3d(root, shapes):
    path = write_mpi3d(root, pictures(50))
    MPI3D()
    path.unlink()
    return MPI3D


def converted_dsprites(root, shapes):
    path = write_dsprites(root, pictures(64, channels=1)[..., 0] % 2)
    DSprites()
    path.unlink()
    return DSprites


def converted_3dshapes(root, shapes):
    path = root / "3dshapes" / "3dshapes.h5"
    path.parent.mkdir(parents=True)
    write_h5(shapes, path, torch.arange(100))
    Shapes3D()
    path.unlink()
    return Shapes3D


MAKERS = [unpacked_cifar, plain_mnist, converted_mpi3d, converted_dsprites, converted_3dshapes]


@pytest.mark.slow
@pytest.mark.parametrize("make", MAKERS, ids=lambda make: make.__name__)
def test_a_set_that_is_there_in_another_form_is_not_downloaded(dead_links, data_root, shapes, make):
    kind = make(data_root, shapes)
    data = kind(download=True)
    assert len(data.in_mode("full")) >= 12
    assert dead_links.requests == []
    shutil.rmtree(data_root)
    with pytest.raises(UserError, match="cannot be downloaded"):
        kind(download=True)
    assert dead_links.requests


def test_images_of_a_changed_file_are_converted_anew(shapes, data_root):
    path = data_root / "3dshapes" / "3dshapes.h5"
    path.parent.mkdir(parents=True)
    write_h5(shapes, path, torch.arange(100))
    first = Shapes3D().in_mode("full").batch(torch.arange(100))
    with h5py.File(path, "a") as file:
        file["images"][7] = 255 - file["images"][7]
    os.utime(path, (1, 1))  # a clock may be too coarse to tell
    second = Shapes3D().in_mode("full").batch(torch.arange(100))
    assert torch.allclose(second[7], 1 - first[7], atol=1e-6)
    assert torch.equal(second[8:], first[8:])
