"""MNIST and its relatives, CIFAR and SVHN: torchvision's layouts, labels and sizes, on small files and a real set."""

import gzip
import os
import pickle
import zipfile

import numpy as np
import pytest
import torch
from torch.nn.functional import interpolate

import sae_src as sae
from omnilearn.assembly import build_data
from omnilearn.data.sets.cifar import CIFAR10
from omnilearn.data.sets.mnist import DEBIAN, EMNIST, KMNIST, Digits, FashionMNIST
from omnilearn.data.sets.svhn import SVHN
from omnilearn.errors import UserError
from tests.omnilearn.data.files import cifar_batches, idx, pictures, write_cifar10, write_idx, write_svhn

IMAGES, LABELS = pictures(12, 28, 28, 1)[..., 0], np.arange(12, dtype=np.uint8) % 10


@pytest.fixture(params=[True, False], ids=["gz", "raw"])
def mnist_root(request, data_root):
    raw = data_root / "mnist" / "MNIST" / "raw"
    write_idx(raw, "train", IMAGES, LABELS, compress=request.param)
    write_idx(raw, "t10k", IMAGES[:5], LABELS[:5], compress=request.param)
    return raw


def test_mnist_is_resized_bilinearly(mnist_root):
    data = Digits()
    test = data.in_mode("test")
    assert (data.din, len(data), len(test), len(data.in_mode("full"))) == ((1, 32, 32), 12, 5, 17)
    images = torch.tensor(IMAGES).unsqueeze(1).float() / 255
    assert torch.equal(data.batch(torch.arange(12)), interpolate(images, size=(32, 32), mode="bilinear"))
    assert torch.equal(test.labels(torch.arange(5)), torch.arange(5))
    assert torch.equal(Digits(resize=False).batch(torch.arange(12)), images)


def test_mnist_splits_like_the_other_sets(mnist_root):
    data = build_data(sae.create_config("d/mnist"))
    order = torch.randperm(12, generator=torch.Generator().manual_seed(0))
    assert torch.equal(data.subset("val").indices, order[:2])
    assert len(data.subset("test")) == 5


def test_emnist_reads_the_official_archive(data_root):
    raw = data_root / "emnist" / "EMNIST" / "raw"
    raw.mkdir(parents=True)
    with zipfile.ZipFile(raw / "gzip.zip", "w") as archive:
        for part in ("train", "test"):
            archive.writestr(f"gzip/emnist-letters-{part}-images-idx3-ubyte.gz", gzip.compress(idx(IMAGES)))
            archive.writestr(f"gzip/emnist-letters-{part}-labels-idx1-ubyte.gz", gzip.compress(idx(LABELS)))
    assert len(EMNIST()) == 12
    with pytest.raises(UserError, match=r"gzip\.zip.*emnist-digits"):
        EMNIST("digits")


def test_a_missing_set_names_the_command_that_gets_it(data_root):
    with pytest.raises(UserError, match=r"KMNIST/raw/train-images.*fig download-dataset d/kmnist") as error:
        KMNIST()
    assert "\n" not in str(error.value)
    assert not data_root.exists()


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (gzip.compress(idx(IMAGES))[:-300], "end-of-stream"),
        (b"not a gzip file", "gzip"),
        (gzip.compress(b"\0\0\x08\x03" + b"\x7f\xff\xff\xff" * 3), "claims the shape"),
        (gzip.compress(b"\0\0\x08\x03" + b"\xff" * 12), "claims the shape"),
        (gzip.compress(idx(IMAGES)[:-1]), "holds less"),
        (gzip.compress(idx(IMAGES) + b"0"), "holds more"),
        (gzip.compress(idx(LABELS)), "does not begin like"),
        (gzip.compress(idx(IMAGES[:, :27])), "shape"),
        (gzip.compress(idx(IMAGES[:3])), "one label for each image"),
    ],
    ids=["cut", "no gzip", "huge", "negative", "too short", "too long", "labels", "width", "count"],
)
def test_damaged_idx_files_are_named(data_root, content, message):
    raw = data_root / "mnist" / "MNIST" / "raw"
    for part in ("train", "t10k"):
        write_idx(raw, part, IMAGES, LABELS)
    (raw / "train-images-idx3-ubyte.gz").write_bytes(content)
    with pytest.raises(UserError, match=message) as error:
        Digits()
    assert "train-" in str(error.value) and "download-dataset d/mnist" in str(error.value)


@pytest.mark.skipif(not DEBIAN.is_dir(), reason="Debian's dataset-fashion-mnist is not installed")
def test_real_fashion_mnist():
    data = FashionMNIST()
    test = data.in_mode("test")
    assert (data.din, len(data), len(test)) == ((1, 32, 32), 60_000, 10_000)
    for part in (data, test):
        counts = torch.bincount(part.labels(torch.arange(len(part))))
        assert counts.tolist() == [len(part) // 10] * 10
    plain = FashionMNIST(resize=False)
    pixels = plain.batch(torch.arange(60_000))
    # The mean and deviation that are used everywhere to normalise this set.
    assert (pixels.mean().item(), pixels.std().item()) == pytest.approx((0.2860, 0.3530), abs=1e-4)


@pytest.mark.parametrize("packed", [True, False])
def test_cifar10_reads_plain_pickles(data_root, packed):
    path = write_cifar10(data_root, cifar_batches(), packed=packed)
    data = CIFAR10()
    test = data.in_mode("test")
    assert (data.din, len(data), len(test)) == ((3, 32, 32), 20, 4)
    assert data.labels(torch.arange(20)).tolist() == [k for k in range(5) for _ in range(4)]
    expected = torch.tensor(pictures(4, 32, 32, seed=5)).permute(0, 3, 1, 2).float() / 255
    assert torch.equal(test.batch(torch.arange(4)), expected)
    assert path.exists()


class Harmful:
    def __reduce__(self):
        return os.mkdir, ("harm",)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (pickle.dumps({b"data": Harmful()}), "could run code"),
        (b"", "damaged"),
        (pickle.dumps({b"data": np.zeros((4, 3072), np.uint8)}, 2), "labels"),
        (pickle.dumps({b"data": np.zeros((4, 3000), np.uint8), b"labels": [0] * 4}, 2), "shape"),
        (pickle.dumps({b"data": np.zeros((4, 3072), np.uint8), b"labels": [0] * 3}, 2), "one label"),
    ],
)
def test_damaged_or_harmful_cifar_batches_are_refused(data_root, tmp_path, monkeypatch, content, message):
    monkeypatch.chdir(tmp_path)
    write_cifar10(data_root, {**cifar_batches(), "data_batch_3": content}, packed=False)
    with pytest.raises(UserError, match=rf"data_batch_3.*{message}"):
        CIFAR10()
    assert not (tmp_path / "harm").exists()


def test_a_truncated_cifar_archive_is_named(data_root):
    path = write_cifar10(data_root, cifar_batches(), packed=True)
    path.write_bytes(path.read_bytes()[:-20_000])
    with pytest.raises(UserError, match=r"cifar-10-python\.tar\.gz.*damaged"):
        CIFAR10()


def test_svhn_counts_zero_as_zero(data_root):
    images = write_svhn(data_root)
    data = SVHN()
    assert (data.din, len(data), len(data.in_mode("test"))) == ((3, 32, 32), 5, 5)
    assert torch.equal(data.batch(torch.arange(5)), torch.tensor(images).permute(0, 3, 1, 2).float() / 255)
    assert data.labels(torch.arange(5)).tolist() == [2, 4, 6, 8, 0]


@pytest.mark.parametrize("damage", [lambda c: c[:200], lambda c: b"text", lambda c: c[:-2000]])
def test_damaged_svhn_is_named(data_root, damage):
    write_svhn(data_root)
    path = data_root / "svhn" / "test_32x32.mat"
    path.write_bytes(damage(path.read_bytes()))
    with pytest.raises(UserError, match=r"test_32x32\.mat.*damaged"):
        SVHN()
