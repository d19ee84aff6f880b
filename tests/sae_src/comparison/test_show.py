"""`fig show`: one run at a glance."""

import math

import pytest

from omnilearn.errors import UserError
from omnilearn.runs.stored_config import read_stored_config
from omnilearn.tensorboard.curves import read_curves
from omnilearn.tensorboard.writer import TensorBoardWriter
from sae_src.comparison.show import differences
from sae_src.comparison.terminal_plot import line_plot
from tests.omnilearn.runs.test_summary import made

WORDS = "train hybrid a/conv12 m/ae d/vec"


def test_a_run(fig, runs, capsys):
    run = fig(f"{WORDS} --dataset.num-samples 600 --budget 4 --viz null --records.freq 1 --device cpu --name one")
    capsys.readouterr()
    assert fig("show --load latest").path == run
    text = capsys.readouterr().out
    assert f"{run.name}: finished, 4 of 4 steps" in text
    assert "eval.rec_loss" in text
    assert "  loss/train  " in text
    assert "ckpt4/" in text
    stored = read_stored_config(run)
    found = differences(stored, f"fig {WORDS} --budget 4")
    assert found["dataset.num_samples"] == (100_000, 600)
    assert found["budget"] == (100_000, 4)
    assert found["name"] == ("not set", "one")
    assert set(found) == {"dataset.num_samples", "budget", "viz", "viz._type", "viz.freq", "records.freq", "name"}
    assert list(read_curves(run)["loss/train"]) == [1, 2, 3, 4]


def test_checkpoints_stand_in_their_order(runs, capsys, fig):
    made(runs, "run", steps=(100, 900, 1000))
    fig("show --load run")
    lines = [line.strip() for line in capsys.readouterr().out.splitlines()]
    assert [line for line in lines if line.startswith("ckpt")] == ["ckpt100/", "ckpt900/", "ckpt1000/"]


def test_what_each_machine_chooses_is_no_difference(tmp_path):
    (tmp_path / "here.yaml").write_text("{device: cuda, threads: 3, budget: 7}")
    found = differences({"device": "cpu", "threads": 1, "seed": 5}, f"fig train {tmp_path}/here.yaml")
    assert found == {"budget": (7, "not set"), "seed": ("not set", 5)}


@pytest.mark.parametrize(("command", "says"), [("fig train d/vce", "did you mean d/vec"), ("x.py", "names no configs")])
def test_commands_that_say_nothing(command, says):
    with pytest.raises(UserError, match=says):
        differences({}, command)


def test_a_damaged_run(fig, runs, capsys):
    made(runs, "broken", config="seed: [")
    assert fig("show --load bro").state == "damaged"
    assert "config.yaml" in capsys.readouterr().out


def test_plots():
    assert line_plot({0: 0.0, 1: 1.0, 2: 2.0, 3: math.nan}) == "▁▅█"
    assert line_plot({0: 1.0, 10: 1.0}) == "▁▁"
    assert line_plot({}) == ""
    assert len(line_plot({step: 1 / (1 + step) for step in range(1000)}, 20)) == 20


def test_curves_of_several_files(tmp_path):
    for first in (0, 2):
        with TensorBoardWriter(tmp_path) as writer:
            for step in range(first, first + 3):
                writer.scalar("loss/train", float(10 * first + step), step)
    (tmp_path / "events.out.tfevents.9.x").write_bytes(b"no record")
    assert read_curves(tmp_path) == {"loss/train": {0: 0.0, 1: 1.0, 2: 22.0, 3: 23.0, 4: 24.0}}
