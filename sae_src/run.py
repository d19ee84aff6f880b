"""Configs and models of the project from Python."""

from pathlib import Path
from typing import Any

import omnifig as fig

from omnilearn import assembly
from omnilearn.config import Node, find
from omnilearn.layers import Size
from sae_src.methods import Autoencoder

ROOT = Path(__file__).resolve().parents[1]


def create_config(*configs: str, **keys: Any) -> Node:
    """The config that the same words make on the command line; `keys` are config values (a dict opens a table)."""
    import sae_src.components  # noqa: F401 - registers what configs name

    project = fig.get_project(ROOT)
    project.activate()
    return project.create_config(*configs, **keys)


def build_model(*configs: str, shape: Size | None = None, **keys: Any) -> Autoencoder:
    """A freshly initialised model, as the first step of a training run finds it.

    Args:
        configs: names of configs, the first is the strongest: `build_model('hybrid', 'a/conv12', 'm/ae', 'd/vec')`.
        shape: size of an observation; without it the dataset of the configs is asked.
        keys: config values, such as `latent_dim=24` or `**{'model.nonlin': 'mish'}`.

    Raises:
        UserError: where the configs are not known or do not fit together.
    """
    config = create_config(*configs, **keys)
    if shape is None and find(config, "din") is None:
        shape = assembly.build_data(config).dataset.din
    return assembly.build_model(config, shape)
