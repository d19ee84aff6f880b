"""Combinations of factor values that are held out from training."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

import torch
from torch import Tensor

from omnilearn.data.dataset import Dataset
from omnilearn.data.known_factors import class_factors, factor_position
from omnilearn.data.part import PartOfDataset
from omnilearn.data.random_holes import RANDOM, RandomHoles
from omnilearn.errors import UserError

KEY = "dataset.holdout"
HELD_OUT, REST = "heldout", "rest"

Rules = Mapping[str, Any] | Sequence[Any]
"""A table, or several, of class indices (or names of values) by factor, or of what `RandomHoles` takes."""


class Holdout:
    """Which observations are held out: those that meet all conditions of one of the tables.

    Args:
        rules: a table such as `{orientation: [0, 1, 2], shape: 3}`, or a list of tables. A condition holds where the
            class index of the factor is among those given; values that are text may be given by name. A table with
            `random` holds out combinations that are drawn, see `RandomHoles`.
        dataset: the data whose factors are meant.

    Raises `UserError` for a factor or a value that the data do not have, and for a table without conditions.
    """

    def __init__(self, rules: Rules, dataset: Dataset) -> None:
        class_factors(dataset, KEY)
        tables = [rules] if isinstance(rules, Mapping) else list(rules)
        if not tables:
            raise UserError(f"{KEY}: an empty list holds nothing out: leave the key out")
        self._rules = [_rule(table, dataset) for table in tables]

    def mask(self, dataset: Dataset, indices: Tensor) -> Tensor:
        """Whether each of the observations at `indices` (B,) is held out, as a mask (B,) on the CPU."""
        classes = dataset.factors(indices)
        held_out = torch.zeros(len(indices), dtype=torch.bool)
        for rule in self._rules:
            held_out |= rule(classes)
        return held_out


def part_by_rules(rules: Rules, everything: Dataset, name: str) -> PartOfDataset:
    """What of a data set is held out by rules (`heldout`), or the `rest` of it, as a data set of its own.

    Raises `UserError` where there is none.
    """
    indices = torch.arange(len(everything))
    held_out = Holdout(rules, everything).mask(everything, indices)
    kept = indices[held_out if name == HELD_OUT else ~held_out]
    if len(kept) == 0:
        raise UserError(f"mode: the part '{name}' has no observations")
    factors = class_factors(everything, KEY)
    return PartOfDataset(everything, kept, list(factors), list(factors.values()))


def _rule(table: object, dataset: Dataset) -> Callable[[Tensor], Tensor]:
    """What says of class indices (B, K) which of them a table holds out, as a mask (B,)."""
    if isinstance(table, Mapping) and RANDOM in table and RANDOM not in class_factors(dataset, KEY):
        return RandomHoles(table, dataset, KEY).mask
    return partial(_meets_all, _conditions(table, dataset))


def _meets_all(conditions: Mapping[int, Tensor], classes: Tensor) -> Tensor:
    mask = torch.ones(len(classes), dtype=torch.bool)
    for k, among in conditions.items():
        mask &= among[classes[:, k]]
    return mask


def _conditions(table: object, dataset: Dataset) -> dict[int, Tensor]:
    """For each factor that a table names, by its position, which of its values (C,) are among those given."""
    if not isinstance(table, Mapping) or not table:
        raise UserError(f"{KEY}: expected tables of values by factor, such as '{{shape: [2]}}', got {table!r}")
    conditions: dict[int, Tensor] = {}
    for name, given in table.items():
        k = factor_position(name, dataset, KEY)
        if k in conditions:
            raise UserError(f"{KEY}: '{name}' is named twice in one table")
        values = list(given) if isinstance(given, list | tuple) else [given]
        if not values:
            raise UserError(f"{KEY}: '{name}' has no values: an empty list")
        factor, known = list(class_factors(dataset, KEY).items())[k]
        among = torch.zeros(len(known), dtype=torch.bool)
        for value in values:
            among[_class_of(value, factor, known)] = True
        conditions[k] = among
    return conditions


def _class_of(value: object, factor: str, known: Sequence[float | str]) -> int:
    if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < len(known):
        return value
    if isinstance(value, str) and value in known:
        return known.index(value)
    names = [one for one in known if isinstance(one, str)]
    by_name = f", or by name {', '.join(names)}" if names and len(names) <= 10 else ""
    raise UserError(f"{KEY}: {factor} has the values 0 to {len(known) - 1}{by_name}; got {value!r}")
