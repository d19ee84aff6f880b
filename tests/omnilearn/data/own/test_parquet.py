"""Factors of photos in a Parquet file: as in a CSV of the same table, whoever wrote it."""

import numpy as np
import pandas
import pytest
import torch

from omnilearn.data.own import columns_file
from omnilearn.data.own.columns_file import read_columns
from omnilearn.data.own.folder import PhotoFolder
from omnilearn.errors import UserError
from tests.omnilearn.data.own.test_folder import photo

pyarrow = pytest.importorskip("pyarrow", reason="Parquet needs pyarrow, 55 MB: pip install pyarrow")

NAMES = [f"{k}.png" for k in range(6)]
TABLE = pandas.DataFrame(
    {
        "file": NAMES,
        "angle": [0, 1, 2, 0, 1, 2],
        "size": [0.5, 0.5, 0.5, 1.25, 1.25, 1.25],
        "mood": ["sad", "gay", "sad", "gay", "sad", "gay"],
    }
)


@pytest.fixture
def photos(tmp_path):
    for name in NAMES:
        photo(tmp_path / "photos" / name)
    return tmp_path / "photos"


def written(path, table=TABLE, **how):
    table.to_parquet(path, **how)
    return path


@pytest.mark.parametrize("compression", [None, "snappy", "gzip", "zstd"])
def test_the_columns_are_those_of_a_csv(tmp_path, compression):
    TABLE.to_csv(tmp_path / "table.csv", index=False)
    expected = read_columns(tmp_path / "table.csv", NAMES)
    found = read_columns(written(tmp_path / "table.parquet", compression=compression), NAMES)
    assert list(found) == list(expected) == ["angle", "size", "mood"]
    for name, column in expected.items():
        assert found[name].dtype == column.dtype
        np.testing.assert_array_equal(found[name], column)


def test_rows_of_another_order_and_of_other_files(tmp_path):
    more = pandas.concat([TABLE.assign(file="unknown/" + TABLE["file"]), TABLE.iloc[::-1]])
    found = read_columns(written(tmp_path / "table.parquet", more), NAMES)
    assert found["angle"].tolist() == TABLE["angle"].tolist()


@pytest.mark.parametrize("kind", ["category", "string", "index", "int8", "float32", "bool"])
def test_types_of_parquet(tmp_path, kind):
    table = TABLE.set_index("file") if kind == "index" else TABLE
    if kind in ("category", "string"):
        table = TABLE.astype({"mood": kind, "file": kind})
    elif kind != "index":
        table = TABLE.astype({"angle": kind})
    found = read_columns(written(tmp_path / "table.parquet", table), NAMES)
    assert found["mood"].tolist() == TABLE["mood"].tolist()
    assert found["angle"].tolist() == ([str(v) for v in table["angle"]] if kind == "bool" else TABLE["angle"].tolist())


@pytest.mark.parametrize("missing", [None, float("nan")])
def test_values_that_are_missing(tmp_path, photos, data_root, missing):
    table = TABLE.astype({"angle": "Int64"} if missing is None else {"angle": float})
    table.loc[2, "angle"] = missing
    path = written(photos / "factors.parquet", table)
    assert np.isnan(read_columns(path, NAMES)["angle"]).tolist() == [k == 2 for k in range(6)]
    with pytest.raises(UserError, match="'angle' has 1 missing values"):
        PhotoFolder(photos)


def test_photos_beside_a_parquet_file(photos, data_root):
    written(photos / "factors.parquet")
    data = PhotoFolder(photos, image_size=32, table=None).in_mode("full")
    assert tuple(data.factor_names) == ("angle", "size", "mood") and data.grid is None
    everything = torch.arange(6)
    assert data.factors(everything)[:, 0].tolist() == TABLE["angle"].tolist()
    (photos / "factors.csv").write_text("file,a\n")
    with pytest.raises(UserError, match=r"several tables, .*--dataset\.table"):
        PhotoFolder(photos)
    chosen = PhotoFolder(photos, image_size=32, table=photos / "factors.parquet").in_mode("full")
    assert torch.equal(chosen.factors(everything), data.factors(everything))


@pytest.mark.parametrize(
    ("table", "message"),
    [
        (TABLE.iloc[:1], "no row for 5"),
        (pandas.concat([TABLE, TABLE.iloc[:1]]), "two rows for 0.png"),
        (TABLE.iloc[:0], "no row for 6"),
    ],
)
def test_tables_that_do_not_fit(tmp_path, table, message):
    with pytest.raises(UserError, match=message):
        read_columns(written(tmp_path / "table.parquet", table), NAMES)


def test_damaged_files_are_told_in_one_line(tmp_path):
    whole = written(tmp_path / "whole.parquet").read_bytes()
    bad = tmp_path / "bad.parquet"
    generator = np.random.default_rng(0)
    contents = [b"", b"text", whole[:-3], whole[: len(whole) // 2], b"PAR1" + bytes(40) + b"PAR1"]
    for _ in range(60):
        changed = bytearray(whole)
        for place in generator.integers(len(whole), size=3):
            changed[place] = int(generator.integers(256))
        contents.append(bytes(changed))
    refused = 0
    for content in contents:
        bad.write_bytes(content)
        try:
            read_columns(bad, NAMES)
        except UserError as error:
            refused += 1
            assert "bad.parquet" in str(error) and "\n" not in str(error)
    assert refused >= 5


def test_versions_that_run_what_a_file_says_are_refused(tmp_path, monkeypatch):
    path = written(tmp_path / "table.parquet")
    monkeypatch.setattr(pyarrow, "__version__", "14.0.0")
    with pytest.raises(UserError, match=r"pyarrow 14\.0\.1 or later"):
        read_columns(path, NAMES)


def test_a_missing_package_is_named(tmp_path, monkeypatch):
    path = written(tmp_path / "table.parquet")
    monkeypatch.setitem(__import__("sys").modules, "pyarrow", None)
    with pytest.raises(UserError, match=r"pip install pandas pyarrow.*or save it as a CSV"):
        columns_file.read_columns(path, NAMES)
