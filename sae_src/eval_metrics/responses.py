"""The metric `responses`: latent responses of a model, to its own latents and to interventions on factors."""

from typing import Any

import numpy as np
import torch
from torch import Tensor

from sae_src.eval_metrics.codes import MetricData
from sae_src.eval_metrics.settings import MetricSettings
from sae_src.latent_responses.factor_responses import factor_responses
from sae_src.latent_responses.scores import conditioned_response_matrix, response_scores
from sae_src.responses import response_matrix


def latent_responses(data: MetricData, latents: np.ndarray, settings: MetricSettings) -> dict[str, Any]:
    """Response matrix and factor responses of a model.

    Args:
        data: the observations and the model.
        latents: codes (N, D) of random observations.
        settings: numbers of latents and groups, the distance and so on.

    Returns `response_mat` (D, D) of the first `num_response` latents, `covariance` (D, D) of all (divided by N - 1);
    where factors can be intervened on also `factor_responses` (K, G, D, D), `conditioned_responses` (K, D), with
    `include_q` the latents `factor_responses_q` (K tensors (G, n, D)), and the numbers of `response_scores`.
    """
    model, device = data.model, next(data.model.parameters()).device
    codes = torch.from_numpy(latents)
    options = {"dist": settings.dist_type, "force_different": settings.force_different, "seed": settings.seed}
    options["batch_size"] = data.table.batch_size
    scales = scales_of(codes).to(device) if settings.normalize else None
    start = codes[: settings.num_response].to(device)
    result = {
        "response_mat": response_matrix(start, model.encode, model.decode, scales, **options),
        "covariance": torch.from_numpy(np.cov(latents, rowvar=False, ddof=1).reshape(latents.shape[1], -1)),
    }
    groups = data.intervention_groups(settings.num_groups)
    if groups is None:
        return result
    responses = factor_responses(groups, model.encode, model.decode, scales, **options)
    result |= {"factor_responses": responses, "conditioned_responses": conditioned_response_matrix(responses)}
    if settings.include_q:
        result["factor_responses_q"] = groups
    return result | response_scores(responses)


def scales_of(codes: Tensor) -> Tensor:
    """The standard deviations (D,) of codes (N, D), divided by N - 1; 1 for a constant code, which never responds."""
    is_constant = codes.amax(dim=0) == codes.amin(dim=0)
    return torch.where(is_constant, 1.0, codes.std(dim=0))
