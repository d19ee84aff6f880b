"""Scripts for many runs: which they are, what is left out, one that fails, the table at the end."""

import pytest

from omnilearn.errors import UserError
from omnilearn.files import read_json
from sae_src.run_selection import Selections, for_each
from tests.omnilearn.runs.test_summary import CONFIG, DONE, made

TINY = "hybrid a/conv12 m/ae d/vec --dataset.num-samples 600 --budget 2 --viz null --device cpu"


def test_the_unfinished_are_told_and_left_out(runs, capsys):
    made(runs, "a_done", info=DONE, steps=(20,))
    made(runs, "a_begun", config={**CONFIG, "budget": 30}, info=DONE, steps=(20,))
    assert Selections("a_*").names(runs) == ["a_done"]
    assert capsys.readouterr().out == (
        "a_begun: left out, interrupted at 20 of 30 steps (--unfinished yes takes it too)\n"
    )
    assert Selections("all", unfinished=True).names(runs) == ["a_begun", "a_done"]
    assert Selections(("a_d",)).names(runs) == ["a_done"]
    with pytest.raises(UserError, match="none of them is finished"):
        Selections("a_b*").names(runs)


def test_one_that_fails_does_not_stop_the_rest(capsys):
    def work(name: str) -> str:
        if name == "b":
            raise UserError("it is broken")
        return name.upper()

    assert for_each(["a", "c"], work) == {"a": "A", "c": "C"}
    with pytest.raises(UserError, match="1 of 3 runs failed: b"):
        for_each(["a", "b", "c"], work)
    assert "error: b: it is broken" in capsys.readouterr().err


def test_evaluations_of_many_end_with_a_table(runs, fig, capsys):
    for seed in (0, 1):
        fig(f"train {TINY} --seed {seed} --name run_{seed} --name-include-date no")
    capsys.readouterr()
    outcomes = fig("eval --runs run_* --ident test_results --mode test")
    lines = capsys.readouterr().out.splitlines()
    assert list(outcomes) == ["run_0", "run_1"]
    assert lines[-3].split() == ["run", "loss", "rec_loss"]
    for line, seed in zip(lines[-2:], (0, 1), strict=True):
        loss = read_json(runs / f"run_{seed}" / "test_results.json")["scores"]["loss"]
        assert line.split()[:2] == [f"run_{seed}", f"{loss:.4g}"]
    for words, says in (
        ("--runs run_* --load run_0", "one run or many"),
        ("--runs x*", "no run under"),
        ("--runs run_* --mdoe val", "mdoe"),
    ):
        with pytest.raises(UserError, match=says):
            fig(f"eval {words}")
