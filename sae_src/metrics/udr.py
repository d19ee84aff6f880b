"""Unsupervised disentanglement ranking, UDR (Duan et al., "Unsupervised model selection for variational disentangled
representation learning", ICLR 2020).

It compares runs: several models that differ in their seed, on the same points. It is no score of one run, and knows no
factors: disentangled models resemble each other, up to the order and the sign of their codes; entangled ones do not.
With R_ab the strength of association of code a of model i and code b of model j, over informative codes only (KL
divergence from the prior above 0.01 on average),
UDR_ij = (mean_b max_a R_ab^2 / sum_a R_ab + mean_a max_b R_ab^2 / sum_b R_ab) / 2.
The score of a model is the median over the others. R is the absolute coefficients of a lasso (penalty 0.1) that
predicts the codes of j from those of i, all standardised, or the absolute Spearman correlations.

From 0 up to, for the same independent codes in another order, 0.9 by the lasso, whose penalty takes 0.1 of every
coefficient; by Spearman below 1, the less so the more codes and the fewer points, for chance correlations add up in the
sums. Codes of different length compare as far as the rest of them is uninformative. Usual are 1,000 points and at
least 5 models.
"""

from collections.abc import Sequence
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike
from scipy.stats import rankdata

from sae_src.metrics.arrays import as_codes
from sae_src.metrics.standardisation import standardise

Method = Literal["lasso", "spearman"]

_PENALTY = 0.1
_MOST_SWEEPS, _CONVERGED = 10_000, 1e-12


def score(
    codes_of_models: Sequence[ArrayLike],
    kl_of_models: Sequence[ArrayLike],
    *,
    method: Method = "lasso",
    threshold: float = 0.01,
) -> dict[str, np.ndarray]:
    """UDR of M models by their codes of the same N points; no draws are made.

    Args:
        codes_of_models: for each model its codes (N, D); D may differ between models.
        kl_of_models: for each model the mean KL divergence (D,) of each code's posterior from its prior, in nats.
        method: the association: coefficients of a lasso, or Spearman's correlation.
        threshold: codes with at most this KL divergence are left out.

    Returns `udr` (M,), a model's median over the others of how well they predict it; `pairwise` (M, M), UDR_ij for the
    codes of j from those of i, 0 on the diagonal; and `informative` (M,), the number of codes that count. A model
    without any has a score of NaN, and does not enter those of the others. A code without an association adds 0.
    Raises `ValueError` for fewer than two models and for arrays that do not fit together.
    """
    codes, informative = _check_models(codes_of_models, kl_of_models, threshold)
    count = len(codes)
    strengths = associations(codes, informative, method=method)
    pairwise = np.zeros((count, count))
    for i in range(count):
        for j in range(count):
            if i != j:
                pairwise[i, j] = _agreement(strengths[i][j][informative[i]][:, informative[j]])
    others = [np.delete(pairwise[:, j], j) for j in range(count)]
    defined = [column[~np.isnan(column)] for column in others]
    return {
        "udr": np.array([np.median(column) if len(column) else np.nan for column in defined]),
        "pairwise": pairwise,
        "informative": np.array([mask.sum() for mask in informative]),
    }


def associations(
    codes: Sequence[np.ndarray], informative: Sequence[np.ndarray], *, method: Method = "lasso"
) -> list[list[np.ndarray]]:
    """For models i and j, how strongly each code of i goes with each of j: matrices (D_i, D_j) of absolute values.

    From codes (N, D) and masks (D,) of every model. Codes outside the mask, and constant ones, go with nothing: 0.
    """
    if method not in ("lasso", "spearman"):
        raise ValueError(f"method must be lasso or spearman, not {method!r}")
    ranked = [rankdata(one, axis=0) for one in codes] if method == "spearman" else codes
    standard = np.concatenate([standardise(one) * mask for one, mask in zip(ranked, informative, strict=True)], axis=1)
    correlations = standard.T @ standard / len(standard)
    ends = np.cumsum([one.shape[1] for one in codes])
    blocks = [slice(end - one.shape[1], end) for end, one in zip(ends, codes, strict=True)]
    if method == "lasso":
        rows = [_lasso(correlations[block, block], correlations[block]) for block in blocks]
    else:
        rows = [correlations[block] for block in blocks]
    return [[np.abs(row[:, block]) for block in blocks] for row in rows]


def _lasso(correlations: np.ndarray, with_targets: np.ndarray) -> np.ndarray:
    """Coefficients (D, T) of T lasso regressions, by cyclic coordinate descent on all at once.

    From the correlations of the standardised predictors (D, D), and with the standardised targets (D, T). Each
    minimises mean squared error / 2 + 0.1 * sum of absolute coefficients.
    """
    weights = np.zeros_like(with_targets)
    # A predictor that is 0 throughout correlates with nothing, not even with itself.
    alive = np.flatnonzero(np.diagonal(correlations) > 0)
    for _ in range(_MOST_SWEEPS):
        before = weights.copy()
        for d in alive:
            unexplained = with_targets[d] - correlations[d] @ weights + correlations[d, d] * weights[d]
            shrunk = np.maximum(np.abs(unexplained) - _PENALTY, 0.0)
            weights[d] = np.copysign(shrunk, unexplained) / correlations[d, d]
        if np.abs(weights - before).max() < _CONVERGED:
            break
    return weights


def _agreement(strengths: np.ndarray) -> float:
    """UDR of one pair from the associations (a, b) of their informative codes; NaN if one has none."""
    if strengths.size == 0:
        return np.nan
    one_way, other_way = (
        np.divide(s.max(axis=0) ** 2, s.sum(axis=0), out=np.zeros(s.shape[1]), where=s.sum(axis=0) > 0).mean()
        for s in (strengths, strengths.T)
    )
    return float((one_way + other_way) / 2)


def _check_models(
    codes_of_models: Sequence[ArrayLike], kl_of_models: Sequence[ArrayLike], threshold: float
) -> tuple[list[np.ndarray], list[np.ndarray]]:
    """Codes as arrays and masks of informative codes."""
    if len(codes_of_models) != len(kl_of_models):
        raise ValueError(f"there are codes of {len(codes_of_models)} models but KL divergences of {len(kl_of_models)}")
    if len(codes_of_models) < 2:
        raise ValueError(f"UDR compares at least 2 models, got {len(codes_of_models)}")
    codes = [as_codes(one, f"codes of model {i}") for i, one in enumerate(codes_of_models)]
    informative = []
    for i, (one, kl) in enumerate(zip(codes, kl_of_models, strict=True)):
        if len(one) != len(codes[0]):
            raise ValueError(f"model {i} has codes of {len(one)} points but model 0 of {len(codes[0])}")
        divergences = np.asarray(kl.detach().cpu() if hasattr(kl, "detach") else kl, dtype=np.float64)
        if divergences.shape != one.shape[1:]:
            raise ValueError(f"model {i} has {one.shape[1]} codes but KL divergences of shape {divergences.shape}")
        if not np.isfinite(divergences).all():
            raise ValueError(f"the KL divergences of model {i} hold NaN or infinity")
        informative.append(divergences > threshold)
    return codes, informative
