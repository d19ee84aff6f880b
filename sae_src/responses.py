"""Latent responses: how the latents of decoded samples change when single latents are set to other values.

The response of latents z is s(z), the mean of encode(decode(z)) (Leeb et al., "Exploring the latent space of
autoencoders with interventional assays", NeurIPS 2022). Everything here runs without gradients on the device of the
latents, in the modes that the encoder and the decoder are in.
"""

from collections.abc import Callable
from typing import Literal, NamedTuple, get_args

import numpy as np
import torch
from torch import Tensor

from omnilearn.progress import with_progress
from sae_src.methods import Latent, mean_of

Encode = Callable[[Tensor], Latent]
"""From samples (n, ...) to latents (n, D), or to their distribution, of which the mean is taken."""

Decode = Callable[[Tensor], Tensor]
"""From latents (n, D) to samples (n, ...)."""

Distance = Literal["rms", "sqr", "abs", "l1", "l2"]

BATCH_SIZE = 256
"""Latents decoded and encoded at once: a few GB at most for images of 128 x 128."""


class Responses(NamedTuple):
    """What `compute_response` returns.

    Attributes:
        interventions: latents (D, N, D); in the d-th matrix the d-th latent of every row has another value.
        responses: the responses (D, N, D) of the interventions.
        reference: the responses (N, D) of the latents without intervention, in the same order of rows.
    """

    interventions: Tensor
    responses: Tensor
    reference: Tensor


@torch.no_grad()
def response(latents: Tensor, encode: Encode, decode: Decode, *, batch_size: int = BATCH_SIZE) -> Tensor:
    """The responses of latents (..., D), of the same shape, computed `batch_size` latents at a time."""
    rows = latents.reshape(-1, latents.shape[-1])
    batches = rows.split(batch_size)
    responses = [mean_of(encode(decode(batch))) for batch in with_progress(batches, "responses", "batches")]
    return torch.cat(responses).view(latents.shape)


def intervene(
    latents: Tensor, *, force_different: bool = True, shuffle: bool = True, generator: torch.Generator
) -> tuple[Tensor, Tensor]:
    """The latents (..., N, D) in the order they are used in, and all single interventions on them (..., D, N, D).

    Row n of the d-th intervention has the d-th latent of another row of its group of N. With `force_different` the
    rows are permuted first (unless `shuffle` is off) and row n takes the value of row n + 1, the last that of the
    first; otherwise the values of each column are permuted, and a row may keep its own.

    The draws are made on the CPU, so they are the same for latents on any device.
    """
    if latents.dim() < 2:
        raise ValueError(f"latents must be a matrix (N, D), not of shape {tuple(latents.shape)}")
    *groups, num_samples, num_latents = latents.shape
    if num_samples < 2:
        raise ValueError("an intervention takes its values from other samples: at least 2 are needed")

    if force_different:
        if shuffle:
            order = _permutations(groups, num_samples, generator).to(latents.device)
            latents = latents.gather(-2, order.unsqueeze(-1).expand_as(latents))
        values = latents.roll(-1, dims=-2)
    else:
        order = _permutations([*groups, num_latents], num_samples, generator).to(latents.device)
        values = latents.gather(-2, order.transpose(-1, -2))
    interventions = latents.unsqueeze(-3).expand(*groups, num_latents, num_samples, num_latents).clone()
    interventions.diagonal(dim1=-3, dim2=-1).copy_(values)
    return latents, interventions


def compute_response(
    latents: Tensor,
    encode: Encode,
    decode: Decode,
    *,
    force_different: bool = True,
    shuffle: bool = True,
    seed: int = 0,
    batch_size: int = BATCH_SIZE,
) -> Responses:
    """All single interventions on latents (N, D), their responses, and those of the latents themselves.

    See `intervene` for the interventions; `seed` sets their draws. Raises `ValueError` for fewer than two latents.
    """
    generator = torch.Generator().manual_seed(seed)
    latents, interventions = intervene(latents, force_different=force_different, shuffle=shuffle, generator=generator)
    # One stream of batches for both: the last batch of neither is cut short.
    responses = response(torch.cat([latents.unsqueeze(0), interventions]), encode, decode, batch_size=batch_size)
    return Responses(interventions, responses[1:], responses[0])


def response_matrix(
    latents: Tensor | np.ndarray,
    encode: Encode,
    decode: Decode,
    scales: Tensor | np.ndarray | None = None,
    dist: Distance = "rms",
    *,
    force_different: bool = True,
    shuffle: bool = True,
    seed: int = 0,
    batch_size: int = BATCH_SIZE,
) -> Tensor:
    """How far each latent (column) responds to interventions on each latent (row): (D, D).

    Args:
        latents: latents (N, D) of real samples, at least two.
        encode: from samples to latents or to their distribution.
        decode: from latents to samples.
        scales: divisor (D,) of the responding latents, such as their standard deviations.
        dist: how the differences of the N samples are put together, see `distance`.
        force_different: see `intervene`.
        shuffle: see `intervene`.
        seed: of the interventions.
        batch_size: latents decoded and encoded at once.
    """
    check_distance(dist)
    latents = as_floats(latents)
    scales = None if scales is None else as_floats(scales).to(latents.device)
    _, responses, reference = compute_response(
        latents, encode, decode, force_different=force_different, shuffle=shuffle, seed=seed, batch_size=batch_size
    )
    return distance(responses - reference, scales, dist)


def distance(differences: Tensor, scales: Tensor | None = None, dist: Distance = "rms") -> Tensor:
    """Size of differences (..., N, D) over the N samples, each first divided by `scales` (D,): (..., D).

    `rms` root of the mean square, `sqr` mean square, `abs` mean absolute value, `l1` sum of absolute values, `l2`
    root of the sum of squares.
    """
    check_distance(dist)
    if scales is not None:
        differences = differences / scales
    if dist in ("abs", "l1"):
        sizes = differences.abs()
        return sizes.mean(dim=-2) if dist == "abs" else sizes.sum(dim=-2)
    squares = differences.square()
    if dist == "l2":
        return squares.sum(dim=-2).sqrt()
    return squares.mean(dim=-2).sqrt() if dist == "rms" else squares.mean(dim=-2)


def as_floats(values: Tensor | np.ndarray) -> Tensor:
    """A tensor as it is; an array of numpy as float32, which models take."""
    return values if isinstance(values, Tensor) else torch.from_numpy(np.array(values, dtype=np.float32))


def check_distance(dist: str) -> None:
    """Raises `ValueError` for an unknown distance, before anything is computed."""
    if dist not in get_args(Distance):
        raise ValueError(f"dist must be one of {', '.join(get_args(Distance))}, not {dist!r}")


def _permutations(shape: list[int], count: int, generator: torch.Generator) -> Tensor:
    """Independent random orders of `count` elements: (*shape, count)."""
    draws = [torch.randperm(count, generator=generator) for _ in range(torch.Size(shape).numel())]
    return torch.stack(draws).view(*shape, count)
