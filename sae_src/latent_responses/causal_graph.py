"""The causal graph of the factors that latent responses show, to be compared with the true one."""

import torch
from scipy.optimize import linear_sum_assignment
from torch import Tensor


def latents_of_factors(conditioned_responses: Tensor) -> Tensor:
    """For each factor the latent that stands for it: (K, D) -> (K,).

    One latent per factor, so that the sum of their conditioned responses is largest; -1 for the factors that are left
    over where there are fewer latents than factors.
    """
    factors, latents = linear_sum_assignment(conditioned_responses.nan_to_num().numpy(), maximize=True)
    chosen = torch.full((len(conditioned_responses),), -1)
    chosen[torch.from_numpy(factors)] = torch.from_numpy(latents)
    return chosen


def found_graph(response_matrix: Tensor, conditioned_responses: Tensor) -> Tensor:
    """How far the latent of one factor (column) responds to that of another (row): (D, D) and (K, D) -> (K, K).

    NaN on the diagonal and for a factor without a latent.
    """
    latents = latents_of_factors(conditioned_responses)
    graph = response_matrix[latents][:, latents].clone()
    has_none = latents < 0
    graph[has_none], graph[:, has_none] = torch.nan, torch.nan
    return graph.fill_diagonal_(torch.nan)
