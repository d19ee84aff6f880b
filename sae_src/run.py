"""Configs and models of the project from Python."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import omnifig as fig

from omnilearn import assembly
from omnilearn.config import Node, component, find
from omnilearn.layers import Size
from omnilearn.runs.naming import RunNaming
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


@dataclass(frozen=True)
class RunInfo:
    """What a run is called after; the configs fill it in.

    Attributes:
        dataset_type, model_type: the data and the method, in short.
        enc_type, dec_type: the encoder and the decoder, in short.
        arch_type: both, where neither has a name of its own.
        beta: the weight to show after the method (default: the model's reg_wt).
        extra: anything else.
        size: height and width of the images.
    """

    dataset_type: str | None = None
    model_type: str | None = None
    enc_type: str | None = None
    dec_type: str | None = None
    arch_type: str | None = None
    beta: float | None = None
    extra: str | None = None
    size: int | None = None


@component("sae-run")
class SAENaming(RunNaming):
    """Names such as `vec_vae0p5_e-c12_d-s12_extra`: data, method and weight, encoder, decoder, extra."""

    def __init__(self, info: RunInfo | None = None) -> None:
        self.info = info or RunInfo()

    def base_name(self, model: Autoencoder, *, dataset: str, method: str) -> str:
        """The name without the date; the types of dataset and method stand in for names that the configs lack."""
        info = self.info
        beta = model.reg_wt if info.beta is None else info.beta
        weight = f"{beta:g}".replace(".", "p") if beta > 0 else ""
        parts = [info.dataset_type or dataset, f"{info.model_type or method}{weight}"]
        if info.enc_type or info.dec_type:
            parts += [f"e-{info.enc_type}" if info.enc_type else "", f"d-{info.dec_type}" if info.dec_type else ""]
        else:
            parts.append(info.arch_type or "")
        parts.append(info.extra or "")
        return "_".join(part for part in parts if part).replace(" ", "") or "unknown"
