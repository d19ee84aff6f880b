"""Scalars as the types that parameters are annotated with."""

from pathlib import Path
from typing import Any, Literal

import pytest

from omnilearn.config.convert import convert, describe
from omnilearn.config.yaml_text import dump_yaml, load_yaml
from omnilearn.errors import ConfigError

FITS = [
    (3, int, 3),
    ("12", int, 12),
    ("1e3", int, 1000),
    (2.0, int, 2),
    (1, float, 1.0),
    ("1e-3", float, 0.001),
    (True, bool, True),
    ("text", str, "text"),
    (5, str, "5"),
    ("a/b", Path, Path("a/b")),
    (None, None, None),
    ("elu", Literal["elu", None], "elu"),
    (None, Literal["elu", None], None),
    ([1], Any, [1]),
]
UNFIT = [
    (True, int),
    (2.5, int),
    ("many", int),
    (None, int),
    (True, float),
    ("x", float),
    (1, bool),
    ("yes", bool),
    (1.5, str),
    (True, str),
    (None, str),
    (3, Path),
    (0, None),
    ("elo", Literal["elu", None]),
    (True, Literal[1, 2]),
]


@pytest.mark.parametrize(("value", "want", "expected"), FITS)
def test_values_that_fit(value, want, expected):
    result = convert(value, want)
    assert result == expected
    assert type(result) is type(expected)


@pytest.mark.parametrize(("value", "want"), UNFIT)
def test_values_that_do_not_fit_say_what_was_expected(value, want):
    with pytest.raises(ValueError, match="expected"):
        convert(value, want)


def test_types_are_described_in_words():
    assert describe(list[int]) == "a list of int"
    assert describe(int | None) == "int or null"


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1e-3", 0.001),
        ("-1e5", -1e5),
        ("1.0e-3", 0.001),
        (".5", 0.5),
        ("7", 7),
        ("010", "010"),
        ("12:30:00", "12:30:00"),
        ("2020-01-01", "2020-01-01"),
        ("yes", True),
        ("off", False),
        ("None", None),
        ("none", None),
        ("nil", None),
        ("", None),
        ("y", "y"),
        ("[1, 1e-3, None]", [1, 0.001, None]),
        ("{a: {b: 2}}", {"a": {"b": 2}}),
    ],
)
def test_yaml_scalars(text, value):
    assert load_yaml(text, "test") == value


def test_saved_yaml_reads_back_unchanged():
    data = {
        "text": ["1e-3", "None", "010", "yes", "a: b", "", " x", "ü"],
        "empty": [{}, [], None],
        "n": [1e-5, -3, True],
    }
    assert load_yaml(dump_yaml(data), "test") == data


@pytest.mark.parametrize("text", ["a: [1", "a: 1\na: 2", "!!python/object/apply:os.system [true]", "a: !x 1", "\t- b"])
def test_what_is_not_plain_yaml_is_refused_with_its_place(text):
    with pytest.raises(ConfigError, match=r"file\.yaml: not valid YAML") as error:
        load_yaml(text, "file.yaml")
    assert "\n" not in str(error.value)
