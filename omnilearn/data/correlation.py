"""Training on correlated factors: observations are drawn more often, the closer the values of two factors are."""

from collections.abc import Sequence

import torch
from torch import Tensor

from omnilearn.data.batches import BatchSampler
from omnilearn.data.dataset import Dataset
from omnilearn.data.known_factors import class_factors, factor_position
from omnilearn.errors import UserError
from omnilearn.randomness import derived_seed

KEY = "dataset.correlate"
WEAKEST = 10.0  # there no two weights differ by more than 0.5 percent
_INVERTED = "inverted"


class Correlation:
    """How often each observation is drawn (Roth et al. 2023, after Traeuble et al. 2021).

    With u = class index / (C - 1) in [0, 1] for each factor, the weight of an observation is the product over pairs of
    factors of exp(-(u_a - u_b)^2 / (2 strength^2)); for an inverted pair 1 - u_b takes the place of u_b.

    Args:
        pairs: pairs of names of factors; `inverted` may stand as a third word.
        strength: from above 0 to 10; smaller is stronger. In use are 0.4, 0.2, 0.1 and 0.04.
        dataset: the data whose factors are meant.

    Raises `UserError` for factors that the data do not have or that have one value, a pair of a factor with itself, a
    pair that is named twice, and a strength out of its range.
    """

    def __init__(self, pairs: Sequence[object], strength: float, dataset: Dataset) -> None:
        if not 0 < strength <= WEAKEST:
            raise UserError(f"dataset.strength: must be above 0 and at most {WEAKEST:g}, got {strength:g}")
        known = class_factors(dataset, KEY)
        names = list(known)
        if len(names) < 2:
            raise UserError(f"{KEY}: {dataset.config} has one factor, {names[0]}, and no other to correlate it with")
        if not pairs:
            raise UserError(f"{KEY}: an empty list correlates nothing: leave the key out")
        self.strength = strength
        self._sizes = [len(values) for values in known.values()]
        self._pairs = [_pair(pair, dataset) for pair in pairs]
        named = [frozenset(pair[:2]) for pair in self._pairs]
        for position, pair in enumerate(named):
            if pair in named[:position]:
                raise UserError(f"{KEY}: {' and '.join(names[k] for k in sorted(pair))} are paired twice")

    def weights(self, dataset: Dataset, indices: Tensor) -> Tensor:
        """The weights (B,) of the observations at `indices` (B,), float64 in [0, 1], not normalised."""
        classes = dataset.factors(indices)
        exponent = torch.zeros(len(indices), dtype=torch.float64)
        for a, b, inverted in self._pairs:
            u_a, u_b = (classes[:, k].double() / (self._sizes[k] - 1) for k in (a, b))
            # Divided first: the square of a strength next to 0 would be 0.
            exponent -= ((u_a - (1 - u_b if inverted else u_b)) / self.strength).square() / 2
        return exponent.exp()


class WeightedBatches(BatchSampler):
    """An order of batches in which positions are drawn with replacement, each as often as its weight says.

    An epoch has as many draws as there are observations. They come from a generator of their own, seeded anew for each
    epoch by its seed, so that the position of `BatchSampler` says all.

    Args:
        weights: one for each observation (N,), float64, from 0 up.
        batch_size, seed, drop_last: as in `BatchSampler`.

    Raises `UserError` where all weights are 0.
    """

    def __init__(self, weights: Tensor, batch_size: int, seed: int, *, drop_last: bool = False) -> None:
        drawn = weights.nonzero()
        if len(drawn) == 0:
            raise UserError(
                f"{KEY}: no observation to train on is ever drawn, all weights are 0: take a larger dataset.strength"
            )
        self._last, self._summed = int(drawn[-1]), weights.cumsum(0)
        super().__init__(len(weights), batch_size, seed, drop_last=drop_last)

    def _shuffled(self) -> Tensor:
        generator = torch.Generator().manual_seed(derived_seed(self.epoch_seed, "correlate"))
        draws = torch.rand(self.length, generator=generator, dtype=torch.float64) * self._summed[-1]
        return torch.searchsorted(self._summed, draws, right=True).clamp_(max=self._last)


def _pair(pair: object, dataset: Dataset) -> tuple[int, int, bool]:
    words = list(pair) if isinstance(pair, list | tuple) else []
    if len(words) not in (2, 3) or (len(words) == 3 and words[2] != _INVERTED):
        raise UserError(
            f"{KEY}: expected pairs of factors, such as '[[floor_hue, wall_hue]]' or '[[floor_hue, wall_hue, "
            f"{_INVERTED}]]', got {pair!r}"
        )
    a, b = (factor_position(name, dataset, KEY) for name in words[:2])
    if a == b:
        raise UserError(f"{KEY}: a pair of '{words[0]}' with itself")
    factors = list(class_factors(dataset, KEY).items())
    for k in (a, b):
        if len(factors[k][1]) < 2:
            raise UserError(f"{KEY}: {factors[k][0]} of {dataset.config} has one value")
    return a, b, len(words) == 3
