"""What makes an experiment: an architecture, a method, a data set. Each is named; none is a default."""

from collections.abc import Sequence

from omnilearn.config import Node
from omnilearn.config.recorder import recorder_of
from omnilearn.errors import UserError

# What a part is called, where its configs are, one of them.
_ARCHITECTURE = ("the architecture", "an architecture of a/", "a/conv12")
_ENCODER = ("the encoder", "an encoder of a/e/", "a/e/conv12")
_DECODER = ("the decoder", "a decoder of a/d/", "a/d/strc/12")
_METHOD = ("the method", "a method of m/", "m/ae")
_DATA = ("the data set", "a config of d/", "d/vec")


def require_parts(config: Node, *, data: bool = True) -> None:
    """Raise `UserError` naming what is missing of an experiment.

    What files in common, such as a/_base, say of an encoder or decoder is not enough: nobody asked for that one.

    Args:
        config: the config.
        data: whether a data set is needed.
    """
    chosen = recorder_of(config).chosen
    if "sweep" in config.root.to_python():
        raise UserError("a sweep stands for many runs: fig sweep FILE makes them")
    has_encoder, has_decoder = (
        bool(chosen & {f"model.{part}", f"model.{part}._type", f"model.{part}.layers"})
        for part in ("encoder", "decoder")
    )
    missing = []
    if not has_encoder or not has_decoder:
        missing.append(_DECODER if has_encoder else _ENCODER if has_decoder else _ARCHITECTURE)
    if "model._type" not in chosen:
        missing.append(_METHOD)
    if data and not chosen & {"dataset", "dataset._type"}:
        missing.append(_DATA)
    if missing:
        names, places, examples = zip(*missing, strict=True)
        verb = "is" if len(missing) == 1 else "are"
        raise UserError(f"{_listed(names)} {verb} missing: name {_listed(places)}, such as {' '.join(examples)}")


def _listed(words: Sequence[str]) -> str:
    *first, last = words
    return f"{', '.join(first)} and {last}" if first else last
