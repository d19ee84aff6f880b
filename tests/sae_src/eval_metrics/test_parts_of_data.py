"""Metrics of what was held out and of the rest, beside those of everything."""

import json

import omnifig
import pytest

import sae_src as sae
from omnilearn.errors import UserError
from tests.sae_src.commands.grid_runs import HOLDOUT, MODEL, write_grid

METRICS = "--metrics [mig,responses] --num-train 300 --num-latent 100 --num-groups 3 --num-response 20 --num-test 50"


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    root = tmp_path_factory.mktemp("parts")
    path = write_grid(root)
    for name, holdout in (
        ("part", HOLDOUT),
        ("hole", "--dataset.holdout [{angle:[0,1],hue:[2]}]"),
        ("plain", ""),
    ):
        words = f"train {MODEL} --path {path} {holdout} --budget 2 --name {name} --saveroot {root / 'runs'}"
        omnifig.main([*words.split(), "--device", "cpu"])
    return root / "runs"


@pytest.mark.slow
def test_side_by_side(root, fig):
    scores = {}
    for words in ("", "--mode heldout", "--mode rest"):
        outcome = fig(f"eval-metrics --load part --saveroot {root} {words} {METRICS}")
        name = "_".join(["metrics", *words.split()[1:]])
        kept = json.loads((root / "part" / f"{name}.json").read_text())
        scores[name] = outcome.scores["MIG"]["discrete_mig"]
        assert kept["scores"]["MIG"]["discrete_mig"] == scores[name]
        assert "Response" in outcome.scores or any("espon" in title for title in outcome.scores)  # which needs a grid
        assert kept["data"]["observations"] == {"metrics": 240, "metrics_heldout": 72, "metrics_rest": 168}[name]
    assert len(set(scores.values())) == 3
    assert fig(f"eval-metrics --load part --saveroot {root} --mode heldout {METRICS}") is None  # there already


@pytest.mark.slow
def test_a_part_that_is_no_grid(root, fig):
    outcome = fig(f"eval-metrics --load hole --saveroot {root} --mode rest {METRICS}")
    assert outcome.scores["MIG"] and "need an observation for every combination" in " ".join(outcome.skipped.values())


def test_without_holdout(root, fig):
    with pytest.raises(UserError, match=r"mode: 'rest' is what dataset\.holdout makes: plain holds nothing out"):
        fig(f"eval-metrics --load plain --saveroot {root} --mode rest {METRICS}")
    assert len(sae.load_run(root / "plain").dataset("full")) == 240
