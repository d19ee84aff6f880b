"""The data that metrics run on: random observations of a set as codes and factors, each observation encoded once."""

from functools import cached_property

import numpy as np
import torch
from torch import Tensor
from torch.distributions import Normal

from omnilearn.data import Dataset
from omnilearn.data.factors import FactorGrid
from omnilearn.device import fastest_batch_size
from omnilearn.errors import UserError
from omnilearn.layers import flat_size
from omnilearn.progress import with_progress
from sae_src.eval_metrics.given_model import GivenModel
from sae_src.latent_responses.factor_responses import factor_groups
from sae_src.methods import Autoencoder, mean_of
from sae_src.responses import BATCH_SIZE
from sae_src.scm import RandomSCM, SCMInterventions


def fitting_batch_size(model: Autoencoder) -> int:
    """How many observations are best encoded at once, where the model is."""
    return fastest_batch_size(flat_size(model.din), next(model.parameters()).device)


class CodeTable:
    """The codes of the observations of a dataset; each is computed when it is first asked for, and kept.

    Args:
        dataset: the observations.
        model: its encoder's means are the codes; in the mode and on the device that it is used in.
        batch_size: observations encoded at once.

    Attributes:
        encoded: number of observations encoded so far.
    """

    def __init__(self, dataset: Dataset, model: Autoencoder, *, batch_size: int = BATCH_SIZE) -> None:
        self.dataset, self.model, self.batch_size = dataset, model, batch_size
        self.encoded = 0
        self._is_known = torch.zeros(len(dataset), dtype=torch.bool)
        self._codes = torch.empty(len(dataset), model.latent_dim)
        self._scales: Tensor | None = None

    def codes(self, indices: Tensor) -> Tensor:
        """The codes (n, D), float32 on the CPU, of the observations at `indices` (n,).

        Raises `UserError` where the model gives codes that are not finite.
        """
        missing = indices[~self._is_known[indices]].unique()
        for batch in with_progress(missing.split(self.batch_size), "encoding", "batches"):
            self._encode(batch)
        self.encoded += len(missing)
        codes = self._codes[indices]
        if not codes.isfinite().all():
            raise UserError("the model's codes are not finite: training has diverged, no metric means anything")
        return codes

    def scales(self, indices: Tensor) -> Tensor:
        """The standard deviations (n, D) of the posteriors that the codes at `indices` (n,) are the means of.

        Raises `ValueError` where the model gives codes without a distribution.
        """
        self.codes(indices)
        if self._scales is None:
            raise ValueError("the codes of this model have no distribution")
        return self._scales[indices]

    @torch.no_grad()
    def _encode(self, batch: Tensor) -> None:
        latent = self.model.encode(self.dataset.batch(batch))
        self._codes[batch] = mean_of(latent).float().cpu()
        if isinstance(latent, Normal):
            if self._scales is None:
                self._scales = torch.empty_like(self._codes)
            self._scales[batch] = latent.scale.float().cpu()
        self._is_known[batch] = True


@torch.no_grad()
def encoded(model: Autoencoder, observations: Tensor) -> Tensor:
    """The codes (B, D) of observations (B, *din): the latents, or the means of their distributions."""
    return mean_of(model.encode(observations))


class MetricData:
    """Random observations of a dataset, as codes and factors.

    A factor with one value in all observations is left out everywhere: there is nothing to tell about it, and most
    scores would not be defined.

    Args:
        dataset: all observations (of the mode `full`), on the device of the model.
        model: in evaluation mode, on its device.
        seed: of all draws.
        batch_size: observations encoded at once; by default what fits the device.

    Attributes:
        table: the codes of the observations.
        grid: the factors of the observations, where there is one for every combination of their values; else None.
    """

    def __init__(self, dataset: Dataset, model: Autoencoder, *, seed: int = 0, batch_size: int | None = None) -> None:
        if dataset.din != model.din:
            raise UserError(f"the model takes observations of size {model.din}, those of this data are {dataset.din}")
        self.dataset, self.model, self.seed = dataset, model, seed
        self.table = CodeTable(dataset, model, batch_size=batch_size or fitting_batch_size(model))
        # Some archives hold the first observations of the grid only.
        is_complete = dataset.grid is not None and len(dataset) == len(dataset.grid)
        self.grid: FactorGrid | None = dataset.grid if is_complete else None

    @property
    def device(self) -> torch.device:
        """Where the model is."""
        return next(self.model.parameters()).device

    @property
    def has_factors(self) -> bool:
        """Whether the factors of the observations are known as class indices, and any has two values."""
        return self.dataset.has_classes and bool(self._varies.any())

    @cached_property
    def left_out(self) -> tuple[str, ...]:
        """The names of the factors that have one value in all observations."""
        if not self.has_any_numbers:
            return ()
        names = self.dataset.factor_names or [str(k) for k in range(len(self._varies))]
        return tuple(name for name, varies in zip(names, self._varies.tolist(), strict=True) if not varies)

    @property
    def factor_sizes(self) -> tuple[int, ...] | None:
        """The number of values of each factor, on a grid."""
        if self.grid is None:
            return None
        return tuple(size for size, varies in zip(self.grid.sizes, self._varies.tolist(), strict=True) if varies)

    @cached_property
    def _varies(self) -> Tensor:
        """Which of the known factors have several values, as a mask (K,)."""
        everything = torch.arange(len(self.dataset))
        known = self.dataset.factors(everything) if self.dataset.has_classes else self.dataset.labels(everything)
        return known.amax(dim=0) != known.amin(dim=0)

    @property
    def has_numbers(self) -> bool:
        """Whether there are factors that are known as numbers, and any has two values."""
        return self.has_any_numbers and bool(self._varies.any())

    @cached_property
    def has_any_numbers(self) -> bool:
        """Whether the factors are known as numbers: class indices, or labels of several columns.

        A single label is the name of a class: its numbers have no order.
        """
        if self.dataset.has_classes:
            return True
        try:
            return self.dataset.labels(torch.zeros(1, dtype=torch.int64)).dim() == 2
        except UserError:
            return False

    @property
    def has_decoder(self) -> bool:
        """Whether codes can be decoded."""
        return not isinstance(self.model, GivenModel) or self.model.has_decoder

    @cached_property
    def has_posteriors(self) -> bool:
        """Whether the model gives normal distributions, whose means are the codes."""
        with torch.no_grad():
            return isinstance(self.model.encode(self.dataset.batch(torch.zeros(1, dtype=torch.int64))), Normal)

    def draw(self, count: int, stream: int) -> Tensor:
        """Indices (count,) of observations, drawn uniformly with replacement; equal for equal `stream`.

        On a grid this draws every factor uniformly and independently.
        """
        generator = np.random.default_rng([self.seed, stream])
        return torch.from_numpy(generator.integers(len(self.dataset), size=count))

    def codes(self, indices: Tensor) -> np.ndarray:
        """The codes (n, D) of observations (n,)."""
        return self.table.codes(indices).numpy()

    def scales(self, indices: Tensor) -> np.ndarray:
        """The standard deviations (n, D) of the posteriors of observations (n,)."""
        return self.table.scales(indices).numpy()

    def factors(self, indices: Tensor) -> np.ndarray:
        """The class index (n, K) of each factor of observations (n,)."""
        return self.dataset.factors(indices)[:, self._varies].numpy()

    def numbers(self, indices: Tensor) -> np.ndarray:
        """The factors (n, K) of observations (n,) as numbers: class indices, or else labels."""
        return (
            self.factors(indices) if self.dataset.has_classes else self.dataset.labels(indices)[:, self._varies].numpy()
        )

    def sample(self, factors: np.ndarray) -> np.ndarray:
        """The codes (n, D) of the observations with factors (n, K); only on a grid."""
        assert self.grid is not None
        everything = torch.zeros(len(factors), len(self._varies), dtype=torch.int64)  # 0 is the only value of the rest
        everything[:, self._varies] = torch.from_numpy(factors).long()
        return self.codes(self.dataset.indices_of(everything))

    @property
    def can_intervene(self) -> bool:
        """Whether there are observations of interventions on factors: on a grid, or with a structural causal model."""
        return self.grid is not None or isinstance(self.dataset, RandomSCM)

    def factor_groups(self, num_groups: int) -> list[Tensor]:
        """For every factor the codes (num_groups, n, D) of full interventions on it, on the device of the model.

        On a grid, n is the number of values of the factor. On a structural causal model all variables but one are set
        to random values, and n samples differ in what is left. Only where one can intervene.
        """
        if isinstance(self.dataset, RandomSCM):
            sampler = SCMInterventions(self.dataset)
            nodes = range(self.dataset.num_nodes)
            return [
                self._causal_groups(sampler, node, num_groups) for node in with_progress(nodes, "groups", "variables")
            ]
        assert self.factor_sizes is not None
        groups = factor_groups(self.sample, self.factor_sizes, num_groups, seed=self.seed)
        return [group.to(self.device) for group in groups]

    def _causal_groups(self, sampler: SCMInterventions, node: int, num_groups: int) -> Tensor:
        draws = (sampler.full_intervention(node).observations for _ in range(num_groups))
        return torch.stack([encoded(self.model, draw.to(self.dataset.device)) for draw in draws])
