"""Merging configs and reading command lines."""

import shlex

import pytest

import sae_src as sae
from omnilearn.config import dump_yaml
from omnilearn.config.command_line import split_command_line
from omnilearn.config.tree import merged, nested, without_removed
from omnilearn.errors import ConfigError


@pytest.mark.parametrize(
    ("low", "high", "result"),
    [
        ({"a": 1}, {"b": 2}, {"a": 1, "b": 2}),
        ({"a": {"b": 1, "c": 2}}, {"a": {"b": 3}}, {"a": {"b": 3, "c": 2}}),
        ({"a": {"b": 1}}, {"a": None}, {"a": None}),
        ({"a": None}, {"a": {"b": 1}}, {"a": {"b": 1}}),
        ({"a": [1, 2, 3]}, {"a": [9]}, {"a": [9]}),
        ({"a": [1, 2, 3]}, {"a": []}, {"a": []}),
        ({"a": [1, 2, 3]}, {"a": {"1": 9}}, {"a": [1, 9, 3]}),
        ({"a": [1]}, {"a": {"1": 9}}, {"a": [1, 9]}),
        ({"a": [{"b": 1}]}, {"a": {"0": {"c": 2}}}, {"a": [{"b": 1, "c": 2}]}),
    ],
)
def test_merging(low, high, result):
    assert merged(low, high) == result


def test_merging_changes_neither_side():
    low, high = {"a": {"b": [1]}}, {"a": {"c": [2]}}
    merged(low, high)["a"]["b"].append(3)
    assert (low, high) == ({"a": {"b": [1]}}, {"a": {"c": [2]}})


def test_an_item_beyond_a_list_is_refused():
    with pytest.raises(ConfigError, match="no item 5 in a list of 1"):
        merged([1], {"5": 2})


def test_dashes_and_dots_in_keys():
    assert nested({"reg-wt": 1, "a.b-c": 2, "a": {"d": 3}}) == {"reg_wt": 1, "a": {"b_c": 2, "d": 3}}


def test_removed_keys():
    assert without_removed({"a": "_x_", "b": [1, "_x_"]}) == {"b": [1]}


def test_command_line():
    words, keys = split_command_line(["train", "a", "b", "--x", "1e-3", "--y=no", "--flag", "--z", "-5", "--w", "a=b"])
    assert words == ["train", "a", "b"]
    assert keys == {"x": 0.001, "y": False, "flag": True, "z": -5, "w": "a=b"}


@pytest.mark.parametrize("words", [["--a", "1", "b"], ["-x"], ["--"], ["--a", "[1,"]])
def test_command_lines_that_make_no_sense(words):
    with pytest.raises(ConfigError):
        split_command_line(words)


def test_the_leftmost_config_wins_and_keys_win_over_all():
    assert sae.create_config("mish", "a/conv12", "m/ae", "d/vec").pull("model.nonlin") == "mish"
    config = sae.create_config("a/e/small", "a/d/conv12", "m/vae", "d/vec", **{"reg-wt": 3, "latent-dim": 4})
    assert (config.pull("reg_wt"), config.pull("latent_dim")) == (3, 4)
    assert config.pull("model.encoder.last.hidden") == [256, 128]


def test_the_order_of_strength_is_that_of_the_published_system():
    project = sae.create_config("demo").project
    order = project.config_manager._order(["hybrid", "a/ladder/12", "m/vae", "d/vec"])
    expected = "hybrid a/ladder/12 a/e/ladder/12 a/e/ladder/_ladder a/d/ladder/12 a/d/ladder/_ladder a/d/strc/12"
    assert order == [*expected.split(), "a/d/strc/_style", "m/vae", "d/vec", "a/size/vec", "a/_base", "base"]


def test_a_saved_config_makes_the_same_config(tmp_path):
    config = sae.create_config("hybrid", "a/e/conv12", "a/d/strc/12", "m/ae", "d/vec", **{"model.nonlin": "mish"})
    tree = {key: value for key, value in config.to_python().items() if not key.startswith("_")}
    path = tmp_path / "config.yaml"
    path.write_text(dump_yaml(tree))
    assert sae.create_config(path).to_python() == tree


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ("--seed 1 --seed 2", "seed is given twice: --seed 2 counts, not --seed 1"),
        ("--reg-wt 1 --reg_wt=2", "reg_wt is given twice: --reg_wt 2 counts, not --reg-wt 1"),
        ("--a 1 --b 2 --a 1 --a 3", "a is given twice: --a 3 counts, not --a 1"),
        ("--hybrid --hybrid no", "hybrid is given twice: --hybrid no counts, not --hybrid"),
        ("--a 1 --a yes", "a is given twice"),
        ("--a.b 1 --a '{b: 2}'", "a.b is given twice: --a '{b: 2}' counts, not --a.b 1"),
        ("--a null --a.b 1", "a is given twice: --a.b 1 counts, not --a null"),
        ("--a.b 1 --a null", "a is given twice: --a null counts, not --a.b 1"),
        ("--a.0 1 --a [2]", "a is given twice: --a '[2]' counts, not --a.0 1"),
        ("--a [1] --a.b 2", "a is given twice"),
    ],
)
def test_a_key_with_two_values(words, message, caplog):
    split_command_line(shlex.split(words))
    assert message in caplog.text


@pytest.mark.parametrize(
    ("words", "tree"),
    [
        ("--seed 1 --seed 1", {"seed": 1}),
        ("--reg-wt 1 --reg_wt 1.0", {"reg_wt": 1}),
        ("--hybrid --hybrid yes", {"hybrid": True}),
        ("--a '{b: 1}' --a.c 2", {"a": {"b": 1, "c": 2}}),
        ("--a '{b: 1}' --a '{c: 2}'", {"a": {"b": 1, "c": 2}}),
        ("--a {} --a.b 1", {"a": {"b": 1}}),
        ("--a.b 1 --a {}", {"a": {"b": 1}}),
        ("--a [1,2] --a.1 3", {"a": [1, 3]}),
    ],
)
def test_keys_that_say_no_two_things(words, tree, caplog):
    assert nested(split_command_line(shlex.split(words))[1]) == tree and not caplog.records
