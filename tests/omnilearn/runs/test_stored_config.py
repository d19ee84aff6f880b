"""What of a stored config counts: nothing that fetches, writes or names other files."""

from pathlib import Path

import pytest

from omnilearn.errors import ConfigError
from omnilearn.runs.identity import stored_form
from omnilearn.runs.stored_config import read_stored_config, with_override


def stored(run: Path, text: str) -> dict:
    (run / "config.yaml").write_text(text)
    return read_stored_config(run)


@pytest.mark.parametrize(
    "text",
    [
        "download: yes",
        "dataset: {_type: mnist, download: true}",
        "dataset.download: true",
        "dataset: {sources: evil.yaml}",
        "fid: {_type: fid, download: yes}",
        "other: [{deep: {down: {download: 1, sources: x}}}]",
        "cacheroot: /etc",
        "dataset: {cacheroot: /etc}",
        "_base: [/home/somebody/secret.yaml]",
        "dataset: {_creator: /tmp/theirs:creator, _type: mnist}",
        "_meta: {settings: {creator: default}}",
    ],
)
def test_what_is_left_out(text, tmp_path):
    def keys(tree):
        if isinstance(tree, dict):
            return set(tree).union(*map(keys, tree.values()))
        return set().union(*map(keys, tree)) if isinstance(tree, list) else set()

    config = with_override(stored(tmp_path, text), {})
    assert not keys(config) & {"download", "sources", "cacheroot", "_base", "_creator", "_meta"}


def test_what_the_user_says_counts(tmp_path):
    config = with_override(
        stored(tmp_path, "dataset: {_type: mnist, download: no, seed: 3}"),
        {"dataset.download": True, "fid": {"download": True}, "sources": "mine.yaml"},
    )
    assert config["dataset"] == {"_type": "mnist", "seed": 3, "download": True}
    assert config["fid"] == {"download": True} and config["sources"] == "mine.yaml"


def test_arrays_go_to_the_users_own_folder(tmp_path, monkeypatch):
    monkeypatch.setenv("OMNILEARN_DATA_DIR", str(tmp_path / "mine"))
    theirs = stored(tmp_path, f"dataset: {{dataroot: {tmp_path}}}")
    assert with_override(theirs, {})["cacheroot"] == str(tmp_path / "mine")
    assert with_override(stored(tmp_path, "dataset: {dataroot: <>there}\nthere: /"), {})["cacheroot"]
    for given in ({"dataset.dataroot": "x"}, {"dataroot": "x"}, {"dataset": {"dataroot": "x"}}):
        config = with_override(theirs, given)
        assert "cacheroot" not in config and str(tmp_path) not in str(config)


def test_a_data_folder_that_is_not_here(tmp_path, caplog):
    config = with_override(stored(tmp_path, "dataset: {dataroot: /not/here}"), {})
    assert config == {"dataset": {}}
    assert "/not/here is not here" in caplog.text


@pytest.mark.parametrize(
    "text", ["self: 1\nconfigs: 2\nbudget: 3", "dataset: {dataroot: 3}", "dataset: {dataroot: [a]}", "dataroot: null"]
)
def test_odd_keys_and_values_are_data(text, tmp_path):
    assert with_override(stored(tmp_path, text), {})


@pytest.mark.parametrize("content", [b"- 1", b"\xff\xfe", b"a: [1", b"a: 1\na: 2", b"3"])
def test_damaged(content, tmp_path):
    (tmp_path / "config.yaml").write_bytes(content)
    with pytest.raises(ConfigError, match=r"config\.yaml"):
        read_stored_config(tmp_path)


def test_what_fetches_is_not_stored():
    config = {"download": True, "cacheroot": "x", "dataset": {"_type": "mnist", "download": True, "sources": "x"}}
    assert stored_form(config) == {"dataset": {"_type": "mnist"}}
