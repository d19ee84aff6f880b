"""Latent responses of a model, to its own latents and to interventions on factors, as a metric (Leeb et al., "Exploring
the latent space of autoencoders with interventional assays", NeurIPS 2022).

The response matrix says which latents answer to which; factor responses do so for interventions between samples that
differ in one factor only, and are scored (`scores`).

Range 1/K to 1 with K factors, 1/D to 1 for completeness with D latents; `_rescaled` puts chance at 0. Responses are in
units of the standard deviations of the latents, so codes of different scale compare. The response matrix varies with
the latents that are intervened on, scores with the groups.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch import Tensor

from sae_src.latent_responses.factor_responses import NUM_GROUPS, factor_responses
from sae_src.latent_responses.scores import conditioned_response_matrix, response_scores
from sae_src.metrics.metric import Metric
from sae_src.responses import BATCH_SIZE, Decode, Distance, Encode, response_matrix

FactorGroups = Callable[[int], list[Tensor]]
"""From a number of groups G to the latents of interventions on every factor: K tensors (G, n, D)."""


def score(
    latents: Tensor,
    encode: Encode,
    decode: Decode,
    factor_groups: FactorGroups | None = None,
    *,
    seed: int = 0,
    num_response: int = 100,
    num_groups: int = NUM_GROUPS,
    dist_type: Distance = "rms",
    force_different: bool = True,
    normalize: bool = True,
    include_q: bool = True,
    model_batch_size: int = BATCH_SIZE,
) -> dict[str, Any]:
    """Response matrix and factor responses of a model.

    Args:
        latents: latents (N, D) of random samples, on the device of the model; all set the scales and the covariance.
        encode: from samples to latents or to their distribution.
        decode: from latents to samples.
        factor_groups: makes groups of interventions on factors; None where there is nothing to intervene on.
        seed: of the interventions.
        num_response: latents that the response matrix is made from, the first ones.
        num_groups: groups of interventions on each factor.
        dist_type: size of a response over the samples: root mean square, mean square, mean absolute value, 1-norm or
            2-norm (`responses.distance`).
        force_different: an intervention always takes another sample's value (`responses.intervene`).
        normalize: divide responses by the standard deviations of the latents.
        include_q: keep the latents of the groups in the results.
        model_batch_size: latents decoded and encoded at once.

    Returns `response_mat` (D, D) and `covariance` (D, D) (divided by the number of latents less 1); where factors can
    be intervened on also `factor_responses` (K, G, D, D), `conditioned_responses` (K, D), with `include_q` the latents
    `factor_responses_q` (K tensors (G, n, D)), and the numbers of `response_scores`.
    """
    codes = latents.cpu()
    scales = scales_of(codes).to(latents.device) if normalize else None
    result: dict[str, Any] = {
        "response_mat": response_matrix(
            latents[:num_response],
            encode,
            decode,
            scales,
            dist_type,
            force_different=force_different,
            seed=seed,
            batch_size=model_batch_size,
        ),
        "covariance": torch.from_numpy(np.cov(codes.numpy(), rowvar=False, ddof=1).reshape(codes.shape[1], -1)),
    }
    if factor_groups is None:
        return result
    groups = factor_groups(num_groups)
    responses = factor_responses(
        groups,
        encode,
        decode,
        scales,
        dist_type,
        force_different=force_different,
        seed=seed,
        batch_size=model_batch_size,
    )
    result |= {"factor_responses": responses, "conditioned_responses": conditioned_response_matrix(responses)}
    if include_q:
        result["factor_responses_q"] = groups
    return result | response_scores(responses)


def scales_of(codes: Tensor) -> Tensor:
    """The standard deviations (D,) of codes (N, D), divided by N - 1; 1 for a constant code, which never responds."""
    is_constant = codes.amax(dim=0) == codes.amin(dim=0)
    return torch.where(is_constant, 1.0, codes.std(dim=0))


METRIC = Metric(
    name="responses",
    title="LatentResponses",
    score=score,
    scores=(
        "disentanglement",
        "causal_disentanglement",
        "causal_disentanglement_rescaled",
        "causal_completeness",
        "causal_completeness_rescaled",
    ),
    meaning="each latent responds to interventions on one factor",
    range="1/K to 1, high",
    need="codes",
    at_least={"num_response": 2, "num_groups": 1},
    at_most={"num_response": "num_latent"},
    optional={"factor_groups": "factor responses"},
    is_published=True,
)
