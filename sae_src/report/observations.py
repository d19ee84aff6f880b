"""The observations that a page shows of a data set, the same for all its runs, and traversals of their factors."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import torch
from torch import Tensor

from omnilearn.data.dataset import Dataset
from omnilearn.errors import UserError, counted

MOST_VALUES = 10
"""Values shown of a factor."""
SHOWN, ENCODED = 8, 128
LEAST = 2  # observations: of one there is no spread
_SEED = 0


@dataclass(frozen=True)
class FactorTraversal:
    """Observations that differ in one factor only.

    Attributes:
        name: the name of the factor.
        values: for each of N observations, the V values that the factor takes, in their order.
        home: for each observation, which of them is its own.
        images: the observations (N, V, *din).
    """

    name: str
    values: list[list[str]]
    home: list[int]
    images: Tensor


@dataclass(frozen=True)
class Observations:
    """What a page shows of a data set.

    Attributes:
        explored: observations (N, *din) whose latents are explored.
        shown: observations (S, *din) to reconstruct, the explored ones first.
        encoded: random observations (M, *din), whose codes say how latents are spread.
        factors: a traversal for each factor that has several values, where they are a grid.
        note: what to say of them, if anything.
    """

    explored: Tensor
    shown: Tensor
    encoded: Tensor
    factors: list[FactorTraversal] = field(default_factory=list)
    note: str = ""


def shown_part(dataset: Dataset) -> tuple[Dataset, str]:
    """The test set, or all observations where next to none are for testing, and then a line that says so, else "".

    Raises `UserError` where there are fewer than two in all.
    """
    test = dataset.in_mode("test")
    if len(test) >= LEAST:
        return test, ""
    everything = dataset.in_mode("full")
    if len(everything) < LEAST:
        raise UserError(f"{dataset.config}: holds {counted(len(everything), 'observation')}, and pictures need two")
    return everything, f"{counted(len(test), 'observation')} for testing: those shown are of all, trained on or not"


def observations_of(dataset: Dataset, count: int, *, seed: int = _SEED) -> Observations:
    """Random observations of the `shown_part`, of which `count` are explored; the same for equal data.

    Args:
        dataset: the data.
        count: how many are explored, at least 1.
        seed: of the draw.
    """
    test, note = shown_part(dataset)
    order = torch.randperm(len(test), generator=torch.Generator().manual_seed(seed))
    chosen = order[: max(SHOWN, count)]
    shown = test.batch(chosen)
    factors = _factors(dataset, test, chosen[:count]) if test.grid is not None else []
    return Observations(shown[:count], shown[:SHOWN], test.batch(order[:ENCODED]), factors, note)


def _factors(dataset: Dataset, test: Dataset, indices: Tensor) -> list[FactorTraversal]:
    grid, everything = test.grid, dataset.in_mode("full")
    assert grid is not None
    if len(everything) != len(grid):  # an archive that holds the first observations only
        return []
    classes = test.factors(indices)
    traversals = []
    for factor, size in enumerate(grid.sizes):
        if size < 2:
            continue
        own = classes[:, factor].tolist()
        chosen = [_spread(size, one) for one in own]
        rows = classes.unsqueeze(1).repeat(1, len(chosen[0]), 1)
        rows[:, :, factor] = torch.tensor(chosen)
        found = everything.batch(everything.indices_of(rows.flatten(0, 1)))
        traversals.append(
            FactorTraversal(
                grid.names[factor],
                [[_readable(grid.values[factor][value]) for value in values] for values in chosen],
                [values.index(one) for values, one in zip(chosen, own, strict=True)],
                found.unflatten(0, rows.shape[:2]),
            )
        )
    return traversals


def _spread(size: int, own: int) -> list[int]:
    """Up to `MOST_VALUES` of the class indices below `size`, spread over all, `own` in the place of the nearest."""
    if size <= MOST_VALUES:
        return list(range(size))
    values = torch.linspace(0, size - 1, MOST_VALUES).round().long().tolist()
    return with_own(values, own)


def with_own(values: Sequence[int], own: int) -> list[int]:
    """Rising values with the one that is nearest to `own` replaced by it."""
    nearest = min(range(len(values)), key=lambda place: abs(values[place] - own))
    return [own if place == nearest else value for place, value in enumerate(values)]


def _readable(value: float | str) -> str:
    return value if isinstance(value, str) else f"{value:.3g}"
