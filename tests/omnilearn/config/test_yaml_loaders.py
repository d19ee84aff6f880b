"""The fast loader of YAML reads what the other one reads, and refuses what it refuses."""

from typing import Any

import pytest
import yaml
from hypothesis import example, given, settings
from hypothesis import strategies as st

from omnilearn.config import yaml_text
from omnilearn.config.yaml_text import dump_yaml, load_yaml
from omnilearn.errors import ConfigError
from tests.conftest import ROOT

PIECES = [
    "a",
    "b: 1",
    "\n",
    "  ",
    "- ",
    ": ",
    "? ",
    "[",
    "]",
    "{",
    "}",
    ", ",
    "#",
    "'",
    '"',
    "|",
    ">",
    "&x ",
    "*x",
    "<<",
]
PIECES += [
    "!!int ",
    "!!str ",
    "!x ",
    "---",
    "...",
    "%YAML 1.1",
    "1e-3",
    "0x1f",
    ".inf",
    "yes",
    "None",
    "~",
    "\t",
    "\\n",
]
PIECES += ["\x85", "\u2028", "é", "\ufeff", "1_000", "2001-01-01", "=", "@", "`", "\r\n", "\\x41", "- - - ", "a.b: c"]


def outcome(text: str, loader: Any) -> Any:
    try:
        return repr(yaml.load(text, loader))
    except (yaml.YAMLError, ValueError, TypeError, LookupError, AttributeError, RecursionError):
        return None


@pytest.mark.skipif(not yaml.__with_libyaml__, reason="PyYAML without libyaml")
@settings(max_examples=500, deadline=None)
@given(st.lists(st.sampled_from(PIECES), max_size=12).map("".join))
@example("a: !!int")
@example("a: 1\na: 2")
@example("&a [*a]")
def test_both_read_the_same(text):
    try:
        found = repr(load_yaml(text, "here"))
    except ConfigError:
        found = None
    expected = outcome(text, yaml_text._Loader)
    assert found == expected or (found is None and "*" in text)  # what contains itself is refused later


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(min_size=1), inner, max_size=3),
        max_leaves=8,
    )
)
@settings(max_examples=200, deadline=None)
def test_what_is_written_is_read_back(data):
    text = dump_yaml(data)
    assert outcome(text, yaml_text._FAST_LOADER) == outcome(text, yaml_text._Loader)


def test_every_config_of_the_project():
    paths = list((ROOT / "config").rglob("*.yaml"))
    assert len(paths) > 30
    for path in paths:
        text = path.read_text()
        assert outcome(text, yaml_text._FAST_LOADER) == outcome(text, yaml_text._Loader) is not None


@pytest.mark.parametrize(
    "text", ["[" * 100_000, "{a: " * 100_000, "- " * 100_000, "? " * 100_000, "a: &a [*a]", "!!int", "a: !!int ''"]
)
def test_texts_that_are_refused(text):
    with pytest.raises(ConfigError, match="not valid YAML"):
        load_yaml(text, "here")
