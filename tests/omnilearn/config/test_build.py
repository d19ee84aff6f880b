"""Plain classes filled from configs."""

import inspect
from dataclasses import dataclass

import pytest

import sae_src as sae
from omnilearn.config import Builder, build, call, component, modifier, read, reject_unknown_keys
from omnilearn.errors import ConfigError


class Part:
    """A base class with a constructor of its own."""

    def __init__(self, size: int) -> None:
        self.size = size


@component("test-leaf")
class Leaf(Part):
    """Takes numbers."""

    def __init__(self, size: int = 1, *, rate: float = 0.5, label: str | None = None) -> None:
        super().__init__(size)
        self.rate, self.label = rate, label


@component("test-tree")
class Tree(Part):
    """Takes other parts."""

    def __init__(self, leaf: Part, makers: list[Builder[Part]] = (), sizes: tuple[int, ...] = ()) -> None:
        super().__init__(leaf.size)
        self.leaf, self.sizes = leaf, sizes
        self.leaves = [make(size=10 * (i + 1)) for i, make in enumerate(makers)]


@modifier("test-double")
class Double:
    """Doubles the size."""

    def __init__(self, *args, size: int = 1, by: int = 2, **kwargs) -> None:
        super().__init__(*args, size=by * size, **kwargs)


@dataclass
class Section:
    """A section without parent search."""

    freq: int = 7
    rate: float = 1.0


def config(**keys):
    return sae.create_config(**keys)


def test_arguments_come_from_the_node_and_its_ancestors_by_name():
    leaf = build(config(rate="1e-2", leaf={"_type": "test-leaf", "size": "3"}).peek("leaf"), Part)
    assert (leaf.size, leaf.rate, leaf.label) == (3, 0.01, None)


def test_lists_of_builders_make_new_parts_with_given_arguments():
    node = config(t={"_type": "test-tree", "leaf": {"_type": "test-leaf"}, "makers": [{"_type": "test-leaf"}] * 2})
    tree = build(node.peek("t"), Tree)
    assert [leaf.size for leaf in tree.leaves] == [10, 20]
    assert build(node.peek("t"), Tree).leaf is not tree.leaf


def test_a_builder_tells_the_parameters_of_what_it_makes():
    builder = read(config(x={"_type": "test-leaf"}).peek("x"), Builder[Part])
    assert list(inspect.signature(builder).parameters) == ["size", "rate", "label"]  # not those of Part


def test_references_and_types_by_reference():
    node = config(kind="test-leaf", n=4, t={"_type": "test-tree", "leaf": {"_type": "<>kind", "size": "<>n"}})
    assert build(node.peek("t"), Part).size == 4


@pytest.mark.parametrize("mods", ["test-double", ["test-double"], {"test-double": 1}, {"1": "test-double"}])
def test_modifiers_are_mixins(mods):
    leaf = build(config(x={"_type": "test-leaf", "_mod": mods, "size": 3, "by": 3}).peek("x"), Part)
    assert (leaf.size, type(leaf).__mro__[1:3]) == (9, (Double, Leaf))


def test_sections_read_their_own_keys_only():
    def script(a: Section, b: Section | None = None):
        return a, b

    assert call(script, config(rate=9, a={"freq": 3}, b=None)) == (Section(freq=3), None)


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        ({"_type": "test-lief"}, "no component named 'test-lief' .did you mean test-leaf"),
        ({"_type": "test-leaf", "_mod": "test-dubble"}, "no modifier named 'test-dubble'"),
        ({"_type": "test-leaf", "size": "big"}, "x.size: expected int, got 'big'"),
        ({"_type": "test-leaf", "size": "<>nowhere"}, "size refers to nowhere, which does not exist"),
        ({"_type": "test-tree"}, "x: Tree needs a value for leaf"),
        ({"_type": "test-tree", "leaf": 3}, "x.leaf: expected Part, got 3"),
        (
            {"_type": "test-tree", "leaf": {"_type": "criterion"}},
            "x.leaf: expected a Part component, got the component criterion",
        ),
        ({"_type": "test-tree", "leaf": {"_type": "test-leaf"}, "sizes": 3}, "x.sizes: expected a list of int"),
    ],
)
def test_mistakes_name_the_key(keys, message):
    with pytest.raises(ConfigError, match=message) as error:
        build(config(x=keys).peek("x"), Part)
    assert "\n" not in str(error.value)


def test_a_failure_leaves_nothing_behind():
    node = config(x={"_type": "test-tree", "leaf": {"_type": "test-leaf", "size": "<>n"}})
    for _ in range(2):
        with pytest.raises(ConfigError):
            build(node.peek("x"), Part)
    node.push("n", 5, silent=True)
    assert build(node.peek("x"), Part).size == 5
    assert Leaf(2).size == 2


@pytest.mark.parametrize("key", ["x.sizes", "x.size", "x.leaf.rate", "rate", "x.leaf._type", "split.anything", "n"])
def test_keys_that_something_declares_are_known(key):
    node = config(**{"x._type": "test-tree", "x.leaf._type": "test-leaf", "x.leaf.size": "<>n", "n": 1})

    def script(x: Part, split: dict[str, float] | None = None):
        reject_unknown_keys(node, [key])

    call(script, node)


@pytest.mark.parametrize(
    ("key", "hint"), [("x.siz", "x.size"), ("y.size", "size"), ("x.leaf.rat", "rate"), ("x.leaf.size.a", "size")]
)
def test_misspelled_keys_are_refused_with_a_suggestion(key, hint):
    node = config(**{"x._type": "test-tree", "x.leaf._type": "test-leaf"})
    with pytest.raises(ConfigError, match=rf"--{key} is not a key of this run .did you mean .*{hint}"):
        reject_unknown_keys(node, [key])


def test_a_key_of_the_root_is_suggested_by_its_name():
    node = config(_type="test-leaf")
    with pytest.raises(ConfigError, match=r" .did you mean size\?"):
        reject_unknown_keys(node, ["y.size"])
