"""The key `mode` of metrics: a part of the data, or a word for tags, and nothing that looks like a part and is none."""

import pytest

from omnilearn.errors import UserError
from sae_src.eval_metrics.command import EvaluationSettings

COMMAND = "eval-metrics --load nowhere"


@pytest.mark.parametrize(
    ("mode", "meant"),
    [
        ("heldou", "heldout"),
        ("held-out", "heldout"),
        ("held_out", "heldout"),
        ("holdout", "heldout"),
        ("hledout", "heldout"),
        ("held", "heldout"),
        ("HELDOUT", "heldout"),
        ("test-heldout", "heldout"),
        ("full_rest", "rest"),
        ("Rest", "rest"),
        ("rset", "rest"),
        ("rests", "rest"),
        ("ful", "full"),
    ],
)
def test_a_misspelt_part_is_refused(mode, meant, fig):
    with pytest.raises(UserError, match=rf"mode: '{mode}' .* \(did you mean {meant}\?\).* heldout or rest") as error:
        fig(f"{COMMAND} --mode {mode}")
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("mode", ["test", "val", "train", "tset", "vall", "Train", "validation", "testing"])
def test_parts_of_other_commands_begin_tags_and_are_told(mode, caplog):
    settings = EvaluationSettings(mode=mode)
    assert settings.part is None and settings.tag == mode
    assert f"mode: '{mode}' only begins the tags in TensorBoard: metrics are of all data" in caplog.text


@pytest.mark.parametrize(
    "mode",
    ["eval", "full", "here", "mine", "results", "test_results", "best", "latest", "last", "first", "final", "fast"],
)
def test_other_words_begin_tags(mode, caplog):
    settings = EvaluationSettings(mode=mode)
    assert not caplog.records
    assert settings.part is None and settings.tag == mode and settings.save_ident == "metrics"


@pytest.mark.parametrize("mode", ["heldout", "rest"])
def test_parts_of_metrics(mode):
    settings = EvaluationSettings(mode=mode)
    assert settings.part == mode and settings.save_ident == f"metrics_{mode}"
