"""Results kept without weights: read as the runs are, without names of machines and places."""

import socket
import sys

import pytest

from benchmarks import keep_results
from omnilearn.config import dump_yaml, load_yaml
from omnilearn.files import read_json
from omnilearn.runs.info import read_info
from omnilearn.runs.summary import summarise
from sae_src.comparison.scores import scored
from tests.conftest import ROOT

TRAIN = "train a/conv12 m/ae d/vec --dataset.num-samples 600 --viz null --device cpu --validation.freq 2"


def test_kept_results_are_compared_as_the_runs_are(fig, runs, tmp_path, monkeypatch, capsys):
    run = fig(f"{TRAIN} --budget 2 --labels.sweep small --labels.model AE --name one")
    fig(f"train --resume {run.name} --budget 4")
    fig(f"{TRAIN} --budget 4 --name of-no-sweep")
    fig(f"eval --load {run.name} --mode test")
    place = tmp_path / "results"
    words = ["keep_results", str(runs), "--where", "sweep=small", "--out", str(place)]
    monkeypatch.setattr(sys, "argv", words)
    keep_results.main()
    (kept,) = place.iterdir()
    assert kept.name == run.name and not list(kept.glob("ckpt*")) and not list(kept.glob("events*"))
    assert scored(kept).scores == scored(run).scores and summarise(kept).state == "finished"
    steps, _ = read_json(kept / keep_results.VALIDATIONS)["loss/val"]
    assert steps == [2, 4]
    (resumed,) = read_info(kept)["resumed"]
    assert resumed["step"] == 2 and resumed["device"] == "cpu"
    texts = "".join(path.read_text() for path in kept.iterdir())
    assert socket.gethostname() not in texts.split() and str(tmp_path) not in texts
    keep_results.main()  # again: the same
    assert "results of 1 runs" in capsys.readouterr().out


def test_a_run_without_an_end_keeps_how_far_it_came(fig, runs, tmp_path, monkeypatch):
    run = fig(f"{TRAIN} --budget 2 --records.freq 1 --include-eval no --name one")
    info = run / "info.yaml"
    info.write_text(dump_yaml({name: value for name, value in read_info(run).items() if name != "completed"}))
    fig(f"eval --load {run.name} --mode test")
    place = tmp_path / "results"
    monkeypatch.setattr(sys, "argv", ["keep_results", str(runs), "--unfinished", "--out", str(place)])
    keep_results.main()
    assert summarise(place / run.name).step == read_info(place / run.name)["step"] == 2
    assert read_json(place / run.name / keep_results.TRAINING)["loss/train"][0] == [1, 2]


def test_a_damaged_run_keeps_no_other_from_being_kept(fig, runs, tmp_path, monkeypatch, capsys):
    for name in ("aa", "bb"):
        fig(f"{TRAIN} --budget 2 --include-eval no --name {name} --name-include-date no")
        fig(f"eval --load {name} --mode test --ident test_results")
    (runs / "aa" / "more.json").write_text("[1]")
    place = tmp_path / "results"
    for out, kept in ((place, ["bb"]), (runs, ["aa", "bb"])):
        before = (runs / "bb" / "info.yaml").read_bytes()
        monkeypatch.setattr(sys, "argv", ["keep_results", str(runs), "--out", str(out)])
        with pytest.raises(SystemExit) as stop:
            keep_results.main()
        assert stop.value.code == 2 and "note: aa: not kept: " in capsys.readouterr().out
        assert sorted(path.name for path in out.iterdir()) == kept
        assert (runs / "bb" / "info.yaml").read_bytes() == before


def test_places_in_a_config_are_left_out(tmp_path):
    run, place = tmp_path / "run", tmp_path / "kept"
    run.mkdir()
    config = {
        "seed": 0,
        "dataroot": "/home/somebody/data",
        "path": "own/faces.npz",
        "dataset": {
            "_type": "array",
            "path": "/home/somebody/own/faces.npz",
            "dataroot": "data of somebody",
            "cacheroot": "/scratch/somebody",
            "sources": "/home/somebody/downloads",
            "split": {"val": 0.1},
            "other": [{"file": "~somebody/x.txt"}, "lr/high"],
        },
        "fid": {"_type": "fid", "weights": "nets/inception.pth"},
        "factor_distance": {"network": "/home/somebody/net.pth", "n_samples": 100},
        "model": {"network": {"_type": "mlp"}, "optim": {"lr": {"_type": "scheduler/cos"}}},
        "labels": {"sweep": "small"},
    }
    (run / "config.yaml").write_text(dump_yaml(config))
    (run / "info.yaml").write_text("seed: 0\n")
    keep_results.keep(run, place)
    text = (place / "run" / "config.yaml").read_text()
    assert load_yaml(text, "") == {
        "seed": 0,
        "path": "faces.npz",
        "dataset": {
            "_type": "array",
            "path": "faces.npz",
            "split": {"val": 0.1},
            "other": [{"file": "x.txt"}, "lr/high"],
        },
        "fid": {"_type": "fid"},
        "factor_distance": {"n_samples": 100},
        "model": config["model"],
        "labels": config["labels"],
    }


@pytest.mark.parametrize(
    "config", sorted((ROOT / "results").glob("*/*/config.yaml")), ids=lambda path: path.parent.name
)
def test_the_results_of_this_project_stay_as_they_are(config):
    stored = load_yaml(config.read_text(), str(config))
    assert keep_results.without_disks(stored) == stored


def test_results_of_nothing_measured():
    notes = {"notes": ["not measured: /a/place is missing"]}
    assert keep_results.measured({"scores": {"loss": 1.0}, "FID": notes, "D": {"n": 2, **notes}}) == {
        "scores": {"loss": 1.0},
        "D": {"n": 2, **notes},
    }
