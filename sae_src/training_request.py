"""What a training is asked for, by which `--resume auto` and sweeps find its run."""

from omnilearn.config import Node, keys_given
from omnilearn.config.as_typed import keep_as_typed
from omnilearn.training.known_keys import expect_training
from sae_src.parts import require_parts

# The keys by which another component takes the place of one that has a label.
_LABELLED = {
    "dataset_type": ("dataset._type",),
    "model_type": ("model._type",),
    "enc_type": ("model.encoder._type", "model.encoder.layers"),
    "dec_type": ("model.decoder._type", "model.decoder.layers"),
}


def settle(config: Node) -> None:
    """Make a config what the run that it asks for will store, but for what that finds out itself.

    Raises `UserError` where a part of an experiment is missing.
    """
    require_parts(config)
    _forget_replaced_labels(config)
    expect_training(config)
    keep_as_typed(config)


def _forget_replaced_labels(config: Node) -> None:
    """Take out the labels of configs for what keys have replaced, such as that of m/ae where --model._type is vae."""
    given = keys_given(config)
    for label, keys in _LABELLED.items():
        if f"info.{label}" not in given and any(key in given for key in keys):
            config.root.push(f"info.{label}", None, silent=True)
