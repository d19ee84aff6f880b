"""Disentanglement metrics on plain arrays.

Every module has `score(codes_train, factors_train, codes_test=None, factors_test=None, *, seed=0, ...)`, with codes
(N, D) and factors (N, K), which returns one flat dict: numbers, and arrays with one row per code and one column per
factor. Without test arrays the training arrays serve as test arrays. A score that the data leave undefined is NaN;
arrays that do not fit together raise `ValueError`. Draws depend on `seed` alone, never on a global generator.

What each score means, whether codes of different length compare, and what the number of points does, is at the top
of each module.
"""

from sae_src.metrics import (
    beta_vae,
    dci,
    factor_vae,
    fairness,
    irs,
    mig,
    modularity_explicitness,
    sap,
    unsupervised,
)

__all__ = [
    "beta_vae",
    "dci",
    "factor_vae",
    "fairness",
    "irs",
    "mig",
    "modularity_explicitness",
    "sap",
    "unsupervised",
]
