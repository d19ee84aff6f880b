"""Truncated, corrupt, mislabelled and harmful files: one line that names the file, and nothing written."""

import errno
import io
import os
import zipfile

import h5py
import numpy as np
import pytest
import torch

from omnilearn.data.sets.dsprites import DSprites
from omnilearn.data.sets.mpi3d import MPI3D
from omnilearn.data.sets.shapes3d import Shapes3D
from omnilearn.data.shapes.grid import GRID
from omnilearn.data.shapes.hdf5_file import label_values
from omnilearn.errors import UserError
from tests.omnilearn.data.files import DSPRITES, pictures, write_dsprites, write_earlier_mpi3d, write_mpi3d

COUNT = 40


@pytest.fixture
def shapes_h5(data_root):
    """An official-schema file; `damage` it and read it."""
    path = data_root / "3dshapes" / "3dshapes.h5"
    path.parent.mkdir(parents=True)
    return path


def write_shapes(path, images=None, labels=None, **settings):
    images = pictures(COUNT) if images is None else images
    labels = label_values(GRID.classes(torch.arange(COUNT))) if labels is None else labels
    with h5py.File(path, "w") as file:
        file.create_dataset("images", data=images, **settings)
        file["labels"] = labels


def check_refused(make, path, message, command):
    before = path.read_bytes()
    beside = sorted(path.parent.iterdir())
    with pytest.raises(UserError, match=message) as error:
        make()
    assert str(path) in str(error.value) and command in str(error.value) and "\n" not in str(error.value)
    assert path.read_bytes() == before
    assert sorted(path.parent.iterdir()) == beside


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"images": pictures(COUNT).astype(np.float32)}, "'images' has values of type float32"),
        ({"images": pictures(COUNT, 32, 32)}, r"'images' has the shape \(40, 32, 32, 3\)"),
        ({"images": pictures(COUNT)[..., 0]}, r"'images' has the shape \(40, 64, 64\)"),
        ({"labels": np.zeros((COUNT, 5))}, r"'labels' has the shape \(40, 5\)"),
        ({"labels": np.zeros((COUNT + 1, 6))}, r"'labels' has the shape \(41, 6\)"),
    ],
)
def test_3dshapes_of_another_form(shapes_h5, settings, message):
    write_shapes(shapes_h5, **settings)
    check_refused(Shapes3D, shapes_h5, message, "fig download-dataset d/3ds")


@pytest.mark.parametrize("key", ["images", "labels"])
def test_3dshapes_without_a_key(shapes_h5, key):
    write_shapes(shapes_h5)
    with h5py.File(shapes_h5, "a") as file:
        del file[key]
        file.create_group(key)
    check_refused(Shapes3D, shapes_h5, f"no dataset '{key}'", "fig download-dataset d/3ds")


def test_3dshapes_that_claims_a_trillion_images(shapes_h5):
    with h5py.File(shapes_h5, "w") as file:
        file.create_dataset("images", (10**12, 64, 64, 3), "u1", chunks=(1, 64, 64, 3))
        file.create_dataset("labels", (10**12, 6), "f8", chunks=(1, 6))
    check_refused(Shapes3D, shapes_h5, "claims 1,000,000,000,000 entries", "fig download-dataset d/3ds")


def test_3dshapes_that_was_never_filled(shapes_h5):
    with h5py.File(shapes_h5, "w") as file:
        file.create_dataset("images", (480_000, 64, 64, 3), "u1", chunks=(1, 64, 64, 3))
    check_refused(Shapes3D, shapes_h5, "never filled", "fig download-dataset d/3ds")


@pytest.mark.parametrize("damage", [lambda c: c[: len(c) // 2], lambda c: c[:100], lambda c: b"", lambda c: b"<html>"])
def test_3dshapes_cut_off(shapes_h5, damage):
    write_shapes(shapes_h5)
    shapes_h5.write_bytes(damage(shapes_h5.read_bytes()))
    check_refused(Shapes3D, shapes_h5, "damaged", "fig download-dataset d/3ds")


def test_3dshapes_with_damaged_pixels(shapes_h5):
    write_shapes(shapes_h5, compression="gzip", chunks=(COUNT, 64, 64, 3))
    with h5py.File(shapes_h5) as file:
        chunk = file["images"].id.get_chunk_info(0)
    content = bytearray(shapes_h5.read_bytes())
    middle = chunk.byte_offset + chunk.size // 2
    content[middle : middle + 1000] = bytes(1000)
    shapes_h5.write_bytes(content)
    with pytest.raises(UserError, match=r"3dshapes\.h5: damaged"):
        Shapes3D()
    assert not (shapes_h5.parent / "3dshapes_images.npy").exists()


def test_missing_files_name_the_command(data_root):
    for make, command in ((Shapes3D, "d/3ds"), (lambda: MPI3D("real"), "d/mpi --cat real"), (DSprites, "d/dsprites")):
        with pytest.raises(UserError, match=rf"no such file.*fig download-dataset {command}") as error:
            make()
        assert "\n" not in str(error.value)
    assert not data_root.exists()


def test_a_file_without_permission(shapes_h5, monkeypatch):
    write_shapes(shapes_h5)

    def refuse(*_):
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))  # which root never meets

    monkeypatch.setattr(h5py, "File", refuse)
    with pytest.raises(UserError, match=r"3dshapes\.h5: cannot be read: Permission denied"):
        Shapes3D()


def archive(**members: bytes) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as file:
        for name, content in members.items():
            file.writestr(f"{name}.npy", content)
    return out.getvalue()


def npy(array: np.ndarray) -> bytes:
    out = io.BytesIO()
    np.save(out, array, allow_pickle=True)
    return out.getvalue()


def claiming(shape: tuple[int, ...], size: int = 1000) -> bytes:
    out = io.BytesIO()
    np.lib.format.write_array_header_1_0(out, {"descr": "|u1", "fortran_order": False, "shape": shape})
    return out.getvalue() + bytes(size)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "damaged"),
        (b"<html>dead link</html>", "not a zip file"),
        (archive(images=npy(pictures(9)))[:-500], "damaged"),
        (archive(pictures=npy(pictures(9))), "no array 'images'"),
        (archive(images=npy(pictures(9, 32, 32))), "shape"),
        (archive(images=npy(pictures(9).astype(float))), "float64"),
        (archive(images=npy(np.asfortranarray(pictures(9)))), "column order"),
        (archive(images=npy(np.array([os.system], dtype=object))), "pickled objects, which could run code"),
        (archive(images=claiming((10**12, 64, 64, 3))), "claims the shape"),
        (archive(images=claiming((2_000_000, 64, 64, 3))), "claims the shape"),
        (archive(images=claiming((0, 64, 64, 3), 0)), "shape"),
        (archive(images=b"not an array"), "damaged"),
    ],
)
def test_mpi3d_archives_that_are_not(data_root, content, message):
    path = data_root / "mpi3d" / "mpi3d_toy.npz"
    path.parent.mkdir(parents=True)
    path.write_bytes(content)
    check_refused(MPI3D, path, message, "fig download-dataset d/mpi --cat toy")


def test_mpi3d_with_damaged_pixels_is_noticed_by_the_checksum(data_root):
    path = write_mpi3d(data_root, pictures(30))
    content = bytearray(path.read_bytes())
    content[100_000] ^= 1
    path.write_bytes(content)
    with pytest.raises(UserError, match=r"mpi3d_toy\.npz: damaged.*CRC"):
        MPI3D()
    assert not (path.parent / "mpi3d_toy_images.npy").exists()


def test_mpi3d_of_earlier_releases_with_a_wrong_split(data_root):
    path = write_earlier_mpi3d(data_root, pictures(50))
    with h5py.File(path, "a") as file:
        file["test_idx"][0] = file["train_idx"][0]
    check_refused(MPI3D, path, "not all images, each once", "d/mpi")


def test_dsprites_with_grey_pixels(data_root):
    write_dsprites(data_root, pictures(5, channels=1)[..., 0])
    with pytest.raises(UserError, match=rf"{DSPRITES}: damaged.*other than 0 and 1"):
        DSprites()
