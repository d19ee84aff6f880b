"""What the key `mode` of metrics says: a part of the data, or else what tags in TensorBoard start with."""

import logging
from difflib import get_close_matches

from omnilearn.data.holdout import HELD_OUT, REST
from omnilearn.errors import UserError, printable

_log = logging.getLogger(__name__)

_MEASURED = (HELD_OUT, REST)
_OF_EVAL = ("train", "val", "test")  # parts that `fig eval` knows besides
_ALSO_CALLED = {"held": HELD_OUT, "training": "train", "valid": "val", "validation": "val", "testing": "test"}
_TAGS = ("full", "eval", "latest")  # words that look like parts, and say nothing that is not so
_ALIKE = 0.81


def part_named(mode: str | None) -> str | None:
    """The part of the data that a mode names: `heldout` or `rest` by `dataset.holdout`; None for all of it."""
    return mode if mode in _MEASURED else None


def check_mode(mode: str) -> None:
    """Look at a mode that is, or looks like, the name of a part of the data that metrics are not computed of.

    One that looks like `heldout` or `rest` is refused with `UserError`: as the beginning of tags, it would be on scores
    of all data. That is what another part is, such as `test`, and a warning says so.
    """
    if mode in (*_MEASURED, *_TAGS):
        return
    meant = _meant(mode)
    if meant in (*_MEASURED, "full"):
        raise UserError(
            f"mode: '{mode}' is no part of the data that metrics are computed of (did you mean {meant}?): they are of "
            f"all data, or of {HELD_OUT} or {REST}; a word that is not like a part begins the tags in TensorBoard"
        )
    if meant is not None:
        _log.warning("mode: '%s' only begins the tags in TensorBoard: metrics are of all data", printable(mode))


def _meant(mode: str) -> str | None:
    """The part that a mode is, or was probably meant to be: misspelt, in capitals, or of another part."""
    word = mode.lower().replace("_", "-")
    whole, _, part = word.rpartition("-")
    if part in _MEASURED and whole in (*_OF_EVAL, "full"):  # as `fig eval` takes it
        return part
    if word in _ALSO_CALLED:
        return _ALSO_CALLED[word]
    known = (*_MEASURED, *_OF_EVAL, "full")
    same_letters = [name for name in known if sorted(name) == sorted(word)]
    close = same_letters or ([] if word in _TAGS else get_close_matches(word, known, n=1, cutoff=_ALIKE))
    return close[0] if close else None
