"""What can be measured of a model beside its losses, such as the quality of its samples."""

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from torch import nn

from omnilearn.config import Node, call
from omnilearn.data.loading import Data
from omnilearn.errors import UserError


class Unavailable(UserError):
    """What a measure needs is not there; the message says what, and how to get it."""


@dataclass(frozen=True)
class Measured:
    """What `Measure.measure` returns.

    Attributes:
        scores: numbers, by the names that they are stored under.
        kept: what else is worth keeping, for `{ident}.pth.tar`.
        settings: what made the numbers.
        notes: what could not be measured, and what would help.
    """

    scores: dict[str, float] = field(default_factory=dict)
    kept: dict[str, Any] = field(default_factory=dict)
    settings: dict[str, Any] = field(default_factory=dict)
    notes: tuple[str, ...] = ()


class Measure(ABC):
    """Measures a model after the pass of an evaluation.

    Attributes:
        title: what it is called in messages and results.
    """

    title: str

    @abstractmethod
    def measure(
        self, model: nn.Module, data: Data, mode: str, seed: int, *, stop: Callable[[], BaseException | None]
    ) -> Measured:
        """Measure a model in evaluation mode, on its device, without gradients.

        Args:
            model: the model.
            data: its data, on the same device.
            mode: the part of the data that is evaluated.
            seed: seed of all draws; the caller's generators are put back afterwards.
            stop: asked before every batch; an exception that it returns is raised.

        Raises `Unavailable` where something that it needs is not there.
        """


@dataclass(frozen=True)
class _Configured:
    """The keys of a config that name measures."""

    fid: Measure | None = None
    factor_distance: Measure | None = None


def configured_measures(config: Node) -> list[Measure]:
    """What a config measures beside the losses."""
    found = call(_Configured, config)
    return [measure for measure in (found.fid, found.factor_distance) if measure is not None]
