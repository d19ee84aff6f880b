"""A user's own photos: found, fitted, labelled, and what is refused."""

import os
import struct
import zlib

import numpy as np
import pytest
import torch
from PIL import Image
from torchvision import transforms

from omnilearn.data.own import folder
from omnilearn.data.own.columns_file import column_of, read_columns
from omnilearn.data.own.folder import PhotoFolder
from omnilearn.data.own.photo_files import find_photos
from omnilearn.errors import UserError

random = np.random.default_rng(0)


def photo(path, size=(40, 30), mode="RGB"):
    path.parent.mkdir(parents=True, exist_ok=True)
    shape = (size[1], size[0], 3) if mode == "RGB" else (size[1], size[0])
    Image.fromarray(random.integers(0, 256, shape, dtype=np.uint8)).save(path)


@pytest.fixture
def photos(tmp_path):
    folder = tmp_path / "photos"
    for k in range(6):
        photo(folder / ("cat" if k % 2 else "dog") / f"{k}.{('png', 'jpg', 'webp')[k % 3]}", size=(40 + k, 50))
    return folder


def test_photos_are_fitted_as_by_torchvision(photos, data_root):
    before = sorted(photos.rglob("*"))
    data = PhotoFolder(photos, image_size=32).in_mode("full")
    fit = transforms.Compose([transforms.Resize(32), transforms.CenterCrop(32), transforms.ToTensor()])
    paths = sorted(path for path in photos.rglob("*") if path.is_file())
    expected = torch.stack([fit(Image.open(path).convert("RGB")) for path in paths])
    assert torch.allclose(data.batch(torch.arange(6)), expected)
    assert sorted(photos.rglob("*")) == before
    assert PhotoFolder(photos, channels=1).din == (1, 64, 64)
    words = PhotoFolder(photos, image_size=32, skip_broken=True, split_seed=2).command_words
    assert words == f"d/folder --path {photos} --image-size 32 --skip-broken yes --split-seed 2"


@pytest.mark.parametrize("step", [1, 4, 6])
def test_photos_are_read_some_at_a_time(photos, data_root, monkeypatch, step):
    expected = PhotoFolder(photos, image_size=32).in_mode("full").batch(torch.arange(6))
    monkeypatch.setattr(folder, "_STEP", step)
    again = PhotoFolder(photos, image_size=32, cacheroot=data_root / "again").in_mode("full")
    assert torch.equal(again.batch(torch.arange(6)), expected)


def test_subfolders_are_classes(photos, data_root):
    data = PhotoFolder(photos, image_size=32).in_mode("full")
    assert tuple(data.factor_values) == (("cat", "dog"),)
    assert data.labels(torch.arange(6))[:, 0].tolist() == [0, 0, 0, 1, 1, 1]


@pytest.mark.parametrize("header", ["name,angle,mood", "angle,mood,file"])
def test_a_table_beside_them_holds_factors(photos, data_root, header):
    lines = [header]
    for k in range(6):
        name = next(photos.rglob(f"{k}.*")).name
        row = {"name": name, "file": name, "angle": str(k % 3), "mood": "sad" if k < 3 else "gay"}
        lines.append(",".join(row[column] for column in header.split(",")))
    (photos / "factors.csv").write_text("\n".join(lines))
    data = PhotoFolder(photos, image_size=32).in_mode("full")
    assert tuple(data.factor_names) == ("angle", "mood") and data.grid is not None
    first = data.indices_of(torch.tensor([[1, 0]]))  # angle 1, gay: number 4, a dog
    assert find_photos(photos).names[int(first)] == "dog/4.jpg"


@pytest.mark.parametrize(
    ("table", "message"),
    [
        ("file,a\n0.png,1\n", "no row for 5"),
        ("file,a\n0.png,1\n1.jpg,2\n2.webp,1,2\n", "row 4 has 3 values"),
        ("file,a\n0.png,1\n0.png,1\n", "two rows"),
        ("file\n0.png\n1.jpg\n2.webp\n3.png\n4.jpg\n5.webp\n", "no column of factors"),
        ("file,a\n0.png,1\n1.jpg,2\n2.webp,\n3.png,2\n4.jpg,1\n5.webp,2\n", "'a' has 1 missing values"),
    ],
)
def test_a_table_that_does_not_fit_is_refused(photos, data_root, table, message):
    (photos / "factors.csv").write_text(table)
    with pytest.raises(UserError, match=message):
        PhotoFolder(photos)


def test_broken_photos_are_named_or_skipped(photos, data_root, capsys):
    whole = (photos / "cat" / "1.jpg").read_bytes()
    (photos / "cat" / "cut.jpg").write_bytes(whole[: len(whole) // 2])
    (photos / "dog" / "text.png").write_text("text")
    Image.fromarray(np.zeros((9, 9), np.uint16)).save(photos / "dog" / "deep.png")
    with pytest.raises(UserError, match=r"3 of 9 images cannot be used.*cut\.jpg.*--skip-broken yes"):
        PhotoFolder(photos)
    data = PhotoFolder(photos, skip_broken=True)
    assert len(data.in_mode("full")) == 6
    assert "deep.png: more than 8 bits" in capsys.readouterr().out


@pytest.mark.parametrize(("kind", "channels"), [(0, 1), (2, 3), (4, 2), (6, 4)])
def test_sixteen_bits_are_refused_in_colour_too(photos, data_root, kind, channels):
    header = struct.pack(">IIBBBBB", 8, 8, 16, kind, 0, 0, 0)
    parts = {b"IHDR": header, b"IDAT": zlib.compress((b"\0" + bytes(16 * channels)) * 8), b"IEND": b""}
    chunks = (
        struct.pack(">I", len(part)) + name + part + struct.pack(">I", zlib.crc32(name + part))
        for name, part in parts.items()
    )
    (photos / "deep.png").write_bytes(b"\x89PNG\r\n\x1a\n" + b"".join(chunks))
    with pytest.raises(UserError, match=r"deep\.png: more than 8 bits a channel"):
        PhotoFolder(photos)


def test_bombs_are_not_unpacked(photos, data_root, monkeypatch):
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 2100)
    with pytest.raises(UserError, match="more than 2,100 pixels"):
        PhotoFolder(photos)


def test_loops_and_hidden_files_are_left_out(photos, data_root):
    os.symlink(photos, photos / "cat" / "again")
    photo(photos / ".hidden.png")
    photo(photos / ".trash" / "a.png")
    assert len(find_photos(photos).names) == 6


def test_links_that_lead_nowhere_are_broken_photos(photos, data_root):
    os.symlink(photos / "nowhere.png", photos / "cat" / "gone.png")
    with pytest.raises(UserError, match=r"1 of 7 images cannot be used: .*gone\.png: .*--skip-broken yes"):
        PhotoFolder(photos)
    assert len(PhotoFolder(photos, skip_broken=True)) < 7
    with pytest.raises(UserError, match="channels: must be 1 or 3, got 2"):
        PhotoFolder(photos, channels=2)


def test_a_folder_that_is_none_of_photos_is_refused(tmp_path, photos, data_root, monkeypatch):
    (tmp_path / "empty").mkdir()
    photo(tmp_path / "single" / "a.png")
    photo(tmp_path / "one" / "cat" / "a.png")
    photo(tmp_path / "one" / "cat" / "b.png")
    for name, message in {"empty": "no images", "missing": "no such", "single": "single", "one": "one class"}.items():
        with pytest.raises(UserError, match=message):
            PhotoFolder(tmp_path / name)
    monkeypatch.setenv("OMNILEARN_DATA_DIR", str(photos / "local_data"))
    with pytest.raises(UserError, match="lies inside"):
        PhotoFolder(photos)


def test_changed_photos_are_converted_anew(photos, data_root):
    before = PhotoFolder(photos, image_size=32).in_mode("full").batch(torch.arange(6))
    photo(photos / "cat" / "1.jpg")
    after = PhotoFolder(photos, image_size=32).in_mode("full").batch(torch.arange(6))
    changed = [k for k in range(6) if not torch.equal(before[k], after[k])]
    assert changed == [0]


def test_names_that_are_no_text(tmp_path, data_root, capsys):
    folder = tmp_path / "photos"
    for k in range(4):
        photo(folder / os.fsdecode(b"class \xff%d" % (k % 2)) / f"{k}.png")
    data = PhotoFolder(folder, image_size=32)
    assert tuple(data.factor_values) == (("class \\udcff0", "class \\udcff1"),)
    (folder / os.fsdecode(b"\xfe\n.png")).write_bytes(b"none")
    with pytest.raises(UserError, match="broken: not an image") as problem:
        PhotoFolder(folder, image_size=32)
    str(problem.value).encode()
    assert "\n" not in str(problem.value)
    PhotoFolder(folder, image_size=32, skip_broken=True)


@pytest.mark.parametrize(
    ("table", "message"),
    [
        ("file;shape\n0.png;1\n1.png;2\n", "expected columns separated by commas"),
        (",file,shape\n0,0.png,1\n1,1.png,2\n", "column 1 has no name"),
        ("file,size\n0.png,1e200\n1.png,2\n", "'size' has values beyond"),
    ],
)
def test_a_table_of_another_kind_is_refused(tmp_path, data_root, table, message):
    for k in range(2):
        photo(tmp_path / "photos" / f"{k}.png")
    (tmp_path / "photos" / "table.csv").write_text(table)
    with pytest.raises(UserError, match=message):
        PhotoFolder(tmp_path / "photos", image_size=32)


def test_whole_numbers_of_any_size_are_numbers():
    assert column_of(["1", "99999999999999999999"]).tolist() == [1, 1e20]
    assert column_of(["1", "2"]).dtype == np.int64 and column_of(["1", "None"])[0] == 1


@pytest.mark.parametrize(
    "texts",
    [
        ["1_0", "10"],
        ["\u0661", "1"],
        ["99999999999999999998", "99999999999999999999"],
    ],
)
def test_what_would_be_the_same_number_to_python_stays_text(texts):
    assert column_of(texts).tolist() == texts


def test_ends_of_lines_within_quotes_belong_to_the_text(tmp_path, data_root):
    texts = ["a\nb", "a b", "a\u2028b", "a\u0085b"]
    for k in range(len(texts)):
        photo(tmp_path / "photos" / f"{k}.png")
    rows = "".join(f'{k}.png,"{text}"\n' for k, text in enumerate(texts))
    (tmp_path / "photos" / "table.csv").write_text("file,kind\n" + rows, encoding="utf-8", newline="")
    assert read_columns(tmp_path / "photos" / "table.csv", [f"{k}.png" for k in range(4)])["kind"].tolist() == texts
