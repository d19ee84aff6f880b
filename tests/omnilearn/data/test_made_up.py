"""Archives that were packed anew, damaged or made up: read, or told in one line, whatever a library raises for them."""

import gzip
import io
import pickle
import random
import struct
import tarfile
import zipfile
from pathlib import Path

import numpy as np
import pytest
from scipy.io import savemat

from omnilearn.data.sets import cars3d_archive, celeba_files, cifar
from omnilearn.data.sets.cars3d_archive import car_names
from omnilearn.data.sets.celeba import CelebA
from omnilearn.data.sets.cifar import CIFAR10
from omnilearn.data.sets.svhn import SVHN
from omnilearn.data.storage.idx import read_idx
from omnilearn.data.storage.npz import open_npz
from omnilearn.errors import UserError
from sae_src.sweeps.packing import _extract
from tests.omnilearn.data.files import write_celeba

BATCHES = [*(f"data_batch_{i}" for i in range(1, 6)), "test_batch"]
BATCH = pickle.dumps({b"data": np.zeros((3, 3072), np.uint8), b"labels": [0, 1, 2]}, protocol=2)


def packed(folder: str = "cifar-10-batches-py/", kind: bytes = tarfile.REGTYPE) -> bytes:
    """A tar archive of batches below a folder."""
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w") as tar:
        for name in BATCHES:
            member = tarfile.TarInfo(folder + name)
            member.type, member.linkname = kind, "/etc/passwd"
            member.size = len(BATCH) if kind == tarfile.REGTYPE else 0
            tar.addfile(member, io.BytesIO(BATCH))
    return file.getvalue()


def header(kind: bytes, size: int, content: bytes = b"") -> bytes:
    """A header that says of the next one what is in its content."""
    member = tarfile.TarInfo("header")
    member.type, member.size = kind, size
    return member.tobuf(tarfile.GNU_FORMAT) + content.ljust(-(-len(content) // 512) * 512, b"\0")


def cifar_of(root: Path, content: bytes) -> CIFAR10:
    path = root / "cifar10" / "cifar-10-python.tar.gz"
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(content)
    return CIFAR10(root)


@pytest.mark.parametrize("folder", ["./cifar-10-batches-py/", "/home/x/cifar-10-batches-py/", "../", "", "a/b/"])
@pytest.mark.parametrize("compress", [gzip.compress, bytes])
def test_cifar_packed_anew(folder, compress, tmp_path):
    assert len(cifar_of(tmp_path, compress(packed(folder))).in_mode("full")) == 18


@pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.FIFOTYPE, tarfile.DIRTYPE, tarfile.CHRTYPE])
def test_links_and_the_like_in_an_archive(kind, tmp_path):
    with pytest.raises(UserError, match="its data_batch_1 is a link, or is larger than those of CIFAR"):
        cifar_of(tmp_path, gzip.compress(packed(kind=kind)))


def test_a_batch_that_is_missing(tmp_path):
    with pytest.raises(UserError, match="it has no data_batch_3"):
        cifar_of(tmp_path, gzip.compress(packed().replace(b"data_batch_3", b"data_bitch_3")))


HEADERS_IN_A_ROW = header(tarfile.XHDTYPE, 12, b"11 path=xyz\n") * 2000


@pytest.mark.parametrize("kind", [tarfile.XHDTYPE, tarfile.GNUTYPE_LONGNAME])
def test_a_header_of_any_size_is_not_read(kind, tmp_path, monkeypatch):
    monkeypatch.setattr(cifar, "_MOST_BYTES", 2**16)
    with pytest.raises(UserError, match="larger than those of CIFAR"):
        cifar_of(tmp_path, gzip.compress(header(kind, 2**20, bytes(2**20)) + packed()))


def test_headers_that_go_on_for_ever(tmp_path):
    with pytest.raises(UserError, match="damaged or not the file it should be: maximum recursion"):
        cifar_of(tmp_path, gzip.compress(HEADERS_IN_A_ROW))
    with pytest.raises(UserError, match="not a packed sweep: maximum recursion"):
        _extract(io.BytesIO(HEADERS_IN_A_ROW), Path("sweep.tar"), tmp_path)


ARRAY = io.BytesIO()
np.save(ARRAY, np.random.default_rng(0).integers(0, 255, (4, 8, 8), np.uint8))
IDX = gzip.compress(bytes([0, 0, 8, 3]) + struct.pack(">iii", 2, 28, 28) + bytes(2 * 784))


def read_npz(path: Path) -> None:
    with open_npz(path, "m", "d/dsprites", shape=(None, 8, 8), at_most=9) as member:
        assert len(list(member.slabs(2))) == 2


def read_emnist(path: Path) -> None:
    assert read_idx(path, 3, "d/emnist", member="m.npy").shape == (2, 28, 28)


@pytest.mark.parametrize(("content", "read"), [(ARRAY.getvalue(), read_npz), (IDX, read_emnist)], ids=["npz", "idx"])
@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_archives_with_changed_bytes(content, read, method, tmp_path):
    path = tmp_path / "archive.zip"
    with zipfile.ZipFile(path, "w", method) as archive:
        archive.writestr("m.npy", content)
    read(path)
    assert all_answered(path, lambda: read(path), seed=method)


def test_matlab_files_with_changed_bytes(tmp_path):
    folder = tmp_path / "svhn"
    folder.mkdir()
    for part in ("train", "test"):
        savemat(folder / f"{part}_32x32.mat", {"X": np.zeros((32, 32, 3, 2), np.uint8), "y": np.ones((2, 1), np.uint8)})
    assert len(SVHN(tmp_path)) == 2
    assert all_answered(folder / "train_32x32.mat", lambda: SVHN(tmp_path), seed=5)


def all_answered(path: Path, read, seed: int) -> int:
    """How many of 200 files with a few changed bytes are refused in one line; fails for any other error."""
    draws, whole, refused = random.Random(seed), path.read_bytes(), 0
    for _ in range(200):
        content = bytearray(whole)
        for _ in range(draws.choice([1, 2, 8])):
            content[draws.randrange(min(draws.choice([60, 260, len(content)]), len(content)))] = draws.randrange(256)
        path.write_bytes(content[: draws.choice([len(content), len(content), draws.randrange(len(content))])])
        try:
            read()
        except UserError as error:
            assert str(error).isprintable()
            refused += 1
        except AssertionError:  # it could be read, and is another array
            continue
    return refused


def test_an_image_of_any_size_is_not_unpacked(tmp_path, monkeypatch):
    monkeypatch.setattr(celeba_files, "_MOST_BYTES", 2**20)
    write_celeba(tmp_path, archive=True)
    path = tmp_path / "celeba" / "img_align_celeba.zip"
    with zipfile.ZipFile(path) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content if not name.endswith("3.jpg") else bytes(2**21))
    with pytest.raises(UserError, match=r"damaged .*000003.jpg has 2.1 MB"):
        CelebA(tmp_path)


def test_the_archive_of_cars(tmp_path, monkeypatch):
    path = tmp_path / "cars.tar.gz"
    path.write_bytes(gzip.compress(HEADERS_IN_A_ROW))
    with pytest.raises(UserError, match="damaged or not the file it should be: maximum recursion"):
        car_names(path)
    monkeypatch.setattr(cars3d_archive, "_MOST_UNPACKED", 2**16)
    path.write_bytes(gzip.compress(header(tarfile.XHDTYPE, 2**20, bytes(2**20))))
    with pytest.raises(UserError, match="unpacks to more than the images of 183 cars"):
        car_names(path)
