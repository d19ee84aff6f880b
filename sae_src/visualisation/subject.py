"""What figures are drawn of: a model with observations, and what is made of them once for several figures."""

from dataclasses import dataclass
from functools import cached_property

import torch
from torch import Tensor

from omnilearn.data import Dataset
from omnilearn.randomness import derived_seed, undisturbed
from sae_src.methods import Autoencoder
from sae_src.report.exploration import Exploration, codes_of, explore, outputs_of
from sae_src.report.looks import kind_of
from sae_src.report.observations import Observations, observations_of, shown_part


@dataclass(frozen=True)
class Amounts:
    """How much is shown.

    Attributes:
        observations: observations that are reconstructed; half as many pairs are interpolated between, at most 4.
        samples: new samples of each kind.
        steps: values of each latent in traversals, and of codes between two observations.
        codes: codes in two dimensions.
        points: points along each latent of a response map.
        latents: the two latents of a response map; None for those that respond most.
        extent: a response map goes from -extent to extent; None for as far as codes do.
    """

    observations: int = 8
    samples: int = 16
    steps: int = 10
    codes: int = 2000
    points: int = 33
    latents: tuple[int, int] | None = None
    extent: float | None = None


class Subject:
    """A trained model and its data, as figures need them; nothing is computed before it is asked for.

    Args:
        model: in evaluation mode, on its device.
        dataset: the data; observations are those of the test set, or of all where next to none are for testing.
        amounts: how much is shown.
        seed: of the observations and of samples.
    """

    def __init__(self, model: Autoencoder, dataset: Dataset, amounts: Amounts, seed: int = 0) -> None:
        self.model, self.dataset, self.amounts, self.seed = model, dataset, amounts, seed

    @property
    def kind(self) -> str:
        """How outputs are shown: as `images`, as `vectors`, or not at all (empty)."""
        return kind_of(self.model.dout)

    @cached_property
    def shown(self) -> Dataset:
        """The part of the data whose observations are shown."""
        return shown_part(self.dataset)[0]

    @cached_property
    def observations(self) -> Tensor:
        """Random observations (N, *din) of the part that is shown, all different."""
        order = torch.randperm(len(self.shown), generator=torch.Generator().manual_seed(self.seed))
        return self.shown.batch(order[: self.amounts.observations])

    @cached_property
    def explored(self) -> Observations:
        """One observation to explore, the first of `observations`, with traversals of the factors of the data."""
        return observations_of(self.dataset, 1, seed=self.seed)

    @cached_property
    def exploration(self) -> Exploration:
        """What the model makes of that observation."""
        with undisturbed(derived_seed(self.seed, "exploration")):
            return explore(self.model, self.explored, self.amounts.steps)

    @cached_property
    def strength(self) -> Tensor:
        """The response (D,) of each explored latent to interventions on itself, in its standard deviations."""
        return self.exploration.matrix.diagonal().cpu()

    @cached_property
    def order(self) -> list[int]:
        """The places of the explored latents, the one that responds most first."""
        return self.strength.argsort(descending=True, stable=True).tolist()

    @torch.no_grad()
    def codes(self, observations: Tensor) -> Tensor:
        """The codes (N, D) of observations (N, *din)."""
        return codes_of(self.model, observations)

    @torch.no_grad()
    def outputs(self, codes: Tensor) -> Tensor:
        """The outputs (..., *dout) of codes (..., D)."""
        return outputs_of(self.model, codes)
