"""What the metrics of a run are computed with."""

from dataclasses import dataclass

from omnilearn.errors import UserError
from sae_src.eval_metrics.table import PUBLISHED, metric_named
from sae_src.metrics.boosting import Backend
from sae_src.responses import Distance


@dataclass(frozen=True)
class MetricSettings:
    """The settings of all metrics; the defaults are the published ones.

    Attributes:
        metrics: names of the metrics to compute.
        num_train: points to train on; for FactorVAE and BetaVAE, votes and examples.
        num_test: points to test on, and votes and examples likewise.
        num_latent: points for the scales and the covariance of the latents.
        num_response: points for the response matrix.
        num_groups: groups of interventions on each factor.
        num_test_points_per_class: factor vectors per pair of factors (Fairness).
        num_variance_estimate: points for the variance of all codes (FactorVAE).
        batch_size: points in a vote (FactorVAE) or pairs in an example (BetaVAE).
        diff_quantile: quantile of the deviations (IRS).
        continuous_factors: predict factors by linear regression instead of classifiers (SAP).
        dist_type: how responses are put together, see `responses.distance`.
        force_different: an intervention always takes another sample's value, see `responses.intervene`.
        normalize: divide responses by the standard deviations of the latents.
        include_q: keep the codes of the groups in the results.
        seed: of all draws.
        jobs: processes for the boosted classifiers; -1 for one per core. No result depends on it.
        backend: who trains those classifiers: scikit-learn, or a faster trainer of the same trees.
        preset: name of the config that set the sizes, kept with the results.
    """

    metrics: str | tuple[str, ...] = PUBLISHED
    num_train: int = 10_000
    num_test: int = 5_000
    num_latent: int = 10_000
    num_response: int = 100
    num_groups: int = 50
    num_test_points_per_class: int = 100
    num_variance_estimate: int = 10_000
    batch_size: int = 64
    diff_quantile: float = 0.99
    continuous_factors: bool = False
    dist_type: Distance = "rms"
    force_different: bool = True
    normalize: bool = True
    include_q: bool = True
    seed: int = 0
    jobs: int = -1
    backend: Backend = "sklearn"
    preset: str | None = None

    def __post_init__(self) -> None:
        for name in self.names:
            metric_named(name)
        if len(set(self.names)) < len(self.names) or not self.names:
            raise UserError("metrics: name each metric once, and at least one")
        at_least_two = ("num_train", "num_test", "num_latent", "num_response", "batch_size")
        for name in (*at_least_two, "num_groups", "num_test_points_per_class", "num_variance_estimate"):
            least = 2 if name in at_least_two else 1
            if getattr(self, name) < least:
                raise UserError(f"{name}: must be at least {least}, got {getattr(self, name)}")
        if not 0 < self.diff_quantile <= 1:
            raise UserError(f"diff_quantile: must be above 0 and at most 1, got {self.diff_quantile}")
        if self.jobs < 1 and self.jobs != -1:
            raise UserError(f"jobs: must be at least 1, or -1 for one per core, got {self.jobs}")
        if not 0 <= self.seed < 2**32:
            raise UserError(f"seed: must be between 0 and 2^32 - 1, got {self.seed}")
        if self.num_response > self.num_latent:
            raise UserError(f"num_response ({self.num_response}) must be at most num_latent ({self.num_latent})")

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the metrics; a single one may be given as text, and all as the published components."""
        names = (self.metrics,) if isinstance(self.metrics, str) else self.metrics
        return tuple(name.removeprefix("metric/") for name in names)
