"""Modularity, compactness and explicitness by information, InfoMEC (Hsu et al., "Disentanglement via latent
quantization", NeurIPS 2023).

With NMI_jk = I(z_j; v_k) / H(v_k), for a code j and a factor k, and A the active codes, those that vary at all:
InfoM = (mean over j in A of max_k NMI_jk / sum_k NMI_jk - 1/K) / (1 - 1/K);
InfoC = (mean over k of max_j NMI_jk / sum_j NMI_jk - 1/|A|) / (1 - 1/|A|), j in A;
InfoE = mean over k of 1 - L_k / ln C_k, with L_k the mean log loss on the same points of an unpenalised multinomial
logistic regression from all codes, fitted with each of the C_k values of the factor weighing the same.
Discrete codes: each distinct value is a category. Continuous codes: nearest-neighbour estimates of I
(`neighbour_information`), and beside them 20 equal-width bins (`infom_bins`, `infoc_bins`). An observation that is
there several times is its own nearest neighbour, which takes modular codes for entangled ones: evaluations give each
observation that they draw once (`takes_each_once`).

Range of InfoM and InfoC 0 to 1: 1 when every active code knows one factor only, and when every factor is known to one
active code only. But nearest-neighbour estimates of nothing are a few small numbers among zeros, which looks modular:
codes of noise score about 0.6 and 0.45, with more points as well. Compare with `infom_chance` and `infoc_chance`, the
same scores of codes in random order. InfoM averages over active codes and InfoC has them as its base, so codes of
different length compare by their chance level only. InfoE is 1 when the factors can be read off the codes by linear
classifiers, and 0 when nothing can; a poor linear fit of unevenly frequent values may fall below. It is measured where
it is trained, so few points and long codes raise it.
"""

from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import log_softmax
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import OneHotEncoder

from sae_src.metrics.arrays import check_data, class_labels, constant_columns
from sae_src.metrics.class_factors import check_classes, small_fits
from sae_src.metrics.discretisation import discretise, entropy, mutual_information
from sae_src.metrics.metric import Metric
from sae_src.metrics.neighbour_information import neighbour_information
from sae_src.metrics.standardisation import standardise

ActiveRule = Literal["range", "interquartile"]
"""Which codes are active. `range`, as published: codes of more than one value; of continuous codes, those whose range
is more than a twentieth of the largest. `interquartile`, as in later work of the same authors (Tripod): discrete codes
whose quartiles are more than 0.1 apart; of continuous codes, more than a tenth of the largest such distance."""

_MOST_CATEGORIES = 20  # codes of at most so many distinct values each are taken to be discrete
_NOISE = 1e-10  # added to standardised codes, so that no two are equal
_ROUNDING = 1e-12  # information below this is rounding: 0


def score(
    codes_train: ArrayLike,
    factors_train: ArrayLike,
    codes_test: ArrayLike | None = None,
    factors_test: ArrayLike | None = None,
    *,
    seed: int = 0,
    discrete: bool | None = None,
    active_rule: ActiveRule = "range",
    num_bins: int = 20,
    num_shuffles: int = 5,
    max_iter: int = 5000,
    tolerance: float = 1e-5,
) -> dict[str, float | np.ndarray]:
    """InfoMEC of codes (N, D) and factors (N, K) of classes; the test arrays are not used.

    Args:
        codes_train: codes (N, D).
        factors_train: factors (N, K).
        codes_test: not used.
        factors_test: not used.
        seed: of the noise of 1e-10 that parts equal values of continuous codes, and of the random orders.
        discrete: whether codes are categories; None for: when each has at most 20 distinct values.
        active_rule: which codes are active.
        num_bins: equal-width bins for `infom_bins` and `infoc_bins`.
        num_shuffles: random orders that `infom_chance` and `infoc_chance` average over.
        max_iter: most steps of a logistic regression. As published: 100 with a tolerance of 1e-4, which stops early
            where values can be told apart without error.
        tolerance: size of the gradient at which a logistic regression has converged; 1e-5 gives InfoE to about 2e-5.

    Returns `infom`, `infoc`, `infoe` and `active`, the number |A|; `infom_chance`, `infoc_chance`, `infom_bins` and
    `infoc_bins`; `nmi` (D, K), `active_codes` (D,), `infoe_per_factor` and `infoe_steps` (K,), the steps to
    convergence. Constant codes have NMI 0. InfoM leaves out active codes that know no factor, InfoC factors that no
    active code knows. NaN: all three with a factor of one value, InfoM with a single factor, InfoC with a single
    active code, and both if all NMI are 0 or no code is active (then all three are 0 by the rule `interquartile`, as
    its authors have it). Raises `ValueError` for real-valued factors and for settings out of range.
    """
    data = check_data(codes_train, factors_train, codes_test, factors_test)
    codes, factors = data.codes_train.astype(np.float64), data.factors_train
    check_classes(factors)
    if max_iter < 1 or num_shuffles < 0:
        raise ValueError("max_iter must be at least 1 and num_shuffles at least 0")
    if discrete is None:
        discrete = all(len(np.unique(column)) <= _MOST_CATEGORIES for column in codes.T)
    active = active_codes(codes, discrete, active_rule)
    generator = np.random.default_rng(seed)
    standard = standardise(codes)
    # The same noise for every code: in which order they come does not matter.
    values = codes if discrete else standard + _NOISE * generator.standard_normal((len(codes), 1))
    values = np.where(constant_columns(codes), 0.0, values)
    nmi = _normalised_information(values, factors, discrete)
    infom, infoc = modularity_compactness(nmi, active)
    by_chance = np.full((max(num_shuffles, 1), 2), np.nan)
    for draw in range(num_shuffles):
        order = generator.permutation(len(codes))
        by_chance[draw] = modularity_compactness(_normalised_information(values[order], factors, discrete), active)
    infom_chance, infoc_chance = (_mean_of_defined(scores) for scores in by_chance.T)
    by_bins = _normalised_information(discretise(data.codes_train, num_bins), factors, True)
    infom_bins, infoc_bins = modularity_compactness(by_bins, active)
    features = OneHotEncoder().fit_transform(codes) if discrete else standard
    fits = [_explicitness(features, factor, max_iter, tolerance) for factor in factors.T]
    explicitness, steps = np.array([fit[0] for fit in fits]), np.array([fit[1] for fit in fits])
    infoe = float(explicitness.mean())
    if active_rule == "interquartile" and not active.any() and not np.isnan(infoe):
        infom, infoc, infoe = 0.0, 0.0, 0.0
    return {
        "infom": infom,
        "infoc": infoc,
        "infoe": infoe,
        "active": int(active.sum()),
        "infom_chance": infom_chance,
        "infoc_chance": infoc_chance,
        "infom_bins": infom_bins,
        "infoc_bins": infoc_bins,
        "nmi": nmi,
        "active_codes": active,
        "infoe_per_factor": explicitness,
        "infoe_steps": steps,
    }


def active_codes(codes: np.ndarray, discrete: bool, rule: ActiveRule = "range") -> np.ndarray:
    """Which of the codes (N, D) are active, as a mask (D,); `ValueError` for a rule that there is not."""
    if rule == "range":
        spread = codes.max(axis=0) - codes.min(axis=0)
        least = 0.0 if discrete else spread.max() / 20
    elif rule == "interquartile":
        spread = np.subtract(*np.quantile(codes, [0.75, 0.25], axis=0))
        least = 0.1 if discrete else spread.max() / 10
    else:
        raise ValueError(f"active_rule must be range or interquartile, not {rule!r}")
    return spread > least


def modularity_compactness(nmi: np.ndarray, active: np.ndarray) -> tuple[float, float]:
    """InfoM and InfoC of normalised information (D, K) and a mask (D,) of active codes."""
    if np.isnan(nmi).any():
        return np.nan, np.nan
    return _concentration(nmi[active]), _concentration(nmi[active].T)


def _concentration(matrix: np.ndarray) -> float:
    """Mean share of the largest entry in the sum of its row, of rows with a sum; from 0, all equal, to 1."""
    matrix = matrix[matrix.any(axis=1)]
    width = matrix.shape[1]
    if width < 2 or len(matrix) == 0:
        return np.nan
    share = np.mean(matrix.max(axis=1) / matrix.sum(axis=1))
    return float((share - 1 / width) / (1 - 1 / width))


def _normalised_information(values: np.ndarray, factors: np.ndarray, discrete: bool) -> np.ndarray:
    """Mutual information over the entropy of the factor, (D, K); NaN for a factor of one value."""
    if discrete:
        information = mutual_information(values, factors)
    else:
        labels = [np.unique(factor, return_inverse=True)[1] for factor in factors.T]
        constant = constant_columns(values)
        information = np.array(
            [
                [0.0 if is_constant else neighbour_information(code, label) for label in labels]
                for code, is_constant in zip(values.T, constant, strict=True)
            ]
        )
    information = np.where(information < _ROUNDING, 0.0, information)
    return np.divide(information, np.where(constant_columns(factors), np.nan, entropy(factors)))


def _explicitness(features: Any, factor: np.ndarray, max_iter: int, tolerance: float) -> tuple[float, int]:
    """1 - log loss / log C of one factor (N,), from a dense or sparse matrix (N, F), and the steps that it took."""
    labels, _, num_classes = class_labels(factor, factor)
    if num_classes < 2:
        return np.nan, 0
    # An infinite C is no penalty in every version of scikit-learn.
    classifier = LogisticRegression(C=np.inf, class_weight="balanced", max_iter=max_iter, tol=tolerance)
    with small_fits():  # the number of steps says whether it converged
        classifier.fit(features, labels)
    logits = classifier.decision_function(features)
    if logits.ndim == 1:
        logits = np.stack([np.zeros_like(logits), logits], axis=1)
    loss = -np.mean(log_softmax(logits, axis=1)[np.arange(len(labels)), labels])
    return float(1 - loss / np.log(num_classes)), int(classifier.n_iter_[0])


def _mean_of_defined(scores: np.ndarray) -> float:
    defined = scores[~np.isnan(scores)]
    return float(defined.mean()) if len(defined) else np.nan


METRIC = Metric(
    name="infomec",
    title="InfoMEC",
    score=score,
    scores=("infom", "infoc", "infoe", "active", "infom_chance", "infoc_chance"),
    meaning="each active latent knows one factor (infom), each factor is known to one (infoc), linear classifiers read "
    "all factors (infoe)",
    range="0 to 1, high; by chance `infom_chance`, `infoc_chance`",
    ignores_test_points=True,
    takes_each_once=True,
    at_least={"num_bins": 1, "num_shuffles": 0, "max_iter": 1, "tolerance": 0},
    no_interval="its estimates by nearest neighbours do not bear resamples, in which points are their own neighbours",
)
