"""The evaluation at the end makes no pass that the last validation has made."""

import itertools
import json

import pytest

from omnilearn.evaluation import results
from omnilearn.runs.summary import summarise
from omnilearn.tensor_files import load_tensors
from omnilearn.training.interruption import STOPPED, Interruption, Stop

KEYS = "--dataset.num-samples 600 --budget 4 --validation.freq 2 --device cpu --name-include-date no"
COMMAND = f"train hybrid a/conv12 m/vae d/vec {KEYS}"


@pytest.fixture
def passes(monkeypatch) -> list[str]:
    """The titles of the passes that evaluations make themselves."""
    titles: list[str] = []
    evaluate = results.evaluate

    def counted(*args, **kwargs):
        titles.append(kwargs["title"])
        return evaluate(*args, **kwargs)

    monkeypatch.setattr(results, "evaluate", counted)
    return titles


@pytest.mark.slow
def test_the_last_validation_is_reused(fig, passes):
    run = fig(f"{COMMAND} --name reused")
    assert passes == []
    fig("eval --load reused --ident again")
    assert passes == ["evaluation of val"]
    first, again = (json.loads((run / f"{name}.json").read_text()) for name in ("eval", "again"))
    assert first["scores"] == again["scores"] and first["settings"] == again["settings"]
    kept, same = (load_tensors(run / f"{name}.pth.tar") for name in ("eval", "again"))
    assert kept.keys() == same.keys() and (kept["reconstruction"] == same["reconstruction"]).all()


@pytest.mark.slow
@pytest.mark.parametrize(
    "words", ["--evaluation.mode test", "--evaluation.step-limit 1", "--validation.step-limit 1", "--validation null"]
)
def test_another_pass_is_made(words, fig, passes):
    fig(f"{COMMAND} {words}")
    assert len(passes) == 1


# The questions whether to stop: after each of four steps, the last of which is validated first, and in each pass.
@pytest.mark.slow
@pytest.mark.parametrize(("question", "words"), [(4, ""), (6, "--evaluation.mode test --evaluation.ident last")])
def test_stopped_after_the_last_step(question, words, fig, monkeypatch, capsys, runs):
    asked = itertools.count(1)
    with monkeypatch.context() as patch:
        patch.setattr(Interruption, "reason", lambda self: Stop(STOPPED, "-") if next(asked) == question else None)
        with pytest.raises(Stop) as stop:
            fig(f"{COMMAND} {words} --name cut --viz null --validation.freq 4")
    assert stop.value.code == STOPPED
    line = capsys.readouterr().err.splitlines()[-1]
    complete, command = line.split("; to evaluate it: ")
    assert complete == "the training is complete"
    assert summarise(runs / "cut").state == "finished"
    fig(command[command.index("eval --load") :])  # as it says
    name = "last.json" if words else "eval.json"
    results = json.loads((runs / "cut" / name).read_text())
    assert results["step"] == 4
    fig("train --resume cut")  # or so: what was cut short is made up
    whole = fig(f"{COMMAND} {words} --name whole --viz null --validation.freq 4")
    scores = [json.loads((run / name).read_text())["scores"] for run in (runs / "cut", whole)]
    assert scores[0] == scores[1] == results["scores"]
