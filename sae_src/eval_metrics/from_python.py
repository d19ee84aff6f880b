"""Metrics of any encoder on any observations, from Python."""

from collections.abc import Mapping, Sequence
from numbers import Integral
from typing import Any

import torch
from torch import Tensor

from omnilearn.data.factor_table import FactorTable, factor_table
from omnilearn.data.own.given import Factors, as_columns, as_observations
from omnilearn.data.own.one_array import as_array
from omnilearn.data.rows import RowDataset
from omnilearn.errors import UserError
from omnilearn.evaluation.evaluate import evaluation_mode
from omnilearn.layers import Size
from sae_src.eval_metrics import suite
from sae_src.eval_metrics.bootstrap import check_resamples
from sae_src.eval_metrics.chance import random_scores
from sae_src.eval_metrics.given_model import Given, GivenModel
from sae_src.eval_metrics.outcome import Outcome
from sae_src.eval_metrics.settings import MetricSettings
from sae_src.eval_metrics.table import published_metrics


class GivenObservations(RowDataset):
    """Observations (N, *din) in memory: images of uint8, which are scaled to [0, 1], or any floats."""

    def __init__(self, values: Tensor, factors: FactorTable | None) -> None:
        everything = torch.arange(len(values))
        super().__init__(len(values), everything, everything[:0], factors=factors)
        self._values = values
        self.din: Size = values.shape[1] if values.dim() == 2 else (values.shape[1], values.shape[2], values.shape[3])

    def batch(self, indices: Tensor) -> Tensor:
        """The observations (B, *din) at `indices` (B,)."""
        found = self._values.index_select(0, self.rows(indices)).to(self.device)
        return found.float() / 255 if found.dtype == torch.uint8 else found


def evaluate_metrics(
    encode: Given,
    observations: Any,
    factors: Factors | None = None,
    decode: Given | None = None,
    metrics: str | Sequence[str] | None = None,
    *,
    num_train: int = 10_000,
    num_test: int = 5_000,
    num_latent: int = 10_000,
    seed: int = 0,
    jobs: int = -1,
    batch_size: int | None = None,
    bootstrap: int = 0,
    chance: bool = True,
    own: Mapping[str, Mapping[str, Any]] | None = None,
    **settings: Any,
) -> Outcome:
    """Score any model or function as `fig eval-metrics` scores the models of this project.

    Points are drawn from the observations with replacement. A metric that these do not allow is skipped, with the
    reason in `skipped`.

    Args:
        encode: a function or model of torch that gets batches (B, *din) as this project's models do: float32 (a
            module: the precision of its parameters), images with their channels first and in [0, 1]. It returns codes
            (B, D), as a tensor or array, or their distribution. Modules are put into evaluation mode meanwhile.
        observations: an array, a tensor, a frame of pandas, or a data set of torch: images (N, H, W), (N, H, W, C) or
            (N, C, H, W), uint8 or floats in [0, 1], or vectors (N, D).
        factors: columns (N, K) or (N,), or columns by name, of numbers or text; None for metrics without.
        decode: the decoder, for metrics that need one.
        metrics: names of metrics; by default those of the published evaluations.
        num_train: points to train on.
        num_test: points to test on.
        num_latent: points for the scales and the covariance of the latents; the first of them are intervened on.
        seed: of all draws.
        jobs: processes for boosted trees and forests; -1 for one per core.
        batch_size: observations encoded at once; of metrics that have a setting of this name, it is given in `own`.
        bootstrap: how often points are resampled for an interval of every score, see `intervals` of what is returned.
        chance: score random codes too, of the same number and points, see `chance` of what is returned; that takes as
            long again, but for metrics that need the decoder.
        own: settings of one metric each, by its name: `{"factor-vae": {"batch_size": 32}}`.
        settings: settings of metrics by name, such as `num_bins=10`; each reaches every metric that has it.

    Returns the scores of each metric by its title (`result["MIG"]`, or all as `result.scores`), and what else there is.

    Raises:
        UserError: where observations, factors, settings or codes are not what they should be.
    """
    for name, function in (("encode", encode), ("decode", decode)):
        if not callable(function) and (function is not None or name == "encode"):
            raise UserError(f"{name}: expected a function or a model, got a {type(function).__name__}")
    if batch_size is not None:
        if not isinstance(batch_size, Integral):
            raise UserError(f"batch_size: must be a whole number, got {batch_size!r}")
        if batch_size < 1:
            raise UserError(f"batch_size: must be at least 1, got {batch_size}")
    check_resamples(bootstrap)
    values = as_observations(as_array(observations))
    table = None if factors is None else factor_table(as_columns(factors, len(values)))
    dataset = GivenObservations(values, table)
    model = GivenModel(encode, decode, din=dataset.din)
    with evaluation_mode(model):
        model.find_latent_dim(dataset.batch(torch.arange(2)))
    if own is not None and not (isinstance(own, Mapping) and all(isinstance(each, Mapping) for each in own.values())):
        raise UserError(f"own: expected settings by metric, as in {{'mig': {{'num_bins': 10}}}}, got {own!r}")
    metric_settings = MetricSettings(
        metrics=published_metrics() if metrics is None else metrics if isinstance(metrics, str) else tuple(metrics),
        num_train=num_train,
        num_test=num_test,
        num_latent=num_latent,
        seed=seed,
        jobs=jobs,
        own={**settings, **(own or {})},
    )
    dataset = dataset.to(model.place.device)
    outcome = suite.evaluate_metrics(model, dataset, metric_settings, batch_size=batch_size, bootstrap=bootstrap)
    if chance:
        outcome.chance = random_scores(dataset, metric_settings, model.latent_dim)
    return outcome
