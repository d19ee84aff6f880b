"""Reading the parts of YAML files: the same as reading them whole."""

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from omnilearn.config.yaml_parts import load_shared_yaml
from omnilearn.config.yaml_text import dump_yaml, load_yaml
from omnilearn.errors import ConfigError

TREE = {
    "seed": 3,
    "when": "2026-01-01T00:00:00",
    "word": "007",
    "model": {"layers": [{"_type": "<>x"}, {"a": None}], "text": "a: b\n- c\n\n d", "long": "word " * 60},
    "list": [1, 2.5, "yes", True],
    "empty": {},
    "rate": 1e-5,
    "name": "& no anchor, * nor this",
}
TEXTS = [
    dump_yaml(TREE),
    dump_yaml({"a": "&b", "c": "*b", "--- x": 1}),
    "a: &x [1, 2]\nb: *x\n",
    "{a: 1,\n b: 2}",
    "a:\n  b: 1\n# note\nc: 2\n",
    "a: 1\n\nb: |\n  x\n\n  y\n",
    "a: >-\n  x\n\n  y\n",
    'a: "x\n  y"\nb: 1',
    "true: 1\n",
    "seed: 007",
    "model:\n  lr: 0.1\n  deep:\n    a: 1\n    b:\n    - 1\n    - c: 2\n",
    'model:\n  text: "a\n    b: c"\n  d: 1\n',
    "model:\n  text: 'a\n\n    b: c\n\n    '\n  d: 1\n",
    "model:\n  a long\n  text\n",
    "model:\n  deep:\n  other: 2\nnext:\n",
    "model:\n  yes: 1\n  null: 2\n",
    "model: # note\n  a: 1\n",
    "a:b: 1\nc: 2\n",
    "rate: 0.50\nother: 1.0\nthird: 00.5\nlast: 1.\n",
    "number: ٣\nreal: ٣.٣\n",
    "first: 1\n# note\nmodel:\n  a: 1\n# note\n  b: 2\n\n\nlast: 'x'\n\n",
    "\n\nmodel:\n\n  a: 1\n  b:\n  - 1\n  -  c: 2\n     d: 3\n",
    "text: > # note\n  x\n\n  y\n\nnext: 1\n",
    "text: >+ # note\n  x\n\n# note\n\nnext: 1\n",
    "text: 'x\n# y\n  z'\n",
    "model:\n  text: 'x\n  # y\n    z'\n",
    "text: !\n# \t\n",
    "",
    "- 1\n- 2",
]


@pytest.mark.parametrize("text", TEXTS)
def test_the_same_as_the_whole(text):
    for _ in range(2):
        assert load_shared_yaml(text, "x") == load_yaml(text, "x")


TEXT = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=8)
DATA = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=12,
)


@settings(max_examples=200, deadline=None)
@given(st.dictionaries(st.sampled_from(["model", "seed", "x.y", "a-b"]), DATA))
def test_whatever_a_run_may_write(tree):
    text = dump_yaml(tree)
    assert repr(load_shared_yaml(text, "x")) == repr(load_yaml(text, "x"))


@pytest.mark.parametrize(
    "text",
    [
        "a: 1\na: 2",
        "model:\n  a: 1\n  a: 2",
        "model:\n  a: 1\n   b: 2",
        "a: [1",
        "a: 1\n b: 2",
        "aaa: 1\rbbb: 2\nbbb: 3",
        "text: x\n# y\n  z\n",
        "text: 1\n# \x00\n",
        "\n".join("  " * depth + "key:" for depth in range(1000)),
        f"{'k' * 1100}: 1\n",
        f"model:\n  {'k' * 1100}: 1\n",
        "aaa: 1\x85bbb: 2\nbbb: 3",
        "a: !!python/object:x {}",
        "a: 1\nb",
    ],
)
def test_mistakes_are_those_of_the_whole(text):
    with pytest.raises(ConfigError) as whole:
        load_yaml(text, "x")
    with pytest.raises(ConfigError) as parts:
        load_shared_yaml(text, "x")
    assert str(parts.value) == str(whole.value)


@pytest.mark.parametrize("text", ["a" * 90_000, "_" * 90_000 + " ", "a." * 45_000, "a: " + "." * 60_000 + "\n"])
def test_a_long_line_takes_no_longer_than_short_ones(text):
    began = time.process_time()
    assert load_shared_yaml(text, "x") == load_yaml(text, "x")
    assert time.process_time() - began < 2


def test_only_some_keys():
    assert load_shared_yaml("a: 1\nb: {c: 2}\n", "x", ["b"]) == {"b": {"c": 2}}
