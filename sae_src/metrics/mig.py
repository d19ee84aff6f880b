"""Mutual information gap, MIG (Chen et al., "Isolating sources of disentanglement in VAEs", NeurIPS 2018).

MIG = mean over factors k of (I(z_(1); v_k) - I(z_(2); v_k)) / H(v_k), where z_(1) and z_(2) are the codes with the
largest and second largest mutual information with the factor. Codes are discretised into 20 equal-width bins.

Range 0 to 1: 1 when every factor is known from one code and no other code knows anything about it, 0 when two codes
know the same. Extra codes cannot raise it, and lower it only when they share information, so codes of different
length compare. Few points overestimate mutual information with every code (about (bins - 1)(values - 1) / 2N nats).
"""

import numpy as np
from numpy.typing import ArrayLike

from sae_src.metrics.arrays import check_data
from sae_src.metrics.discretisation import discretise, entropy, gap_of_best_two, mutual_information


def score(
    codes_train: ArrayLike,
    factors_train: ArrayLike,
    codes_test: ArrayLike | None = None,
    factors_test: ArrayLike | None = None,
    *,
    seed: int = 0,
    num_bins: int = 20,
) -> dict[str, float | np.ndarray]:
    """MIG of codes (N, D) and factors (N, K); the test arrays and the seed are not used.

    Returns `discrete_mig` and the `entropy` (K,) of the factors in nats. The score is NaN with a single code and with
    a factor of one value.
    """
    data = check_data(codes_train, factors_train, codes_test, factors_test)
    gaps = gap_of_best_two(mutual_information(discretise(data.codes_train, num_bins), data.factors_train))
    entropies = entropy(data.factors_train)
    gaps = np.divide(gaps, entropies, out=np.full_like(gaps, np.nan), where=entropies > 0)
    return {"discrete_mig": float(gaps.mean()), "entropy": entropies}
