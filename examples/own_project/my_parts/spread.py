"""A metric."""

import numpy as np
from numpy.typing import ArrayLike

from sae_src.metrics.metric import Metric


def score(codes_train: ArrayLike, *, smallest: float = 0.01) -> dict[str, float]:
    """How many of the codes (N, D) vary: `active` counts those with a variance above `smallest`, from 0 to D."""
    return {"active": float((np.asarray(codes_train).var(axis=0) > smallest).sum())}


METRIC = Metric(
    name="spread",
    title="Spread",
    score=score,
    scores=("active",),
    meaning="how many codes vary",
    range="0 to the number of codes",
    need="codes",
    ignores_test_points=True,
    at_least={"smallest": 0},
)
