"""What a training run says: its header, a line for a step, and what came out."""

import re
import sys

import pytest

from omnilearn.training.console import program

KEYS = "--dataset.num-samples 300 --viz null --name-include-date no --device cpu --name run"


def test_lines_and_summary_show_the_loss_and_the_last_validation(fig, capsys, runs):
    words = "train a/conv12 m/ae d/vec --budget 5 --print.freq 1 --validation.freq 2 --include-eval no"
    fig(f"{words} {KEYS}")
    output = capsys.readouterr().out
    assert re.search(r"^run: [\d,]+ parameters on .*, 270 train, 30 val$", output, re.MULTILINE)
    assert f"writing to {runs / 'run'}" in output
    lines = re.findall(r"step (\d)/5  loss ([\d.e+-]+)(?:  val ([\d.e+-]+))?  ", output)
    assert [line[0] for line in lines] == ["1", "2", "3", "4", "5"]
    seen = [line[2] for line in lines]
    assert seen[0] == "" and seen[1] == seen[2] and all(seen[1:])  # after the steps 2, 4 and 5
    summary = re.search(r"^Completed run: 5 steps in \d+ s; validation loss ([\d.e+-]+)", output, re.MULTILINE)
    assert summary and summary[1] == seen[-1]
    assert re.search(r"^  \S.* eval --load run --mode test", output, re.MULTILINE)


def test_without_a_validation_no_result_is_claimed(fig, capsys):
    fig(f"train a/conv12 m/ae d/vec --budget 2 --validation null --include-eval no --print.freq 2 {KEYS}")
    output = capsys.readouterr().out
    assert re.search(r"^Completed run: 2 steps in \d+ s$", output, re.MULTILINE)
    assert "val " not in re.search(r"step 2/2.*", output)[0]


def test_layers_that_ignore_their_input_are_told(fig, capsys):
    words = "train a/conv12 m/ae d/digits --budget 1 --validation null --include-eval no --dataset.batch-size 2"
    fig(f"{words} --model.channels 8 --viz null --name-include-date no --device cpu --name run")
    note = "layers have the same output for every input, since each group of the group norm is one value: more --model"
    assert re.search(rf"^note: \d+ {note}", capsys.readouterr().out, re.MULTILINE)


@pytest.mark.parametrize(
    ("called", "shown"), [("/a b/main.py", "python '/a b/main.py'"), ("mine.py", "fig"), ("/bin/fig", "fig")]
)
def test_commands_are_those_of_the_program(called, shown, monkeypatch):
    monkeypatch.setattr(sys, "argv", [called])
    assert program() == shown
