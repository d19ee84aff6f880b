"""A pipe, a device or a folder where a file of a data set belongs is named at once; a link to the file is fine."""

import os
import shutil
import signal
from collections.abc import Callable
from pathlib import Path

import pytest

from omnilearn.data.sets.cars3d import Cars3D
from omnilearn.data.sets.celeba import CelebA
from omnilearn.data.sets.cifar import CIFAR10
from omnilearn.data.sets.dsprites import DSprites
from omnilearn.data.sets.mnist import Digits
from omnilearn.data.sets.mpi3d import MPI3D
from omnilearn.data.sets.shapes3d import Shapes3D
from omnilearn.data.sets.smallnorb import SmallNORB
from omnilearn.data.sets.svhn import SVHN
from omnilearn.errors import UserError
from tests.omnilearn.data.files import cifar_batches, pictures, write_celeba, write_cifar10, write_mpi3d, write_svhn

FILES: dict[str, Callable] = {
    "3dshapes/3dshapes.h5": Shapes3D,
    "mpi3d/mpi3d_toy.npz": MPI3D,
    "mpi3d/mpi3d_toy.h5": MPI3D,
    "dsprites/dsprites_ndarray_co1sh3sc6or40x32y32_64x64.npz": DSprites,
    "mnist/MNIST/raw/train-images-idx3-ubyte": Digits,
    "mnist/MNIST/raw/train-images-idx3-ubyte.gz": Digits,
    "cifar10/cifar-10-python.tar.gz": CIFAR10,
    "svhn/train_32x32.mat": SVHN,
    "celeba/list_eval_partition.txt": CelebA,
    "cars3d/nips2015-analogy-data.tar.gz": Cars3D,
    "smallnorb/smallnorb-5x46789x9x18x6x2x96x96-training-cat.mat.gz": SmallNORB,
}


@pytest.fixture(autouse=True)
def _in_time():
    """End a test that waits for ever."""

    def end(number, frame):
        raise AssertionError("it hangs")

    signal.signal(signal.SIGALRM, end)
    signal.alarm(60)
    yield
    signal.alarm(0)


def put(path: Path, what: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    if what == "pipe":
        os.mkfifo(path)
    elif what == "device":
        path.symlink_to("/dev/zero")
    else:
        path.mkdir()


@pytest.mark.parametrize("what", ["pipe", "device", "folder"])
@pytest.mark.parametrize("file", FILES)
def test_no_file(file, what, data_root):
    if file.startswith("celeba"):
        (data_root / "celeba" / "img_align_celeba").mkdir(parents=True)
    put(data_root / file, what)
    if file.startswith("mnist"):
        (data_root / file).with_name("train-labels-idx1-ubyte").touch()
    with pytest.raises(UserError, match="not a regular file"):
        FILES[file]()


@pytest.mark.parametrize("what", ["pipe", "device", "folder"])
def test_no_image(what, data_root):
    write_celeba(data_root)
    path = data_root / "celeba" / "img_align_celeba" / "000003.jpg"
    path.unlink()
    put(path, what)
    with pytest.raises(UserError, match="not a regular file"):
        CelebA()


def test_a_link_in_the_place_of_an_unfinished_array(data_root, tmp_path):
    write_mpi3d(data_root, pictures(20))
    (tmp_path / "bashrc").write_text("mine")
    (data_root / "mpi3d" / "mpi3d_toy_images.npy.part").symlink_to(tmp_path / "bashrc")
    MPI3D()  # what was begun from other files is removed, and so is this
    (data_root / "mpi3d" / "mpi3d_toy_images.npy").unlink()
    (data_root / "mpi3d" / "mpi3d_toy_images.npy.part").symlink_to(tmp_path / "bashrc")
    with pytest.raises(UserError, match="not a regular file"):
        MPI3D()
    assert (tmp_path / "bashrc").read_text() == "mine"


def test_links_to_files(data_root, tmp_path):
    store = tmp_path / "store"
    write_mpi3d(store, pictures(20))
    write_svhn(store)
    write_cifar10(store, cifar_batches(), packed=True)
    shutil.copytree(store, data_root, copy_function=lambda source, target: os.symlink(source, target))
    assert len(MPI3D()) + len(SVHN()) + len(CIFAR10()) == 16 + 5 + 20
