"""FactorVAE's estimate of total correlation (Kim and Mnih, "Disentangling by factorising", ICML 2018).

A discriminator tells latents from latents of which each was permuted over the batch, as if they were independent. It
returns two logits per point, the first for "real", the second for "permuted".
"""

import torch
from torch import Tensor
from torch.nn import functional as F


def random_permutations(like: Tensor) -> Tensor:
    """An independent permutation of the points for each latent: row indices (B, D), from torch's global generator."""
    return torch.rand_like(like).argsort(dim=0)


def permute_codes(samples: Tensor, permutations: Tensor) -> Tensor:
    """Samples (B, D) with latent d of row b taken from row permutations[b, d]."""
    return samples.gather(0, permutations)


def estimated_total_correlation(logits: Tensor) -> Tensor:
    """Total correlation by the logits (B, 2) of samples: mean over the batch of the first minus the second, in nats."""
    return (logits[:, 0] - logits[:, 1]).mean()


def discriminator_loss(logits: Tensor, logits_permuted: Tensor) -> Tensor:
    """Half the sum of two cross-entropies, each a mean over its batch: a scalar, log 2 when nothing can be told.

    Args:
        logits: of samples (B, 2), which must be detached for the autoencoder not to learn from this loss.
        logits_permuted: of permuted samples (B', 2); in the paper those of a second batch.
    """
    real, permuted = F.log_softmax(logits, dim=1)[:, 0], F.log_softmax(logits_permuted, dim=1)[:, 1]
    return -0.5 * (real.mean() + permuted.mean())
