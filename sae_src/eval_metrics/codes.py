"""The data that metrics run on: random observations of a set as codes and factors, each observation encoded once."""

import numpy as np
import torch
from torch import Tensor
from tqdm import tqdm

from omnilearn.data import Dataset
from omnilearn.errors import UserError
from sae_src.latent_responses.factor_responses import factor_groups
from sae_src.methods import Autoencoder, mean_of
from sae_src.responses import BATCH_SIZE
from sae_src.scm import RandomSCM, SCMInterventions

ON_CPU = 32
"""Images encoded or decoded at once on a CPU: the feature maps of more of them no longer fit its caches."""


def fitting_batch_size(model: Autoencoder) -> int:
    """How many observations are best encoded at once, where the model is."""
    is_on_cpu = next(model.parameters()).device.type == "cpu"
    return ON_CPU if is_on_cpu and isinstance(model.din, tuple) else BATCH_SIZE


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

    def codes(self, indices: Tensor) -> Tensor:
        """The codes (n, D), float32 on the CPU, of the observations at `indices` (n,).

        Raises `UserError` where the model gives codes that are not finite.
        """
        missing = indices[~self._is_known[indices]].unique()
        batches = missing.split(self.batch_size)
        for batch in tqdm(batches, desc="encoding", unit="batch", leave=False, disable=len(batches) < 2 or None):
            self._codes[batch] = encoded(self.model, self.dataset.batch(batch)).float().cpu()
            self._is_known[batch] = True
        self.encoded += len(missing)
        codes = self._codes[indices]
        if not codes.isfinite().all():
            raise UserError("the model's codes are not finite: training has diverged, no metric means anything")
        return codes


@torch.no_grad()
def encoded(model: Autoencoder, observations: Tensor) -> Tensor:
    """The codes (B, D) of observations (B, *din): the latents, or the means of their distributions."""
    return mean_of(model.encode(observations))


class MetricData:
    """Random observations of a dataset, as codes and factors.

    Args:
        dataset: all observations (of the mode `full`), on the device of the model.
        model: in evaluation mode, on its device.
        seed: of all draws.
        batch_size: observations encoded at once; by default what fits the device.

    Attributes:
        table: the codes of the observations.
        has_factors: whether the factors of the observations are known as class indices.
        is_grid: whether there is an observation for every combination of factor values.
    """

    def __init__(self, dataset: Dataset, model: Autoencoder, *, seed: int = 0, batch_size: int | None = None) -> None:
        if dataset.din != model.din:
            raise UserError(f"the model takes observations of size {model.din}, those of this data are {dataset.din}")
        self.dataset, self.model, self.seed = dataset, model, seed
        self.table = CodeTable(dataset, model, batch_size=batch_size or fitting_batch_size(model))
        self.has_factors = dataset.grid is not None
        # Some archives hold the first observations of the grid only.
        self.is_grid = dataset.grid is not None and len(dataset) == len(dataset.grid)

    def points(self, count: int, stream: int) -> tuple[np.ndarray, np.ndarray | None]:
        """Codes (count, D) and factors (count, K) of observations drawn uniformly with replacement; equal for equal
        `stream`. On a grid this draws every factor uniformly and independently. None for unknown factors.
        """
        generator = np.random.default_rng([self.seed, stream])
        indices = torch.from_numpy(generator.integers(len(self.dataset), size=count))
        factors = self.dataset.factors(indices).numpy() if self.has_factors else None
        return self.table.codes(indices).numpy(), factors

    def sample(self, factors: np.ndarray) -> np.ndarray:
        """The codes (n, D) of the observations with factors (n, K); only on a grid."""
        return self.table.codes(self.dataset.grid.indices(torch.from_numpy(factors))).numpy()

    def intervention_groups(self, num_groups: int) -> list[Tensor] | None:
        """For every factor the codes (num_groups, n, D) of full interventions on it, on the device of the model.

        On a grid, n is the number of values of the factor. On a structural causal model all variables but one are set
        to random values, and n samples differ in what is left. None where neither is possible.
        """
        device = next(self.model.parameters()).device
        if self.is_grid:
            sizes = self.dataset.factor_sizes
            return [group.to(device) for group in factor_groups(self.sample, sizes, num_groups, seed=self.seed)]
        if isinstance(self.dataset, RandomSCM):
            sampler = SCMInterventions(self.dataset)
            return [self._causal_groups(sampler, node, num_groups) for node in range(self.dataset.num_nodes)]
        return None

    def _causal_groups(self, sampler: SCMInterventions, node: int, num_groups: int) -> Tensor:
        draws = (sampler.full_intervention(node).observations for _ in range(num_groups))
        return torch.stack([encoded(self.model, draw.to(self.dataset.device)) for draw in draws])
