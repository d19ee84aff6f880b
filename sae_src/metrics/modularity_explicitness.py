"""Modularity and explicitness (Ridgeway and Mozer, "Learning deep disentangled embeddings with the f-statistic loss",
NeurIPS 2018).

Modularity: with m_lk the mutual information of code l (20 equal-width bins) and factor k,
mean over codes of 1 - (sum_k m_lk^2 - max_k m_lk^2) / (max_k m_lk^2 (K - 1)), and 0 for a code that knows no factor.
Explicitness: mean over factors, and over the values of each, of the area under the ROC curve with which a logistic
regression on all codes tells the value from the others.

Range of modularity 0 to 1: 1 when every code knows one factor only, whether or not a factor is spread over several
codes. Every unused code lowers it, so codes of different length compare badly. Range of explicitness 0.5 (chance) to
1: 1 when linear classifiers read all factors off the codes; longer codes have an advantage. Few training points bias
the mutual information upwards and explicitness on them too.
"""

import numpy as np
from numpy.typing import ArrayLike
from scipy.stats import rankdata
from sklearn.linear_model import LogisticRegression

from sae_src.metrics.arrays import check_data, class_labels, constant_columns
from sae_src.metrics.class_factors import check_classes, small_fits
from sae_src.metrics.discretisation import discretise, mutual_information
from sae_src.metrics.metric import Metric


def score(
    codes_train: ArrayLike,
    factors_train: ArrayLike,
    codes_test: ArrayLike | None = None,
    factors_test: ArrayLike | None = None,
    *,
    seed: int = 0,
    num_bins: int = 20,
) -> dict[str, float]:
    """Modularity and explicitness of codes (N, D) and factors (N, K); the seed is not used.

    Args:
        codes_train: codes (N, D).
        factors_train: factors (N, K).
        codes_test: codes (M, D).
        factors_test: factors (M, K).
        seed: not used.
        num_bins: equal-width bins of each code, for modularity.

    Returns `modularity_score`, from the training arrays, `explicitness_score_train` and `explicitness_score_test`.
    Modularity is NaN with a single factor, explicitness with a factor of one value. The curves are averaged over the
    values that occur both in training and among the points scored.
    """
    data = check_data(codes_train, factors_train, codes_test, factors_test)
    check_classes(data.factors_train)
    information = mutual_information(discretise(data.codes_train, num_bins), data.factors_train)
    train, test = _standardise(data.codes_train, data.codes_test)
    explicitness = [
        _explicitness(train, test, *class_labels(data.factors_train[:, k], data.factors_test[:, k]))
        for k in range(data.factors_train.shape[1])
    ]
    on_train, on_test = np.mean(explicitness, axis=0)
    return {
        "modularity_score": modularity(information),
        "explicitness_score_train": float(on_train),
        "explicitness_score_test": float(on_test),
    }


def modularity(mutual_information: np.ndarray) -> float:
    """Modularity of a matrix (D, K) of mutual information; NaN with a single factor."""
    num_factors = mutual_information.shape[1]
    if num_factors < 2:
        return np.nan
    squared = mutual_information**2
    best = squared.max(axis=1)
    spread = np.divide(squared.sum(axis=1) - best, best * (num_factors - 1), out=np.ones_like(best), where=best > 0)
    return float(np.mean(1 - spread))


def _standardise(train: np.ndarray, test: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Both, by the mean and standard deviation (divided by N) of the training codes; constant codes become 0."""
    constant = constant_columns(train)
    mean = train.mean(axis=0, dtype=np.float64)
    scale = np.where(constant, 1, train.std(axis=0, dtype=np.float64))
    scaled_train, scaled_test = (np.where(constant, 0, (codes - mean) / scale) for codes in (train, test))
    return scaled_train, scaled_test


def _explicitness(
    train: np.ndarray, test: np.ndarray, labels: np.ndarray, test_labels: np.ndarray, num_classes: int
) -> tuple[float, float]:
    if num_classes < 2:
        return np.nan, np.nan
    with small_fits():
        classifier = LogisticRegression().fit(train, labels)
    on_train, on_test = (
        _mean_area_under_curve(classifier.predict_proba(codes), truth)
        for codes, truth in ((train, labels), (test, test_labels))
    )
    return on_train, on_test


def _mean_area_under_curve(probabilities: np.ndarray, labels: np.ndarray) -> float:
    """Area under the ROC curve of every class against the rest, averaged over the classes for which there is one."""
    members = labels[:, None] == np.arange(probabilities.shape[1])
    positives = members.sum(axis=0)
    negatives = len(labels) - positives
    defined = (positives > 0) & (negatives > 0)
    if not defined.any():
        return np.nan
    # The area is the share of (member, other) pairs in the right order; ties, with their mean rank, count half.
    rank_sums = (rankdata(probabilities, axis=0) * members).sum(axis=0)
    ordered_pairs = rank_sums - positives * (positives + 1) / 2
    return float(np.mean(ordered_pairs[defined] / (positives * negatives)[defined]))


METRIC = Metric(
    name="modularity-explicitness",
    title="ModularityExplicitness",
    score=score,
    scores=("modularity_score", "explicitness_score_train", "explicitness_score_test"),
    meaning="each latent knows one factor; a linear classifier reads all factors",
    range="0 to 1, high",
    at_least={"num_bins": 1},
    is_published=True,
)
