"""How the runs of this project are named."""

from dataclasses import dataclass

from torch import nn

from omnilearn.config import component
from omnilearn.runs.naming import RunNaming
from sae_src.methods import as_autoencoder


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

    def base_name(self, model: nn.Module, *, dataset: str, method: str) -> str:
        """The name without the date; the types of dataset and method stand in for names that the configs lack."""
        info = self.info
        beta = as_autoencoder(model).reg_wt if info.beta is None else info.beta
        weight = f"{beta:g}".replace(".", "p") if beta > 0 else ""
        parts = [info.dataset_type or dataset, f"{info.model_type or method}{weight}"]
        if info.enc_type or info.dec_type:
            parts += [f"e-{info.enc_type}" if info.enc_type else "", f"d-{info.dec_type}" if info.dec_type else ""]
        else:
            parts.append(info.arch_type or "")
        parts.append(info.extra or "")
        return "_".join(part for part in parts if part).replace(" ", "") or "unknown"
