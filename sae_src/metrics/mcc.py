"""Mean correlation coefficient, MCC (Hyvärinen and Morioka, "Unsupervised feature extraction by time-contrastive
learning and nonlinear ICA", NeurIPS 2016).

With c_jk = |correlation of code j and factor k|, Pearson's or Spearman's (ties get their mean rank), the one-to-one
assignment of codes to factors with the largest sum of c_jk is found. MCC is that sum over the number K of factors;
the published codes divide by the number min(D, K) of pairs instead, which overlooks factors without a code.

Range 0 to 1: 1 when every factor has a code of its own that is a linear (Spearman: monotonic) function of it. Codes
beyond the best K do not count, so longer codes have a slight advantage, and a second code of the same content costs
nothing. Codes of noise score about 2 / sqrt(N) with 10 codes and 5 factors: 0.06 at 1,000 points, 0.02 at 10,000. For
factors whose values have no order, such as shapes, a correlation is arbitrary.
"""

from typing import Literal

import numpy as np
from numpy.typing import ArrayLike
from scipy.optimize import linear_sum_assignment
from scipy.stats import rankdata

from sae_src.metrics.arrays import check_data, constant_columns
from sae_src.metrics.metric import Metric
from sae_src.metrics.standardisation import standardise

Correlation = Literal["pearson", "spearman"]


def score(
    codes_train: ArrayLike,
    factors_train: ArrayLike,
    codes_test: ArrayLike | None = None,
    factors_test: ArrayLike | None = None,
    *,
    seed: int = 0,
) -> dict[str, float | np.ndarray]:
    """MCC of codes (N, D) and factors (N, K) of any numbers; the test arrays and the seed are not used.

    Returns for `pearson` and `spearman`: `mcc_pearson`, the mean over the K factors; `mcc_pearson_matched`, the mean
    over the min(D, K) pairs; `pearson_matrix` (D, K), the absolute correlations; and `pearson_codes` (K,), the code
    of each factor, -1 for none. A constant code correlates with nothing, 0. A factor of one value makes its column and
    the scores NaN.
    """
    data = check_data(codes_train, factors_train, codes_test, factors_test)
    kinds: tuple[Correlation, ...] = ("pearson", "spearman")
    result: dict[str, float | np.ndarray] = {}
    for kind in kinds:
        matrix = absolute_correlations(data.codes_train, data.factors_train, kind)
        codes = assign_codes(matrix)
        total = float(np.nan if np.isnan(matrix).any() else matrix[codes, np.arange(len(codes))][codes >= 0].sum())
        result[f"mcc_{kind}"] = total / matrix.shape[1]
        result[f"mcc_{kind}_matched"] = total / min(matrix.shape)
        result[f"{kind}_matrix"] = matrix
        result[f"{kind}_codes"] = codes
    return result


def absolute_correlations(codes: np.ndarray, factors: np.ndarray, kind: Correlation) -> np.ndarray:
    """Absolute correlations (D, K) of codes (N, D) and factors (N, K): 0 for a constant code, NaN for such a factor."""
    if kind == "spearman":
        a, b = standardise(rankdata(codes, axis=0)), standardise(rankdata(factors, axis=0))
    else:
        a, b = standardise(codes), standardise(factors.astype(np.float64))
    correlations = np.minimum(np.abs(a.T @ b) / len(codes), 1.0)
    return np.where(constant_columns(factors), np.nan, correlations)


def assign_codes(correlations: np.ndarray) -> np.ndarray:
    """The code (K,) of each factor in the assignment with the largest sum of a matrix (D, K); -1 for no code.

    Of assignments that are equally good to within 1e-11, the one with the smallest code numbers. NaN counts as 0.
    """
    num_codes, num_factors = correlations.shape
    # Whole multiples of 1e-11, times more than all code numbers together: these decide ties, and nothing else.
    worth = np.round(np.nan_to_num(correlations) * 1e11) * (num_codes * num_factors) - np.arange(num_codes)[:, None]
    codes, factors = linear_sum_assignment(worth, maximize=True)
    of_factor = np.full(num_factors, -1)
    of_factor[factors] = codes
    return of_factor


METRIC = Metric(
    name="mcc",
    title="MCC",
    score=score,
    scores=("mcc_pearson", "mcc_spearman", "mcc_pearson_matched", "mcc_spearman_matched"),
    meaning="each factor has a latent of its own that rises or falls with it",
    range="0 to 1, high",
    need="numbers",
    ignores_test_points=True,
)
