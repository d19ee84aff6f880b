"""The explorations of models in the form that a page holds them."""

from typing import Any

import torch
from torch import Tensor

from sae_src.report.exploration import Exploration, factor_matrix
from sae_src.report.observations import Observations
from sae_src.report.sprites import can_show, fitting, picture, sprite

LONGEST = 256
"""Values of a vector that a page shows."""
_COLUMNS = 8

Numbers = Any  # lists of numbers, nested as the dimensions of a tensor are


def kind_of(size: int | tuple[int, ...]) -> str:
    """How outputs of a size are shown: as `images`, as `vectors`, or not at all (empty)."""
    if can_show(size):
        return "images"
    return "vectors" if isinstance(size, int) and size <= LONGEST else ""


def data_look(seen: Observations, kind: str) -> dict[str, Any]:
    """What a page holds of the data: the observations, and the traversals of factors."""
    factors = [{"name": each.name, "values": each.values, "home": each.home} for each in seen.factors]
    look: dict[str, Any] = {"kind": kind, "count": len(seen.explored), "factors": factors}
    if kind == "images":
        look["side"] = _side(seen.explored)
        look["originals"] = [sprite(fitting(each[None])[None]) for each in seen.explored]
        count = range(len(seen.explored))
        look["strips"] = [[sprite(fitting(each.images[n])[None]) for each in seen.factors] for n in count]
    elif kind == "vectors":
        look["originals"] = numbers(seen.explored)
    return look


def model_look(found: Exploration, kind: str) -> dict[str, Any]:
    """What the explorer holds of a model."""
    look: dict[str, Any] = {
        "kind": kind,
        "latents": found.latents,
        "values": numbers(found.values),
        "home": found.home.tolist(),
        "responses": numbers(found.responses),
        "matrix": numbers(found.matrix),
        "changes": [numbers(factor.changes) for factor in found.factors],
        "factor_matrix": numbers(factor_matrix(found.factors)) if found.factors else None,
    }
    if kind == "images":
        look["side"] = _side(found.reconstructions)
        look["strips"] = [_sprite_of(each) for each in found.images]
        count = range(len(found.images))
        look["factor_strips"] = [[sprite(fitting(each.images[n])[None]) for each in found.factors] for n in count]
    elif kind == "vectors":
        look["strips"] = numbers(found.images)
        look["factor_strips"] = []
    return look


def pictures_of(seen: Observations, found: Exploration) -> dict[str, str]:
    """Pictures of a model whose outputs are images: observations above reconstructions, hybrids, samples."""
    pairs = torch.cat([fitting(seen.shown), fitting(found.reconstructions)])
    pictures = {"reconstructions": picture(pairs, len(seen.shown))}
    for name, samples in (("hybrids", found.hybrids), ("priors", found.priors)):
        if samples is not None:
            pictures[name] = picture(fitting(samples), _COLUMNS)
    return pictures


def numbers(values: Tensor) -> Numbers:
    """A tensor as nested lists of numbers with three significant digits; None for what is not finite."""
    return _short(values.tolist())


def _short(value: Numbers) -> Numbers:
    if isinstance(value, list):
        return [_short(item) for item in value]
    short = float(f"{value:.3g}")
    return None if short - short != 0 else int(short) if short.is_integer() and abs(short) < 1e6 else short


def _sprite_of(images: Tensor) -> str:
    """Images (R, C, channels, H, W) as one sprite."""
    return sprite(fitting(images.flatten(0, 1)).unflatten(0, images.shape[:2]))


def _side(images: Tensor) -> list[int]:
    """Width and height of images in a sprite."""
    height, width = fitting(images[:1]).shape[-2:]
    return [width, height]
