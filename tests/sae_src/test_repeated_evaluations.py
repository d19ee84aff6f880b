"""Results of `fig eval` are replaced only when that is asked; the same evaluation may be repeated."""

import json
import shutil

import omnifig
import pytest

from omnilearn.errors import UserError
from omnilearn.tensor_files import load_tensors
from tests.sae_src.test_runs import events

pytestmark = pytest.mark.slow

TRAIN = (
    "train hybrid a/conv12 m/vae d/vec --dataset.num-samples 60 --dataset.batch-size 12 --budget 2 --checkpoint.freq 1 "
    "--validation null --device cpu --name-include-date no"
)


@pytest.fixture(scope="module")
def template(tmp_path_factory):
    return omnifig.main([*TRAIN.split(), "--name", "done", "--saveroot", str(tmp_path_factory.mktemp("template"))])


@pytest.fixture
def run(template, runs):
    return shutil.copytree(template, runs / "done")


def stored(run, ident: str) -> dict:
    return json.loads((run / f"{ident}.json").read_text())


def contents(run) -> dict:
    return {path.name: path.read_bytes() for path in run.iterdir() if path.is_file() and "tfevents" not in path.name}


@pytest.mark.parametrize(("mode", "ident"), [("val", "eval"), ("test", "test"), ("train", "train"), ("full", "full")])
def test_results_of_another_part_have_a_name_of_their_own(mode, ident, run, fig):
    before = contents(run)
    fig(f"eval --load done --mode {mode} --device cpu")
    assert stored(run, ident)["mode"] == mode
    assert {name: content for name, content in contents(run).items() if name in before} == before


@pytest.mark.slow
@pytest.mark.parametrize(
    "words", ["", "--mode test", "--mode test --ident mine", "--mode val --step-limit 1 --ident s"]
)
def test_the_same_evaluation_again_changes_nothing(words, run, fig):
    first = fig(f"eval --load done {words} --device cpu")
    before, tags = contents(run), events(run).Tags()
    points = {tag: len(events(run).Scalars(tag)) for tag in tags["scalars"]}
    again = fig(f"eval --load done {words} --device cpu")
    assert first.scores == again.scores
    assert {name: content for name, content in contents(run).items() if name.endswith(".json")} == {
        name: content for name, content in before.items() if name.endswith(".json")
    }
    ident = words.split("--ident ")[-1].split()[0] if "--ident" in words else "test" if "test" in words else "eval"
    assert "diffs" in load_tensors(run / f"{ident}.pth.tar")  # what is drawn is kept
    assert events(run).Tags() == tags
    assert {tag: len(events(run).Scalars(tag)) for tag in tags["scalars"]} == points


@pytest.mark.parametrize(
    ("words", "holds"),
    [
        ("--ident eval --mode test", "mode val"),
        ("--ckpt-num 1", "step 2"),
        ("--step-limit 1", "settings seed 0"),
        ("--override.dataset.batch-size 5", "settings seed 0"),
        ("--override.model.kl exact", "settings seed 0"),
    ],
)
def test_another_evaluation_does_not_take_a_name(words, holds, run, fig):
    before = contents(run)
    with pytest.raises(UserError, match=f"eval.json: there already, with {holds}.*--ident NAME, or --overwrite yes"):
        fig(f"eval --load done {words} --device cpu")
    assert contents(run) == before
    fig(f"eval --load done {words} --device cpu --overwrite yes")
    assert contents(run)["eval.json"] != before["eval.json"]


@pytest.mark.parametrize("content", ["[1, 2]", "null", "{", '{"scores": {}}', '{"mode": "val"}'])
def test_a_file_that_is_something_else_is_not_replaced(content, run, fig):
    (run / "mine.json").write_text(content)
    with pytest.raises(UserError, match=r"mine.json: there already"):
        fig("eval --load done --device cpu --ident mine")
    assert (run / "mine.json").read_text() == content
    fig("eval --load done --device cpu --ident mine --overwrite yes")
    assert stored(run, "mine")["mode"] == "val"


def test_results_without_a_summary_are_not_replaced(run, fig):
    (run / "mine.pth.tar").write_bytes(b"of someone")
    with pytest.raises(UserError, match="there already, with other results"):
        fig("eval --load done --device cpu --ident mine")
    assert (run / "mine.pth.tar").read_bytes() == b"of someone"


@pytest.mark.slow
def test_a_run_with_more_steps_replaces_its_own_evaluation_and_no_other(run, fig):
    fig("eval --load done --mode test --device cpu")
    fig("train --resume done --budget 3")
    assert (stored(run, "eval")["step"], stored(run, "test")["step"]) == (3, 2)
    with pytest.raises(UserError, match="with step 2"):
        fig("eval --load done --mode test --device cpu")
    fig("eval --load done --mode test --device cpu --overwrite yes")
    assert stored(run, "test")["step"] == 3
