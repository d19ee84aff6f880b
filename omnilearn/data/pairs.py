"""Pairs of observations that share most factors of variation, for weakly supervised methods."""

from collections.abc import Iterator, Mapping
from typing import Any, Literal

import torch
from torch import Tensor

from omnilearn.data.batches import BatchSampler
from omnilearn.data.factors import FactorGrid
from omnilearn.data.splits import Subset
from omnilearn.errors import UserError
from omnilearn.randomness import derived_seed

PairRule = Literal["uniform_fixed", "published"]
"""Which factors of a partner differ, of K factors. `uniform_fixed`: a number from 1 to K - 1, each as likely, of the
factors that have more than one value, and these do change. `published` (Locatello et al. 2020, as in the library
disentanglement_lib): a number k from 1 to K - 1, then 1 or k factors, each as likely, whose new values may be the old
ones: fewer changes than the paper says."""

# Partners that are drawn at a time for each observation, and how often: not every one is in the subset.
_TRIES, _ROUNDS = 16, 64


class FactorPairs:
    """Draws a partner for observations of a subset, from the same subset.

    Raises `UserError` where the observations are not on a grid of at least two factors that vary.
    """

    def __init__(self, subset: Subset, rule: PairRule = "uniform_fixed") -> None:
        grid = subset.dataset.grid
        if grid is None:
            raise UserError(
                f"dataset.pairs: pairs differ in factors, and {subset.dataset.config} has no grid of factors: "
                "take d/shapes, for example"
            )
        if sum(size > 1 for size in grid.sizes) < 2:
            raise UserError("dataset.pairs: pairs need at least two factors that vary")
        self.rule = rule
        self._grid: FactorGrid = grid
        self._at = grid.indices(subset.dataset.factors(subset.indices))
        self._position = torch.full((len(grid),), -1)
        self._position[self._at] = torch.arange(len(subset))

    def partners(self, positions: Tensor, generator: torch.Generator) -> Tensor:
        """The position (B,) in the subset of a partner of each observation at `positions` (B,).

        Partners that the subset does not have are drawn again. Raises `UserError` where one is not found.
        """
        partners = torch.full_like(positions, -1)
        missing = torch.arange(len(positions))
        for _ in range(_ROUNDS):
            classes = self._grid.classes(self._at[positions[missing]])
            drawn = self._position[self._grid.indices(self._changed(classes, generator).flatten(0, 1))]
            drawn = drawn.view(len(missing), _TRIES)
            found = (drawn >= 0).to(torch.uint8).argmax(dim=1, keepdim=True)  # the first, if any
            partners[missing] = drawn.gather(1, found).squeeze(1)
            missing = (partners < 0).nonzero().squeeze(1)
            if len(missing) == 0:
                return partners
        raise UserError(
            f"dataset.pairs: among the {len(self._at):,} observations to train on there is none that differs from one "
            "of them in some factors only: keep more of the data to train on"
        )

    def _changed(self, classes: Tensor, generator: torch.Generator) -> Tensor:
        """Class indices (B, TRIES, K) of what may become partners of those with the class indices (B, K)."""
        batch, factors = classes.shape
        sizes = torch.tensor(self._grid.sizes)
        order = torch.rand(batch, _TRIES, factors, generator=generator)
        value = torch.rand(batch, _TRIES, factors, generator=generator)
        if self.rule == "uniform_fixed":
            varied = sizes > 1
            order = order.masked_fill(~varied, 2.0)  # the last ones
            count = torch.randint(1, int(varied.sum()), (batch, _TRIES), generator=generator)
            offset = 1 + (value * (sizes - 1)).long().clamp(max=sizes - 2)  # float32 may round up to the whole
            new = (classes.unsqueeze(1) + offset) % sizes
        else:
            count = torch.randint(1, factors, (batch, _TRIES), generator=generator)
            count = torch.where(torch.rand(batch, _TRIES, generator=generator) < 0.5, 1, count)
            new = (value * sizes).long().clamp(max=sizes - 1)
        is_changed = order.argsort(dim=2).argsort(dim=2) < count.unsqueeze(2)
        return torch.where(is_changed, new, classes.unsqueeze(1))


class PairedBatches:
    """An order of batches, with a partner for each observation of a batch.

    Partners come from a generator of their own, whose state is part of the position: it can be saved and restored at
    any batch.

    Args:
        batches: the order of the first members.
        pairs: draws the partners.
        seed: seed of the partners.
    """

    def __init__(self, batches: BatchSampler, pairs: FactorPairs, seed: int) -> None:
        self._batches, self._pairs = batches, pairs
        self._generator = torch.Generator().manual_seed(derived_seed(seed, "pairs"))

    @property
    def batches_per_epoch(self) -> int:
        """Batches until each observation has been a first member."""
        return self._batches.batches_per_epoch

    def __next__(self) -> Tensor:
        """The positions (2B,) of the next batch and of its partners, in the same order."""
        positions = next(self._batches)
        return torch.cat([positions, self._pairs.partners(positions, self._generator)])

    def __iter__(self) -> Iterator[Tensor]:
        return self

    def state_dict(self) -> dict[str, Any]:
        """Where the order stands."""
        return {**self._batches.state_dict(), "pairs": self._generator.get_state()}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Continue from where a `state_dict` stood."""
        self._batches.load_state_dict(state)
        self._generator.set_state(state["pairs"])
