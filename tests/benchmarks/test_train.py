"""The benchmark of training: every mode and number is there, at the smallest size."""

import json

import pytest

from benchmarks.train import main, spread

LINE = "hybrid a/conv12 m/ae d/vec --dataset.num-samples 600"


def test_spread():
    assert spread([3.0, 1.0, 2.0]) == {"median": 2.0, "least": 1.0, "most": 3.0}


@pytest.mark.slow
def test_a_line_in_two_modes(tmp_path, capsys):
    file = tmp_path / "found.json"
    sizes = ["--rounds", "1", "--seconds", "0.05", "--budget", "2", "--json", str(file)]
    main(["--line", LINE, "--mode", "--precision bf16", *sizes])
    found = json.loads(file.read_text())["lines"][LINE]
    assert list(found["modes"]) == ["bare", "ours", "ours --precision bf16"]
    assert all(mode["steps_per_second"]["median"] > 0 for mode in found["modes"].values())
    assert sum(found["shares"].values()) == pytest.approx(1, abs=1e-6)
    assert all(number > 0 for number in found["command"].values())
    assert "ours --precision bf16" in capsys.readouterr().out
