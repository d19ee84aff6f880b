"""Factor columns in a CSV or Parquet file, one row for each file that its first column, or `file`, names."""

import csv
from collections.abc import Mapping, Sequence
from importlib import import_module
from io import StringIO
from pathlib import Path, PurePosixPath

import numpy as np

from omnilearn.errors import UserError, first_line, printable
from omnilearn.files import open_regular

SUFFIXES = (".csv", ".parquet")
FILE = "file"
_MISSING = frozenset({"", "na", "n/a", "nan", "null", "none", "<na>"})


def find_table(folder: Path) -> Path | None:
    """The table in a folder, None without any; `UserError` where there are several."""
    found = sorted(
        path for path in folder.iterdir() if path.suffix.lower() in SUFFIXES and not path.name.startswith(".")
    )
    if len(found) > 1:
        names = ", ".join(path.name for path in found)
        raise UserError(f"{folder}: several tables, {names}: say which with --dataset.table FILE")
    return found[0] if found else None


def read_columns(path: Path, names: Sequence[str]) -> dict[str, np.ndarray]:
    """The columns (N,) of a table in the order of the files `names`: whole numbers, floats or text.

    A row names a file by its path below the folder, or by its last part where that is the only one of that name. A
    number that is missing is NaN, a text empty. Raises `UserError` where the table cannot be read, or has not exactly
    one row for each file; rows about others are left out.
    """
    header, rows = _read_csv(path) if path.suffix.lower() == ".csv" else _read_parquet(path)
    if len(set(header)) < len(header):
        raise UserError(f"{path}: two columns of one name")
    key = header.index(FILE) if FILE in header else 0
    nameless = [k for k, name in enumerate(header, 1) if not name and k != key + 1]
    if nameless:
        raise UserError(f"{path}: column {nameless[0]} has no name: name it, or save the table without it (an index)")
    row_of = _rows_by_file(path, [str(row[key]) for row in rows], names)
    missing = [name for name in names if name not in row_of]
    if missing:
        raise UserError(f"{path}: no row for {len(missing)} of the images, such as {printable(missing[0])}")
    picked = [rows[row_of[name]] for name in names]
    return {name: column_of([row[k] for row in picked]) for k, name in enumerate(header) if k != key}


def _read_csv(path: Path) -> tuple[list[str], list[list[str]]]:
    try:
        with open_regular(path, follow_links=True) as file:
            text = file.read().decode("utf-8-sig")
        table = [row for row in csv.reader(StringIO(text, newline=""), strict=True) if row]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise UserError(f"{path}: cannot be read as a CSV in UTF-8: {first_line(error)}") from error
    if len(table) < 2:
        raise UserError(f"{path}: expected a line of names and one for each image")
    header = [name.strip() for name in table[0]]
    if len(header) == 1 and any(sign in header[0] for sign in ";\t|"):
        raise UserError(f"{path}: a single column, {header[0]!r}: expected columns separated by commas")
    for number, row in enumerate(table[1:], 2):
        if len(row) != len(header):
            raise UserError(f"{path}: row {number} has {len(row)} values for {len(header)} columns")
    return header, [[value.strip() for value in row] for row in table[1:]]


def _read_parquet(path: Path) -> tuple[list[str], list[list[str]]]:
    try:
        import pandas

        pyarrow = import_module("pyarrow")
    except ImportError:
        raise UserError(f"{path}: needs pandas and pyarrow (pip install pandas pyarrow), or save it as a CSV") from None
    # Those before run what a file says (CVE-2023-47248).
    if tuple(map(int, pyarrow.__version__.split(".")[:3])) < (14, 0, 1):
        raise UserError(
            f"{path}: needs pyarrow 14.0.1 or later, there is {pyarrow.__version__}: pip install -U pyarrow"
        )
    try:
        with open_regular(path, follow_links=True) as file:
            frame = pandas.read_parquet(file, engine="pyarrow")
        if any(
            name is not None for name in frame.index.names
        ):  # what pandas wrote as the index is a column like others
            frame = frame.reset_index()
        columns = [
            frame[name].astype(object).where(frame[name].notna(), "").astype(str).tolist() for name in frame.columns
        ]
    except (OSError, ValueError, TypeError, LookupError, AttributeError, RuntimeError, OverflowError) as error:
        raise UserError(f"{path}: cannot be read as Parquet: {first_line(error)}") from error
    return [str(name) for name in frame.columns], [list(row) for row in zip(*columns, strict=True)]


def _rows_by_file(path: Path, files: Sequence[str], names: Sequence[str]) -> Mapping[str, int]:
    last_parts: dict[str, list[str]] = {}
    for name in names:
        last_parts.setdefault(PurePosixPath(name).name, []).append(name)
    known, row_of = set(names), {}
    for row, file in enumerate(files):
        name = PurePosixPath(file.replace("\\", "/")).as_posix()
        same = last_parts.get(name, [])
        found = name if name in known else same[0] if len(same) == 1 else None
        if found is not None and found in row_of:
            raise UserError(f"{path}: two rows for {printable(found)}")
        if found is not None:
            row_of[found] = row
    return row_of


def column_of(texts: Sequence[str]) -> np.ndarray:
    """A column (N,) of what texts say: whole numbers, floats or text; a number that is missing is NaN, a text empty."""
    values = ["" if text.lower() in _MISSING else text for text in texts]
    numbers = [value or "nan" for value in values]
    if not all(value.isascii() and "_" not in value for value in numbers):  # "1_0" would be ten to Python
        return np.array(values)
    for kind, dtype in ((int, np.int64), (float, np.float64)):
        try:
            column = np.array([kind(number) for number in numbers], dtype=dtype)
        except (ValueError, OverflowError):
            continue
        if _rounded_to_one(numbers, column):
            break
        return column
    return np.array(values)


def _rounded_to_one(numbers: Sequence[str], column: np.ndarray) -> bool:
    """Whether whole numbers of more digits than floats have, as those that name things, became the same float."""
    if column.dtype.kind != "f":
        return False
    whole = {int(number) for number in numbers if number.lstrip("+-").isdigit()}
    return len({float(number) for number in whole}) < len(whole)
