"""Scores of factor responses: whether each latent responds to one factor, and each factor moves one latent.

All take the factor responses F (K, G, D, D) of `factor_responses`, or a matrix (K, D) made from them: one row per
factor, one column per latent. They are NaN where nothing responds at all.
"""

import torch
from torch import Tensor


def response_scores(factor_responses: Tensor) -> dict[str, float]:
    """All scores of factor responses (K, G, D, D).

    `disentanglement` is the published one, on the strongest responses that every group shows. The others are causal
    scores on the conditioned response matrix, `_rescaled` so that 0 is chance.
    """
    conditioned = conditioned_response_matrix(factor_responses)
    return {
        "disentanglement": disentanglement(factor_responses),
        "causal_disentanglement": causal_disentanglement_score(conditioned),
        "causal_disentanglement_rescaled": rescaled_causal_disentanglement_score(conditioned),
        "causal_completeness": causal_completeness_score(conditioned),
        "causal_completeness_rescaled": rescaled_causal_completeness_score(conditioned),
    }


def strongest_responses(factor_responses: Tensor) -> Tensor:
    """Per factor and intervened latent, the strongest response of any latent: (K, G, D, D) -> (K, D).

    Of each pair of latents the weakest response over the groups counts.
    """
    return factor_responses.amin(dim=1).amax(dim=-1)


def conditioned_response_matrix(factor_responses: Tensor) -> Tensor:
    """Per factor, how each latent responds to interventions on itself, mean over groups: (K, G, D, D) -> (K, D).

    The conditioned response matrix of Leeb et al. (NeurIPS 2022).
    """
    return factor_responses.diagonal(dim1=-2, dim2=-1).mean(dim=1)


def disentanglement(factor_responses: Tensor) -> float:
    """Response disentanglement of factor responses (K, G, D, D), from 1/K to 1: 1 if each latent serves one factor.

    The share of all strongest responses that the best factor of each latent has: sum_d max_f M_fd / sum_fd M_fd.
    """
    return causal_disentanglement_score(strongest_responses(factor_responses))


def causal_disentanglement_score(matrix: Tensor) -> float:
    """CDS of a conditioned response matrix C (K, D): sum_d max_k C_kd / sum_kd C_kd, from 1/K to 1.

    It is 1 when every latent responds under one factor only (Leeb et al., NeurIPS 2022).
    """
    matrix = matrix.double()  # so that a perfect score is 1, not a bit more
    total = matrix.sum()
    return float(matrix.amax(dim=0).sum() / total) if total != 0 else torch.nan


def rescaled_causal_disentanglement_score(matrix: Tensor) -> float:
    """CDS of a matrix (K, D) from 0 (all factors alike) to 1: (CDS - 1/K) / (1 - 1/K); NaN with a single factor."""
    return _rescale(causal_disentanglement_score(matrix), matrix.shape[0])


def causal_completeness_score(matrix: Tensor) -> float:
    """CCS of a conditioned response matrix C (K, D): sum_k max_d C_kd / sum_kd C_kd, from 1/D to 1.

    It is 1 when under every factor one latent only responds.
    """
    return causal_disentanglement_score(matrix.T)


def rescaled_causal_completeness_score(matrix: Tensor) -> float:
    """CCS of a matrix (K, D) from 0 (all latents alike) to 1: (CCS - 1/D) / (1 - 1/D); NaN with a single latent."""
    return _rescale(causal_completeness_score(matrix), matrix.shape[1])


def _rescale(ratio: float, count: int) -> float:
    return (ratio - 1 / count) / (1 - 1 / count) if count > 1 else torch.nan
