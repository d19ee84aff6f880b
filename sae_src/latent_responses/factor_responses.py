"""Responses to interventions between samples that differ in one factor only.

A group holds the latents of one random factor vector with one factor set to each of its values in turn. The response
matrix of a group shows which latents carry that factor (Leeb et al.).
"""

from collections.abc import Callable, Sequence

import numpy as np
import torch
from numpy.typing import ArrayLike
from torch import Tensor

from sae_src.methods import mean_of
from sae_src.responses import BATCH_SIZE, Decode, Distance, Encode, check_distance, distance, intervene, response

NUM_GROUPS = 50


def full_intervention(
    factor_sizes: Sequence[int], factor: int, num_groups: int = NUM_GROUPS, *, generator: np.random.Generator
) -> np.ndarray:
    """Factor indices (num_groups, size of the factor, K): all values of one factor, the others at one random value."""
    size = factor_sizes[factor]
    vectors = generator.integers(factor_sizes, size=(num_groups, 1, len(factor_sizes)))
    groups = vectors.repeat(size, axis=1)
    groups[:, :, factor] = np.arange(size)
    return groups


def single_intervention(
    factor_sizes: Sequence[int], factor: int, num_samples: int, *, generator: np.random.Generator
) -> np.ndarray:
    """Factor indices (num_samples, K): one factor at one random value, the others random in every row."""
    samples = generator.integers(factor_sizes, size=(num_samples, len(factor_sizes)))
    samples[:, factor] = samples[0, factor]
    return samples


def factor_groups(
    sample: Callable[[np.ndarray], ArrayLike],
    factor_sizes: Sequence[int],
    num_groups: int = NUM_GROUPS,
    *,
    encode: Encode | None = None,
    seed: int = 0,
    batch_size: int = BATCH_SIZE,
) -> list[Tensor]:
    """For every factor the latents of full interventions on it: K tensors (num_groups, size of the factor, D).

    Args:
        sample: from factor indices (n, K) to the observations (n, ...), or to the latents (n, D) if there is no
            `encode`; at most `batch_size` at a time.
        factor_sizes: number of values of each factor.
        num_groups: groups per factor.
        encode: from observations to latents or to their distribution.
        seed: of the factor vectors.
        batch_size: observations sampled and encoded at once.
    """
    generator = np.random.default_rng(seed)
    return [
        _latents(full_intervention(factor_sizes, factor, num_groups, generator=generator), sample, encode, batch_size)
        for factor in range(len(factor_sizes))
    ]


def factor_responses(
    groups: Sequence[Tensor],
    encode: Encode,
    decode: Decode,
    scales: Tensor | None = None,
    dist: Distance = "rms",
    *,
    force_different: bool = True,
    shuffle: bool = True,
    seed: int = 0,
    batch_size: int = BATCH_SIZE,
) -> Tensor:
    """Response matrices (K, G, D, D) of the groups of every factor, as `response_matrix` gives for each group.

    Args:
        groups: for each of K factors the latents (G, number of values, D), from `factor_groups`. A factor of one
            value has no interventions: its matrices are NaN.
        encode: from samples to latents or to their distribution.
        decode: from latents to samples.
        scales: divisor (D,) of the responding latents.
        dist: see `responses.distance`.
        force_different: see `responses.intervene`.
        shuffle: see `responses.intervene`.
        seed: of the interventions.
        batch_size: latents decoded and encoded at once.
    """
    check_distance(dist)
    generator = torch.Generator().manual_seed(seed)
    matrices = []
    for latents in groups:
        num_groups, num_values, num_latents = latents.shape
        if num_values < 2:
            matrices.append(latents.new_full((num_groups, num_latents, num_latents), torch.nan))
            continue
        latents, interventions = intervene(
            latents, force_different=force_different, shuffle=shuffle, generator=generator
        )
        stream = torch.cat([latents.unsqueeze(1), interventions], dim=1)
        responses = response(stream, encode, decode, batch_size=batch_size)
        matrices.append(distance(responses[:, 1:] - responses[:, :1], scales, dist))
    return torch.stack(matrices)


@torch.no_grad()
def _latents(
    factors: np.ndarray, sample: Callable[[np.ndarray], ArrayLike], encode: Encode | None, batch_size: int
) -> Tensor:
    rows = factors.reshape(-1, factors.shape[-1])
    batches = []
    for start in range(0, len(rows), batch_size):
        batch = torch.as_tensor(sample(rows[start : start + batch_size]))
        batches.append(batch if encode is None else mean_of(encode(batch)))
    return torch.cat(batches).view(*factors.shape[:-1], -1)
