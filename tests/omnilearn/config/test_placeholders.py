"""Bases that depend on keys."""

import pytest

import sae_src as sae
from omnilearn.config.placeholders import filled
from omnilearn.errors import ConfigError

KNOWN = ("a/size/32", "a/size/64", "a/size/128", "a/size/vec", "base")


@pytest.mark.parametrize(
    ("keys", "name", "is_noted"),
    [
        ({}, "a/size/64", False),
        ({"side": 128}, "a/size/128", False),
        ({"side": 32, "dataset": {"side": 128}}, "a/size/128", False),
        ({"side": "vec"}, "a/size/vec", False),
        ({"side": 47}, "a/size/32", True),
        ({"side": 48}, "a/size/64", True),
        ({"side": 1000}, "a/size/128", True),
    ],
)
def test_the_nearest_config_is_taken(keys, name, is_noted):
    notes = []
    assert filled("a/size/{side:64}", keys, KNOWN, notes.append) == name
    assert bool(notes) == is_noted


def test_names_without_a_placeholder_stay():
    assert filled("base", {"base": 3}, KNOWN, print) == "base"


@pytest.mark.parametrize("value", ["large", -3, 1.5])
def test_what_is_no_number_is_refused(value):
    with pytest.raises(ConfigError, match="side: expected a number"):
        filled("a/size/{side}", {"side": value}, KNOWN, print)


def test_a_config_in_front_decides_too(tmp_path):
    (tmp_path / "mine.yaml").write_text("image_size: 128")
    config = sae.create_config(str(tmp_path / "mine.yaml"), "a/conv12", "m/ae", "d/folder", path="photos")
    assert config.pull("info.size", silent=True) == 128
    config = sae.create_config(
        str(tmp_path / "mine.yaml"), "a/conv12", "m/ae", "d/folder", image_size=32, path="photos"
    )
    assert config.pull("info.size", silent=True) == 32
