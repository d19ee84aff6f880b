"""Whatever is typed or read: an answer or a `UserError`, never anything else."""

import io

import pytest
import torch
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

import sae_src as sae
from omnilearn.config.command_line import split_command_line
from omnilearn.config.tree import merged, nested, read_config, without_removed
from omnilearn.config.yaml_text import dump_yaml, is_plain_text, load_yaml
from omnilearn.errors import UserError
from omnilearn.files import read_json
from omnilearn.tensor_files import load_tensors

BOUNDED = settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
TEXT = st.text(max_size=60)
KEYS = st.text(st.characters(codec="ascii", categories=["L", "N"]), min_size=1, max_size=8)
SCALARS = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | TEXT.filter(is_plain_text)
TREES = st.recursive(SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=3))


def answers(call, *arguments) -> None:
    try:
        call(*arguments)
    except UserError as error:
        assert str(error)


@BOUNDED
@given(TEXT)
def test_yaml(text):
    answers(load_yaml, text, "text")


@BOUNDED
@given(TREES)
@example("\x85")
@example({"a": ["x\u2028 y", "\u2029", " \x85\n", "#\x85"]})
def test_saved_yaml_reads_back(tree):
    assert load_yaml(dump_yaml(tree), "text") == tree


@BOUNDED
@given(st.lists(TEXT | st.sampled_from(["--a", "--b.0=1", "--", "-x", "[", "{a: ", "--c=", "word"]), max_size=6))
def test_command_lines(words):
    answers(split_command_line, words)


@BOUNDED
@given(st.dictionaries(KEYS, TREES, max_size=3), st.dictionaries(KEYS, TREES, max_size=3))
def test_merging(low, high):
    answers(lambda: without_removed(merged(nested(low), nested(high))))


@pytest.mark.slow
@BOUNDED
@given(
    st.sampled_from(
        ["budget", "seed", "latent-dim", "reg-wt", "model.nonlin", "model._type", "model._mod", "model.encoder",
         "model.encoder.layers", "model.encoder.layers.0", "model.decoder.last.hidden", "model.criterion.ident",
         "model.encoder.first.width", "din", "width"]
    ),
    TREES | st.sampled_from(["<>", "<>width", "<>nowhere", "_x_", "__x__", "<>..", "<!>model", "ae", "mlp", 1e400]),
)  # fmt: skip
def test_configs(key, value):
    if key in ("latent-dim", "width", "din", "model.encoder.first.width") and isinstance(value, int):
        value = min(value, 50)  # a model of any size is no mistake
    answers(lambda: sae.build_model("a/conv12", "m/ae", "d/vec", shape=(20,), **{key: value}))


@BOUNDED
@given(st.binary(max_size=200))
def test_files_of_noise(tmp_path, data):
    path = tmp_path / "file"
    path.write_bytes(data)
    for read in (load_tensors, read_json, read_config):
        answers(read, path)


@BOUNDED
@given(st.integers(0, 10_000), st.integers(0, 255), st.booleans())
def test_damaged_checkpoints(tmp_path, position, value, cut):
    buffer = io.BytesIO()
    torch.save({"model": {"weight": torch.arange(6.0), "n": 3}, "list": [1, "a", None]}, buffer)
    data = bytearray(buffer.getvalue())
    position %= len(data)
    data[position] = value
    path = tmp_path / "file"
    path.write_bytes(data[:position] if cut else data)
    answers(load_tensors, path)


def test_the_guard_notices(tmp_path):
    with pytest.raises(ZeroDivisionError):
        answers(lambda: 1 / 0)
