"""Linear predictability of factors, R2, and what of it lies off the diagonal (as in Lippe et al., "CITRIS: causal
identifiability from temporal intervened sequences", ICML 2022).

Linear R2: per factor, 1 - (squared errors) / (squared deviations from the mean) on the test points, of the
least-squares prediction from all codes that was fitted to the training points; mean over factors.
Diagonal: M_jk is the same with code j as the only predictor. Every factor gets a code of its own, by the largest sum of
absolute Spearman correlations on the training points. The diagonal is the mean of M over these pairs; the largest
off-diagonal is the mean, over the same codes, of a code's best M with another factor.

Range up to 1; a bit below 0 for codes that tell nothing, since predictions are of points not trained on, and far below
0 for predictions that are wild there. Linear R2 is 1 when all factors are linear in the codes, mixed or not; the
diagonal is 1 and the off-diagonal 0 when each factor is linear in its own code, and independent of the others. Longer
codes can only raise linear R2 on the training points; few of them (not many times D) lower it on the test points. A
factor without a code of its own, where D < K, counts as if it had a constant one.
"""

import numpy as np
from numpy.typing import ArrayLike

from sae_src.metrics.arrays import check_data, constant_columns
from sae_src.metrics.mcc import absolute_correlations, assign_codes
from sae_src.metrics.metric import Metric
from sae_src.metrics.standardisation import standardise


def score(
    codes_train: ArrayLike,
    factors_train: ArrayLike,
    codes_test: ArrayLike | None = None,
    factors_test: ArrayLike | None = None,
    *,
    seed: int = 0,
) -> dict[str, float | np.ndarray]:
    """R2 of codes (N, D) and factors (N, K) of any numbers; the seed is not used.

    Returns `r2_linear`, `diagonal` and `largest_off_diagonal` of the test points; `diagonal_spearman` and
    `largest_off_diagonal_spearman`, with absolute Spearman correlations on the test points for M; `r2_linear_train`;
    `r2_per_factor` and `r2_per_factor_train` (K,); `r2_matrix` and `r2_matrix_train` (D, K), which is M; and
    `codes_of_factors` (K,), -1 for none. A factor that has one value in training or test makes its columns and the
    scores NaN; with a single factor the off-diagonals are NaN.
    """
    data = check_data(codes_train, factors_train, codes_test, factors_test)
    codes = standardise(data.codes_train), standardise(data.codes_test, data.codes_train)
    factors = standardise(data.factors_train), standardise(data.factors_test, data.factors_train)
    undefined = constant_columns(data.factors_train) | constant_columns(data.factors_test)
    factors = np.where(undefined, np.nan, factors[0]), np.where(undefined, np.nan, factors[1])

    weights = np.linalg.lstsq(codes[0], np.nan_to_num(factors[0]), rcond=None)[0]
    linear_train, linear = (_r2(truth, x @ weights) for x, truth in zip(codes, factors, strict=True))
    slopes = codes[0].T @ factors[0] / len(codes[0])
    matrix_train, matrix = (
        np.stack([_r2(truth, np.outer(one, slope)) for one, slope in zip(x.T, slopes, strict=True)])
        for x, truth in zip(codes, factors, strict=True)
    )

    assigned = assign_codes(absolute_correlations(data.codes_train, data.factors_train, "spearman"))
    correlations = absolute_correlations(data.codes_test, data.factors_test, "spearman")
    of_a_constant = _r2(factors[1], np.zeros_like(factors[1])), np.where(undefined, np.nan, 0.0)
    (diagonal, off_diagonal), (diagonal_spearman, off_diagonal_spearman) = (
        diagonal_and_off_diagonal(np.where((assigned >= 0)[:, None], rows[assigned], otherwise))
        for rows, otherwise in zip((matrix, correlations), of_a_constant, strict=True)
    )
    return {
        "r2_linear": float(linear.mean()),
        "diagonal": diagonal,
        "largest_off_diagonal": off_diagonal,
        "diagonal_spearman": diagonal_spearman,
        "largest_off_diagonal_spearman": off_diagonal_spearman,
        "r2_linear_train": float(linear_train.mean()),
        "r2_per_factor": linear,
        "r2_per_factor_train": linear_train,
        "r2_matrix": matrix,
        "r2_matrix_train": matrix_train,
        "codes_of_factors": assigned,
    }


def diagonal_and_off_diagonal(matrix: np.ndarray) -> tuple[float, float]:
    """Of a matrix (K, K), the mean of the diagonal, and the mean over rows of the largest entry off the diagonal.

    NaN with a NaN in the matrix; the second one with a single row as well.
    """
    if np.isnan(matrix).any():
        return np.nan, np.nan
    diagonal = float(np.diagonal(matrix).mean())
    if len(matrix) < 2:
        return diagonal, np.nan
    others = np.where(np.eye(len(matrix), dtype=bool), -np.inf, matrix)
    return diagonal, float(others.max(axis=1).mean())


def _r2(truth: np.ndarray, prediction: np.ndarray) -> np.ndarray:
    """R2 of each column of predictions (N, K); NaN where the truth is."""
    return 1 - ((truth - prediction) ** 2).sum(axis=0) / ((truth - truth.mean(axis=0)) ** 2).sum(axis=0)


METRIC = Metric(
    name="r2",
    title="R2",
    score=score,
    scores=("r2_linear", "diagonal", "largest_off_diagonal"),
    meaning="factors are linear in the latents, each in one of its own (diagonal) and in no other (off-diagonal)",
    range="up to 1, high; off the diagonal low",
    need="numbers",
)
