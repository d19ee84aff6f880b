"""The KL divergence of a VAE in three parts (beta-TCVAE, Chen et al., "Isolating sources of disentanglement in VAEs",
NeurIPS 2018).

Mean over points of KL(q(z|x) || p(z)) = mutual information of z and x + total correlation of the latents + sum over
latents of KL(q(z_d) || p(z_d)), where q(z) is the mean of the posteriors of all training points. The parts are
estimated from one sample z_b per point b of a batch, with the posteriors of all points c of that batch:
q(z_b) ~ sum over c of W_bc q(z_b | x_c), and per latent alike. The estimators differ in the weights W.
"""

import math
from typing import Literal, NamedTuple

import torch
from torch import Tensor
from torch.distributions import Normal

Estimator = Literal["mws", "mss", "published"]
"""Minibatch weighted sampling: W = 1 / (B N). Minibatch stratified sampling, with M = B - 1: W_bb = 1 / N, the next
column (N - M) / (N M), all others 1 / M. `published` is the stratified matrix of the published programs of
beta-TCVAE, whose stride puts 1 / N in the first and (N - M) / (N M) in the second column of every row (and that too in
the first of the last but one), so that the posterior of a point itself mostly weighs 1 / M: it was used for the
published results, but is no estimator of q(z)."""


class KLParts(NamedTuple):
    """Scalars, in nats; their sum is the mean of log q(z|x) - log p(z) over the batch, whatever the weights."""

    mutual_information: Tensor
    total_correlation: Tensor
    dimension_wise_kl: Tensor


def decompose_kl(
    samples: Tensor, loc: Tensor, scale: Tensor, dataset_size: int, estimator: Estimator = "mws"
) -> KLParts:
    """The three parts of the KL divergence, as means over the batch.

    Args:
        samples: one sample (B, D) of each posterior.
        loc: means (B, D) of the posteriors.
        scale: standard deviations (B, D) of the posteriors.
        dataset_size: number N of training points.
        estimator: see `Estimator`. By `mws` the total correlation has a constant (D - 1) log(B N) too much, by which
            the other two have less.

    Raises `ValueError` for an estimator of another name, a `dataset_size` below 1, and a stratified estimator with one
    point, or with more points than `dataset_size`.
    """
    log_weights = _log_weights(len(samples), dataset_size, estimator, like=samples)
    joint, marginals = _log_aggregate(samples, loc, scale, log_weights)
    return _parts(samples, loc, scale, joint, marginals)


def decompose_kl_as_published_tcvae(samples: Tensor, loc: Tensor, scale: Tensor, dataset_size: int) -> KLParts:
    """What the public program of the structural autoencoders' TCVAE computes in place of `decompose_kl`.

    It takes the density of the prior for those of the posteriors of all points, with the `published` weights, once per
    latent even in the joint density. So the second and the third part are constants, and the first, a one-sample
    estimate of the KL divergence but for a constant, is all that trains the encoder.
    """
    log_weights = _log_weights(len(samples), dataset_size, "published", like=samples)
    log_prior = _log_normal(samples)
    joint = log_prior.sum(dim=1) + (samples.shape[1] * log_weights).logsumexp(dim=1)
    marginals = log_prior + log_weights.logsumexp(dim=1, keepdim=True)
    return _parts(samples, loc, scale, joint, marginals)


def total_correlation(samples: Tensor, loc: Tensor, scale: Tensor) -> Tensor:
    """Total correlation of samples (B, D) of posteriors (B, D) by equal weights, without constants: a scalar in nats.

    The mean over b of log sum over c of q(z_b | x_c) - sum over latents of the same of the latent alone, as in the
    library `disentanglement_lib`: what `mws` gives without its constant (D - 1) log(B N).
    """
    joint, marginals = _log_aggregate(samples, loc, scale, samples.new_zeros(()))
    return (joint - marginals.sum(dim=1)).mean()


def _log_weights(batch: int, dataset_size: int, estimator: Estimator, like: Tensor) -> Tensor:
    """log W, (B, B) or a scalar."""
    if estimator not in ("mws", "mss", "published"):
        raise ValueError(f"estimator: expected one of mws, mss, published, got {estimator!r}")
    if dataset_size < 1:
        raise ValueError(f"dataset_size: expected the number of training points, got {dataset_size}")
    if estimator == "mws":
        return like.new_full((), -math.log(batch * dataset_size))
    others = batch - 1
    if others == 0:
        raise ValueError(f"the estimator {estimator} of the KL divergence needs at least two points in a batch")
    if dataset_size < batch:
        raise ValueError(f"dataset_size, {dataset_size}, must be at least the number of points in a batch, {batch}")
    own, rest = -math.log(dataset_size), math.log((dataset_size - others) / (dataset_size * others))
    log_weights = like.new_full((batch, batch), -math.log(others))
    if estimator == "mss":
        log_weights.diagonal().fill_(own)
        log_weights.diagonal(1).fill_(rest)
        log_weights[-1, 0] = rest
    else:
        log_weights[:, 0] = own
        log_weights[:, 1] = rest
        log_weights[-2, 0] = rest
    return log_weights


def _log_aggregate(samples: Tensor, loc: Tensor, scale: Tensor, log_weights: Tensor) -> tuple[Tensor, Tensor]:
    """log of the weighted sum over the posteriors at every sample: of all latents together (B,) and of each (B, D)."""
    per_latent = _log_normal(samples.unsqueeze(1), loc, scale)
    # In one sum, so that both are the same to the last bit where there is one latent.
    densities = torch.cat([per_latent.sum(dim=2, keepdim=True), per_latent], dim=2)
    aggregate = (log_weights.unsqueeze(-1) + densities).logsumexp(dim=1)
    return aggregate[:, 0], aggregate[:, 1:]


def _parts(samples: Tensor, loc: Tensor, scale: Tensor, joint: Tensor, marginals: Tensor) -> KLParts:
    log_posterior, log_prior = _log_normal(samples, loc, scale).sum(dim=1), _log_normal(samples).sum(dim=1)
    product = marginals.sum(dim=1)
    return KLParts((log_posterior - joint).mean(), (joint - product).mean(), (product - log_prior).mean())


def _log_normal(values: Tensor, loc: Tensor | float = 0.0, scale: Tensor | float = 1.0) -> Tensor:
    return Normal(loc, scale, validate_args=False).log_prob(values)
