"""The metrics by the names that a config uses, and the names that results are stored under."""

from dataclasses import dataclass
from typing import Literal

from omnilearn.errors import UserError, did_you_mean

Need = Literal["codes", "factors", "grid"]


@dataclass(frozen=True)
class Metric:
    """A metric as the scripts know it.

    Attributes:
        title: its name in results.
        scores: which of the numbers it returns are scores; the rest are results.
        also_results: scores that are kept among the results too, where the published system has them.
        need: what it takes: codes alone, known factors too, or an observation for every combination of factors.
    """

    title: str
    scores: tuple[str, ...]
    need: Need
    also_results: tuple[str, ...] = ()


METRICS = {
    "irs": Metric("IRS", ("avg_score", "num_active_dims"), "factors"),
    "fairness": Metric("Fairness", ("mean_fairness:mean_pred:mean_sens",), "grid"),
    "unsupervised": Metric(
        "UnsupervisedMetrics",
        (
            "gaussian_total_correlation",
            "gaussian_wasserstein_correlation",
            "gaussian_wasserstein_correlation_norm",
            "mutual_info_score",
        ),
        "codes",
        also_results=("mutual_info_score",),
    ),
    "modularity-explicitness": Metric(
        "ModularityExplicitness",
        ("modularity_score", "explicitness_score_train", "explicitness_score_test"),
        "factors",
    ),
    "sap": Metric("SAP", ("SAP_score",), "factors"),
    "mig": Metric("MIG", ("discrete_mig",), "factors"),
    "dci": Metric(
        "DCI", ("informativeness_train", "informativeness_test", "disentanglement", "completeness"), "factors"
    ),
    "responses": Metric(
        "LatentResponses",
        (
            "disentanglement",
            "causal_disentanglement",
            "causal_disentanglement_rescaled",
            "causal_completeness",
            "causal_completeness_rescaled",
        ),
        "codes",
    ),
    "factor-vae": Metric("FactorVAE", ("train_accuracy", "eval_accuracy", "num_active_dims"), "factors"),
    "beta-vae": Metric("BetaVAE", ("train_accuracy", "eval_accuracy"), "factors"),
}

PUBLISHED = ("irs", "fairness", "unsupervised", "modularity-explicitness", "sap", "mig", "dci", "responses")
"""The metrics of the published evaluations; FactorVAE and BetaVAE want many times more points."""


def metric_named(name: str) -> Metric:
    """The metric of that name; `UserError`, with those that look like it, where there is none."""
    if name not in METRICS:
        hint = did_you_mean(name, METRICS) or f": there are {', '.join(METRICS)}"
        raise UserError(f"metrics: no metric named '{name}'{hint}")
    return METRICS[name]
