"""Names of results: file names, and none that a run uses itself."""

import pytest

from omnilearn.errors import UserError
from omnilearn.runs.naming import check_ident

FINE = [
    "eval",
    "test",
    "metrics",
    "test_results",
    "a.b",
    "Model 2",
    "größer",
    "evaluation-3",
    "configs",
    "metrics_fast",
]
TAKEN = [
    "config",
    "Config",
    "info",
    "checksums",
    "figures",
    "model",
    "training",
    "ckpt",
    "ckpt20",
    "CKPT3",
    "damaged-ckpt20",
    "events.out.tfevents.1",
    "EVENTS.x",
    "my.tfevents.1",
    "eval.json",
    "eval.pth.tar",
    "x.pth",
    "info.yaml",
    "info.yml",
    "x.tmp",
    "x.png",
    "loss",
    "rec_loss",
    "rec-loss",
    "lr",
    "time-train",
    "model-str",
]
NO_NAMES = ["", ".", "..", ".hidden", "a/b", "../x", "/etc/x", "a\\b", "a{b", "a}b"]
ODD = ["a\0b", "a\nb", "a\x1bb", "\udc80", " a", "a ", "x" * 201, "ä" * 101]


@pytest.mark.parametrize("ident", FINE)
def test_names(ident):
    check_ident("ident", ident)


@pytest.mark.parametrize(
    ("idents", "message"),
    [(TAKEN, "is a name that a run uses itself"), (NO_NAMES, "is not a file name"), (ODD, "is not a file name")],
)
def test_refused(idents, message):
    for ident in idents:
        with pytest.raises(UserError, match=message) as error:
            check_ident("evaluation.ident", ident)
        assert str(error.value).startswith("evaluation.ident: ") and str(error.value).isprintable()


@pytest.mark.parametrize(
    "words",
    [
        "eval --load x --ident events.out.tfevents.1",
        "eval-metrics --load x --save-ident ckpt5",
        "eval-metrics --load x --mode config",
        "train demo --evaluation.ident info",
    ],
)
def test_wherever_a_name_is_given(words, fig):
    with pytest.raises(UserError, match="is a name that a run uses itself"):
        fig(words)
