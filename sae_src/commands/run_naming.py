"""How the runs of this project are named."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from torch import nn

from omnilearn.config import component
from omnilearn.runs.naming import RunNaming
from sae_src.decoders import StyleDecoder
from sae_src.ladder import LadderEncoder

_METHODS = {
    "adagvae": "Ada-GVAE",
    "annealed": "AnnealedVAE",
    "dipvae": "DIP-VAE",
    "fvae": "FactorVAE",
    "infovae": "InfoVAE",
    "tcvae": "beta-TCVAE",
}
_OF_THE_PAPERS = {("AE", "S"): "SAE-", ("AE", "Ada"): "AdaAE-", ("VAE", "L"): "VLAE-"}


@dataclass(frozen=True)
class RunInfo:
    """What a run is called after; the configs fill it in.

    Attributes:
        dataset_type, model_type: the data and the method, in short.
        enc_type, dec_type: the encoder and the decoder, in short.
        arch_type: both, where neither has a name of its own.
        beta: the weight to show after the method (default: the model's reg_wt).
        variants: what else departs from the plain model, each shown by its name where it is `yes`.
        extra: anything else.
        size: height and width of the images.
        model: what the model is called in tables (default: see `SAENaming.model_name`).
    """

    dataset_type: str | None = None
    model_type: str | None = None
    enc_type: str | None = None
    dec_type: str | None = None
    arch_type: str | None = None
    beta: float | None = None
    variants: Mapping[str, bool] = field(default_factory=dict)
    extra: str | None = None
    size: int | None = None
    model: str | None = None

    def shown_variants(self) -> list[str]:
        """The names of the variants that there are."""
        return [name for name, is_there in self.variants.items() if is_there]


@component("sae-run")
class SAENaming(RunNaming):
    """Names such as `vec_vae0p5_e-c12_d-s12_nosplit_foo`: data, method and weight, encoder, decoder, variants, more.

    Args:
        info: what runs are called after.
    """

    def __init__(self, info: RunInfo | None = None) -> None:
        self.info = info or RunInfo()

    def base_name(self, model: nn.Module, *, dataset: str, method: str) -> str:
        """The name without the date; the types of dataset and method stand in for names that the configs lack."""
        info = self.info
        beta = _weight(model) if info.beta is None else info.beta
        weight = f"{beta:g}".replace(".", "p") if beta > 0 else ""
        parts = [info.dataset_type or dataset, f"{info.model_type or method}{weight}"]
        if info.enc_type or info.dec_type:
            parts += [f"e-{info.enc_type}" if info.enc_type else "", f"d-{info.dec_type}" if info.dec_type else ""]
        else:
            parts.append(info.arch_type or "")
        parts += [*_nosplit(model), *info.shown_variants(), info.extra or ""]
        return "_".join(part for part in parts if part).replace(" ", "") or "unknown"

    def model_name(self, model: nn.Module, *, method: str) -> str:
        """The name of the papers: SAE-12, AdaAE-12, VLAE-12, AE, VAE, beta-VAE and so on.

        A method that none of them combines with an architecture is named with that: VAE-S12 has a structural decoder,
        VAE-Ada12 one without split, AE-L12 a ladder. Variants follow.
        """
        if self.info.model:
            return self.info.model
        kind = self.info.model_type or method
        name = _METHODS.get(kind, kind.upper())
        if kind == "vae" and _weight(model) != 1:
            name = "beta-VAE"
        decoder = getattr(model, "decoder", None)
        if isinstance(decoder, StyleDecoder):
            family = "L" if isinstance(model.encoder, LadderEncoder) else "Ada" if _nosplit(model) else "S"
            known = _OF_THE_PAPERS.get((name, family))
            name = f"{known or f'{name}-{family}'}{decoder.segments}"
        return " ".join([name, *self.info.shown_variants()])


def _weight(model: nn.Module) -> float:
    return float(getattr(model, "reg_wt", 0))  # a model of a user's own may have none


def _nosplit(model: nn.Module) -> list[str]:
    decoder = getattr(model, "decoder", None)
    return ["nosplit"] if isinstance(decoder, StyleDecoder) and decoder.group_dims is None else []
