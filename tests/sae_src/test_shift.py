"""`fig eval --shift`: the parts and their scores, before and after, what is kept, and what is refused."""

import json
import math

import omnifig
import pytest
import torch

import sae_src as sae
from omnilearn.errors import UserError
from sae_src.comparison.scores import scored
from tests.sae_src.commands.grid_runs import HOLDOUT, MODEL, write_grid

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    """Runs: `part`, trained on a part of a grid; `more`, which goes on from it; `last`, from `more` on another part."""
    root = tmp_path_factory.mktemp("shift")
    path = write_grid(root)

    def train(words: str, *keys: str) -> None:
        omnifig.main(["train", *words.split(), "--saveroot", str(root / "runs"), "--device", "cpu", *keys])

    train(f"{MODEL} --path {path} {HOLDOUT} --budget 20 --name part")
    train("--from part --update decoder --budget 20 --name more")
    train("--from more --budget 2 --name last", "--dataset.holdout", "[{shape: [3], hue: 0}]")
    train(f"{MODEL} --path {path} --budget 1 --name plain")
    return root / "runs"


def errors(run, mode: str) -> torch.Tensor:
    """The squared error of each observation, computed anew."""
    subset = run.dataset(mode)
    observations = subset.batch(torch.arange(len(subset)))
    return (run.model.decode(run.model.encode(observations)) - observations).square().mean(1)


def test_scores_of_the_parts(root, fig, capsys):
    outcome = fig(f"eval --load more --shift yes --saveroot {root}")
    kept = json.loads((root / "more" / "shift.json").read_text())
    assert list(kept["scores"]) == ["full", "heldout", "rest"] == list(kept["before"])
    before, after = sae.load_run(root / "part"), sae.load_run(root / "more")
    for mode, count in (("full", 240), ("heldout", 72), ("rest", 168)):
        assert kept["parts"][mode]["samples"] == count
        for run, scores in ((before, kept["before"][mode]), (after, kept["scores"][mode])):
            found = errors(run, mode)
            assert scores["mse"] == pytest.approx(found.mean().item(), rel=1e-5)
            assert scores["mse_q90"] == pytest.approx(found.double().quantile(0.9).item(), rel=1e-5)
        assert outcome.scores[f"{mode}.mse"] == kept["scores"][mode]["mse"]
    # What was held out is reconstructed better than before, now that it is trained on.
    assert kept["scores"]["heldout"]["mse"] < kept["before"]["heldout"]["mse"]
    # The losses are those of an evaluation of the part, and the same when it is repeated.
    fig(f"eval --load more --mode heldout --saveroot {root}")
    assert json.loads((root / "more" / "heldout.json").read_text())["scores"]["rec_loss"] == pytest.approx(
        kept["scores"]["heldout"]["rec_loss"], rel=1e-6
    )
    again = fig(f"eval --load more --shift yes --saveroot {root}")
    assert again.scores == outcome.scores
    shown = capsys.readouterr()
    lines = shown.out.splitlines()
    assert sum(line.split()[:2] == ["heldout", "before"] for line in lines) == 2  # it was printed twice
    assert lines.count('heldout: {"angle": [0, 1, 2]}') == 2 and not any("of {" in line for line in lines)
    assert scored(root / "more").scores["shift.heldout.mse"] == kept["scores"]["heldout"]["mse"]


def test_parts_of_another_whole(root, fig):
    fig(f"eval --load part --shift yes --mode test --ident shift-test --saveroot {root}")
    kept = json.loads((root / "part" / "shift-test.json").read_text())
    assert list(kept["scores"]) == ["test", "test-heldout", "test-rest"] and "before" not in kept
    samples = {name: part["samples"] for name, part in kept["parts"].items()}
    assert samples["test"] == 48 == samples["test-heldout"] + samples["test-rest"]
    with pytest.raises(UserError, match=r"shift-test\.json: there already, with mode parts of test"):
        fig(f"eval --load part --shift yes --ident shift-test --saveroot {root}")


def test_rules_of_all_stages(root, fig):
    fig(f"eval --load last --shift yes --saveroot {root}")
    kept = json.loads((root / "last" / "shift.json").read_text())
    assert list(kept["scores"]) == ["full", "heldout", "rest", "heldout-2", "rest-2"]
    assert kept["parts"]["heldout"] == {"rules": [{"shape": [3], "hue": 0}], "samples": 10}
    assert kept["parts"]["heldout-2"] == {"rules": {"angle": [0, 1, 2]}, "samples": 72}
    assert all(math.isfinite(score["mse"]) for score in kept["scores"].values())


def test_many_runs_and_what_is_refused(root, fig):
    outcomes = fig(f"eval --runs [part,more] --shift yes --ident both --saveroot {root}")
    assert {name: "heldout.mse" in outcome.scores for name, outcome in outcomes.items()} == {"part": True, "more": True}
    with pytest.raises(UserError, match="shift: this run holds nothing out, correlates nothing, and does not come"):
        fig(f"eval --load plain --shift yes --saveroot {root}")
    with pytest.raises(UserError, match="mode: there is no part 'tset'"):
        fig(f"eval --load part --shift yes --mode tset --ident x --saveroot {root}")
    for mode in ("plain", "part"):
        assert not (root / mode / "x.json").exists()
