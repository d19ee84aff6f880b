"""Official files as others have packed them anew: read like the official ones, to the same numbers."""

import codecs
import gzip
import shutil
import zipfile

import numpy as np
import pytest
import torch

from omnilearn.data.sets.celeba import CelebA
from omnilearn.data.sets.mnist import FashionMNIST
from omnilearn.errors import UserError
from tests.omnilearn.data.files import idx, pictures, write_celeba, write_idx

TABLES = ("list_eval_partition", "list_attr_celeba", "list_landmarks_align_celeba", "identity_CelebA")


def with_commas(folder, *, header: bool) -> None:
    """Every table as comma-separated values, with a first line of names."""
    for name in TABLES:
        lines = (folder / f"{name}.txt").read_text().splitlines()
        names = lines[1].split() if name.startswith(("list_attr", "list_land")) else ["value"]
        lines = lines[2:] if len(names) > 1 else lines
        first = [",".join(["image_id", *names])] if header or len(names) > 1 else []
        (folder / f"{name}.csv").write_text("\n".join([*first, *(",".join(line.split()) for line in lines)]) + "\n")
        (folder / f"{name}.txt").unlink()


def nested(folder) -> None:
    """The folder of the images inside another one of its name."""
    (folder / "img_align_celeba").rename(folder / "inner")
    (folder / "img_align_celeba").mkdir()
    (folder / "inner").rename(folder / "img_align_celeba" / "img_align_celeba")


def zipped(prefix: str):
    def pack(folder) -> None:
        with zipfile.ZipFile(folder / "img_align_celeba.zip", "w") as archive:
            for path in sorted((folder / "img_align_celeba").iterdir()):
                archive.writestr(f"__MACOSX/{prefix}{path.name}", b"not an image")
                archive.writestr(f"{prefix}{path.name}", path.read_bytes())
        shutil.rmtree(folder / "img_align_celeba")

    return pack


def marked(folder) -> None:
    """Every table with the byte-order mark that some editors put in front."""
    for path in folder.glob("*.txt"):
        path.write_bytes(codecs.BOM_UTF8 + path.read_bytes())


def in_folders(folder) -> None:
    """As on the site of its authors: Anno, Eval, Img."""
    for inner, pattern in (("Eval", "list_eval*"), ("Anno", "*.txt"), ("Img", "img_align*")):
        (folder / inner).mkdir()
        for path in folder.glob(pattern):
            path.rename(folder / inner / path.name)


def windows_lines(folder) -> None:
    for path in folder.glob("*.txt"):
        path.write_bytes(path.read_bytes().replace(b"\n", b"\r\n"))


CELEBA = {
    "commas": lambda folder: with_commas(folder, header=True),
    "commas without names": lambda folder: with_commas(folder, header=False),
    "nested": nested,
    "commas and nested": lambda folder: (with_commas(folder, header=True), nested(folder)),
    "zipped without a folder": zipped(""),
    "zipped in two folders": zipped("img_align_celeba/img_align_celeba/"),
    "zipped in another folder": zipped("celeba/"),
    "byte-order marks": marked,
    "folders of the site": in_folders,
    "folders of the site, zipped": lambda folder: (zipped("img_align_celeba/")(folder), in_folders(folder)),
    "lines of Windows": windows_lines,
}


def everything(data: CelebA) -> list[torch.Tensor]:
    labels = [CelebA(label_type=kind).labels(torch.arange(len(data))) for kind in ("attr", "landmark", "identity")]
    test = data.in_mode("test")
    return [data.batch(torch.arange(len(data))), test.batch(torch.arange(len(test))), *labels]


@pytest.mark.parametrize("pack", CELEBA.values(), ids=CELEBA)
def test_celeba(pack, data_root):
    folder = data_root / "celeba"
    write_celeba(data_root)
    official = everything(CelebA())
    names = CelebA().label_names
    (folder / "celeba_128_images.npy").unlink()
    (folder / "celeba_128_images.json").unlink()
    pack(folder)
    packed = CelebA()
    assert all(torch.equal(one, other) for one, other in zip(official, everything(packed), strict=True))
    assert packed.label_names == names
    assert all(path.is_file() for path in CelebA.download_files())


def test_an_archive_that_lacks_an_image_is_named(data_root):
    write_celeba(data_root)
    (data_root / "celeba" / "img_align_celeba" / "000003.jpg").unlink()
    zipped("")(data_root / "celeba")
    with pytest.raises(UserError, match=r"img_align_celeba\.zip: damaged.*000003\.jpg"):
        CelebA()


IMAGES, LABELS = pictures(12, 28, 28, 1)[..., 0], np.arange(12, dtype=np.uint8) % 10


@pytest.mark.parametrize("place", ["MNIST/raw", "MNIST", "."])
@pytest.mark.parametrize("form", ["dotted", "dotted and compressed", "dashed", "a folder each"])
def test_mnist(place, form, data_root):
    from omnilearn.data.sets.mnist import Digits

    folder = data_root / "mnist" / place
    folder.mkdir(parents=True)
    for part, count in (("train", 12), ("t10k", 5)):
        for kind, array in (("images-idx3", IMAGES[:count]), ("labels-idx1", LABELS[:count])):
            name = f"{part}-{kind}-ubyte" if form == "dashed" else f"{part}-{kind.replace('-idx', '.idx')}-ubyte"
            if form == "dotted and compressed":
                (folder / f"{name}.gz").write_bytes(gzip.compress(idx(array)))
            elif form == "a folder each":
                (folder / name).mkdir()
                (folder / name / name).write_bytes(idx(array))
            else:
                (folder / name).write_bytes(idx(array))
    data = Digits(download=True)  # all is there: nothing is downloaded
    assert (len(data), len(data.in_mode("test"))) == (12, 5)
    assert torch.equal(data.labels(torch.arange(12)), torch.from_numpy(LABELS).long())


def test_the_official_place_goes_first(data_root):
    raw = data_root / "fmnist" / "FashionMNIST" / "raw"
    for folder, count in ((raw, 6), (data_root / "fmnist", 12)):
        for part in ("train", "t10k"):
            write_idx(folder, part, IMAGES[:count], LABELS[:count])
    assert len(FashionMNIST()) == 6
