"""Response maps: the field u(z) = s(z) - z of latent responses over a plane of two latents.

Where an autoencoder contracts onto its data manifold, the field points to the manifold: its magnitude is small there,
and its divergence and curvature show the manifold's shape (Leeb et al., NeurIPS 2022).
"""

from typing import NamedTuple

import torch
from torch import Tensor

from sae_src.responses import BATCH_SIZE, Decode, Encode, response


class ResponseMap(NamedTuple):
    """What `response_map` returns.

    Attributes:
        latents: the latents (R, C, D) of the grid; rows run along the first latent, columns along the second.
        field: the field u (R, C, D) on it.
        dims: the two latents that span the plane.
    """

    latents: Tensor
    field: Tensor
    dims: tuple[int, int]


def response_map(
    base: Tensor,
    encode: Encode,
    decode: Decode,
    dims: tuple[int, int] = (0, 1),
    *,
    extent: float = 2.0,
    steps: int = 64,
    batch_size: int = BATCH_SIZE,
) -> ResponseMap:
    """The response field over the plane through a base point in which two latents vary.

    Args:
        base: latents (D,); those outside the plane keep its values.
        encode: from samples to latents or to their distribution.
        decode: from latents to samples.
        dims: the two latents that vary, `ValueError` unless different.
        extent: both run from -extent to extent.
        steps: grid points along each, at least 2.
        batch_size: latents decoded and encoded at once.
    """
    if dims[0] == dims[1] or steps < 2:
        raise ValueError("a response map needs two different latents and at least 2 steps")
    values = torch.linspace(-extent, extent, steps, device=base.device, dtype=base.dtype)
    latents = base.expand(steps, steps, -1).clone()
    latents[..., dims[0]] = values[:, None]
    latents[..., dims[1]] = values
    return ResponseMap(latents, response(latents, encode, decode, batch_size=batch_size) - latents, dims)


def magnitude(result: ResponseMap) -> Tensor:
    """Euclidean norm (R, C) of the field over all latents."""
    return result.field.norm(dim=-1)


def divergence(result: ResponseMap) -> Tensor:
    """Divergence (R, C) of the field within the plane, per grid step: not divided by the distance of grid points."""
    return _divergence(result.field, result.dims)


def mean_curvature(result: ResponseMap) -> Tensor:
    """Mean curvature (R, C) within the plane, -1/2 div(u / |u|) per grid step; u / |u| is 0 where u is 0."""
    directions = torch.nn.functional.normalize(result.field, dim=-1)
    return -0.5 * _divergence(directions, result.dims)


def _divergence(field: Tensor, dims: tuple[int, int]) -> Tensor:
    # Only the derivatives along the two axes of the grid are known.
    (along_rows,) = torch.gradient(field[..., dims[0]], dim=0)
    (along_columns,) = torch.gradient(field[..., dims[1]], dim=1)
    return along_rows + along_columns
