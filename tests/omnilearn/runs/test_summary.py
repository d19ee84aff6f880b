"""Runs at a glance, and which run or runs a name means."""

import os
from pathlib import Path

import pytest

from omnilearn.config import dump_yaml
from omnilearn.errors import UserError
from omnilearn.files import write_json
from omnilearn.locks import sole_writer
from omnilearn.runs.folder import find_run, select_runs
from omnilearn.runs.summary import summaries, summarise

CONFIG = {
    "seed": 3,
    "budget": 20,
    "info": {"dataset_type": "vec", "enc_type": "c12", "dec_type": "s12"},
    "model": {"_type": "ae", "reg_wt": 0},
    "dataset": {"_type": "random-net"},
}
DONE = {"started": "2026-01-02T03:04:05", "completed": {"step": 20, "evaluation": "eval"}}


def made(root: Path, name: str, *, config: object = CONFIG, info: object = None, steps: tuple[int, ...] = ()) -> Path:
    run = root / name
    run.mkdir(parents=True)
    (run / "config.yaml").write_text(config if isinstance(config, str) else dump_yaml(config))
    (run / "info.yaml").write_text(dump_yaml(info or {"started": "2026-01-02T03:04:05"}))
    for step in steps:
        (run / f"ckpt{step}").mkdir()
        (run / f"ckpt{step}" / "model.pth.tar").write_bytes(b"x" * 1000)
    return run


def test_states(tmp_path):
    made(tmp_path, "finished", info=DONE, steps=(10, 20))
    made(tmp_path, "finished, its checkpoints removed", info=DONE)
    cut = {"completed": {"step": 20, "evaluation": None}}
    made(tmp_path, "finished, its evaluation interrupted", info=cut, steps=(20,))
    made(tmp_path, "broken note", info={**DONE, "completed": {"step": "20"}})
    made(tmp_path, "begun")
    longer = {**CONFIG, "budget": 30}
    made(tmp_path, "further", config=longer, info=DONE, steps=(20,))
    made(tmp_path, "further, killed before its end is noted", config=longer, info=DONE, steps=(20, 30))
    made(tmp_path, "failed", info={"failed": "rec_loss not finite at step 7"}, steps=(5,))
    made(tmp_path, "broken", config="seed: [")
    made(tmp_path, "list", config="- 1")
    working = made(tmp_path, "working", steps=(10,))
    (tmp_path / "no run").mkdir()
    with sole_writer(working):
        states = {run.name: run.state for run in summaries(tmp_path)}
    assert states == {
        "begun": "interrupted",
        "broken": "damaged",
        "broken note": "interrupted",
        "failed": "failed",
        "finished": "finished",
        "finished, its checkpoints removed": "finished",
        "finished, its evaluation interrupted": "finished",
        "further": "interrupted",
        "further, killed before its end is noted": "interrupted",
        "list": "damaged",
        "working": "running",
    }
    assert summarise(working).state == "interrupted"
    assert "config.yaml" in summarise(tmp_path / "broken").problem
    assert summarise(tmp_path / "failed").problem == "rec_loss not finite at step 7"


def test_what_it_says(tmp_path):
    run = made(tmp_path, "one", info=DONE, steps=(10, 20))
    write_json(run / "eval.json", {"mode": "val", "scores": {"loss": 0.5}})
    found = summarise(run)
    assert (found.data, found.method, found.model, found.seed) == ("vec", "ae", "ae c12-s12", 3)
    assert (found.step, found.budget, found.loss) == (20, 20, 0.5)
    assert found.begun is not None and found.begun.year == 2026
    assert found.size > 2000
    labelled = made(tmp_path, "two", config={**CONFIG, "labels": {"model": "SAE-12", "sweep": "mini"}})
    assert (summarise(labelled).model, summarise(labelled).sweep) == ("SAE-12", "mini")
    best = {**DONE, "completed": {**DONE["completed"], "best": {"loss": 0.25, "step": 10}}}
    assert summarise(made(tmp_path, "three", info=best)).loss == 0.25


def test_names_prefixes_patterns_and_the_latest(tmp_path):
    for number, name in enumerate(("vec_ae_1", "vec_ae_12", "vec_vae", "other")):
        run = made(tmp_path, name)
        os.utime(run / "config.yaml", (number, number if name != "vec_vae" else 100))
    assert find_run("vec_ae_1", tmp_path).name == "vec_ae_1"
    assert find_run("vec_ae_12", tmp_path).name == "vec_ae_12"
    assert find_run("oth", tmp_path).name == "other"
    assert find_run("latest", tmp_path).name == "vec_vae"
    assert [run.name for run in select_runs(["vec_ae*", "vec_ae_1", "latest"], tmp_path)] == [
        "vec_ae_1",
        "vec_ae_12",
        "vec_vae",
    ]
    assert len(select_runs("all", tmp_path)) == 4
    for name, says in (
        ("vec", "'vec' begins several runs: vec_ae_1, vec_ae_12, vec_vae"),
        ("vec_vea", "did you mean vec_vae"),
    ):
        with pytest.raises(UserError, match=says):
            find_run(name, tmp_path)
    with pytest.raises(UserError, match=r"no run under .* fits 'x\*'"):
        select_runs("x*", tmp_path)
