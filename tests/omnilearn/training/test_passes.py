"""The evaluation at the end makes no pass that the last validation has made."""

import json

import pytest

from omnilearn.evaluation import results
from omnilearn.files import load_tensors

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
