"""Combinations of factor values that are drawn at random, to be held out."""

from collections.abc import Mapping
from typing import TypeGuard

import torch
from torch import Tensor

from omnilearn.data.dataset import Dataset
from omnilearn.data.factors import FactorGrid
from omnilearn.data.known_factors import class_factors
from omnilearn.errors import UserError
from omnilearn.randomness import derived_seed

RANDOM, HULL, SEED = "random", "hull", "seed"


class RandomHoles:
    """A share of all combinations that occur, without replacement (Roth et al. 2023).

    They are the same whatever part of the data is looked at: they are drawn from all, by a generator of their own.

    Args:
        table: `random`, the share c of the N combinations, above 0 and below 1: floor(c N) of them are drawn; `hull`,
            of how many factors a combination needs the first or the last value to be drawn (by default 0); `seed` (0).
        dataset: the data whose factors are meant.
        key: the key that errors name.

    Raises `UserError` for other entries and values, and where there are not so many combinations, or none is drawn.
    """

    def __init__(self, table: Mapping[str, object], dataset: Dataset, key: str) -> None:
        known = class_factors(dataset, key)
        share, hull, seed = _settings(table, len(known), key)
        self._grid = FactorGrid(tuple(known), tuple(map(tuple, known.values())))
        every = dataset.in_mode("full")
        occurring = self._grid.indices(every.factors(torch.arange(len(every)))).unique()
        classes = self._grid.classes(occurring)
        at_the_edge = (classes == 0) | (classes == torch.tensor(self._grid.sizes) - 1)
        drawn_from = occurring[at_the_edge.sum(1) >= hull]
        count = int(share * len(occurring))
        if not 1 <= count <= len(drawn_from):
            of_hull = f" with {hull} factors at their first or last value" if hull else ""
            raise UserError(
                f"{key}: {RANDOM}: {share:g} of {len(occurring):,} combinations are {count:,}, and there are "
                f"{len(drawn_from):,} to draw from{of_hull}"
            )
        generator = torch.Generator().manual_seed(derived_seed(seed, "holdout"))
        self._held_out = drawn_from[torch.randperm(len(drawn_from), generator=generator)[:count]]

    def mask(self, classes: Tensor) -> Tensor:
        """Whether each of some observations, with these class indices (B, K), is held out, as a mask (B,)."""
        return torch.isin(self._grid.indices(classes), self._held_out)


def _settings(table: Mapping[str, object], factors: int, key: str) -> tuple[float, int, int]:
    for name in table:
        if name not in (RANDOM, HULL, SEED):
            raise UserError(f"{key}: '{name}' beside {RANDOM}: a table of its own holds out more, in a list of tables")
    share, hull, seed = table[RANDOM], table.get(HULL, 0), table.get(SEED, 0)
    if not isinstance(share, float) or not 0 < share < 1:
        raise UserError(f"{key}: {RANDOM} is a share between 0 and 1, such as 0.1; got {share!r}")
    if not _is_count(hull) or not 0 <= hull <= factors:
        raise UserError(f"{key}: {HULL} is a number of factors from 0 to {factors}; got {hull!r}")
    if not _is_count(seed) or seed < 0:
        raise UserError(f"{key}: {SEED} is a whole number from 0 on; got {seed!r}")
    return share, hull, seed


def _is_count(value: object) -> TypeGuard[int]:
    return isinstance(value, int) and not isinstance(value, bool)
