"""What can be measured of a model beside its losses, such as the quality of its samples."""

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, TypeVar

from omnilearn.config import Node, find, read_key
from omnilearn.data.loading import Data
from omnilearn.errors import UserError
from omnilearn.model import Model
from omnilearn.runs.identity import register_harmless_key

M = TypeVar("M", bound="Measure")

_KINDS: dict[str, type["Measure"]] = {}
_ADDED: dict[str, tuple[type["Measure"], Callable[[], bool]]] = {}


class Unavailable(UserError):
    """What a measure needs is not there; the message says what, and how to get it."""


class NotPrepared(Unavailable):
    """What a measure needs has to be made or fetched once, with a command."""

    def __init__(self, message: str, command: str) -> None:
        super().__init__(message)
        self.command = command


@dataclass(frozen=True)
class Measured:
    """What `Measure.measure` returns.

    Attributes:
        scores: numbers, by the names that they are stored under.
        tensors: what else is worth storing, in `{ident}.pth.tar`.
        settings: what made the numbers.
        notes: what could not be measured, and what would help.
    """

    scores: dict[str, float] = field(default_factory=dict)
    tensors: dict[str, Any] = field(default_factory=dict)
    settings: dict[str, Any] = field(default_factory=dict)
    notes: tuple[str, ...] = ()


class Measure(ABC):
    """Measures a model after the pass of an evaluation.

    Attributes:
        title: what it is called in messages and results.
        high_is_good: names of its scores of which a high value is good; of the others a low one is.
    """

    title: str
    high_is_good: tuple[str, ...] = ()

    @abstractmethod
    def measure(
        self, model: Model, data: Data, mode: str, seed: int, *, stop: Callable[[], BaseException | None]
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


def measure(key: str, *, added_where: Callable[[], bool] | None = None) -> Callable[[type[M]], type[M]]:
    """Register a class of measures under the config key that names one, such as `fid`.

    What is measured of a model changes nothing in the experiment: the key may differ when a run is resumed.

    Args:
        key: the key.
        added_where: whether a run whose config does not have the key is measured too, with the defaults of the class
            (see `added_measures`).
    """

    def register(kind: type[M]) -> type[M]:
        register_harmless_key(key)
        _KINDS[key] = kind
        if added_where is not None:
            _ADDED[key] = kind, added_where
        return kind

    return register


def measure_keys() -> tuple[str, ...]:
    """The config keys that name measures, in the order in which they were registered."""
    return tuple(_KINDS)


def high_is_good(score: str) -> bool:
    """Whether a registered measure says that a high value of its score of this name is good."""
    return any(score in kind.high_is_good for kind in _KINDS.values())


def added_keys() -> tuple[str, ...]:
    """The config keys of measures that `added_measures` may add."""
    return tuple(_ADDED)


def configured_measures(config: Node) -> list[Measure]:
    """What a config measures beside the losses."""
    measures = [read_key(config, key, Measure | None, None) for key in measure_keys()]
    return [measure for measure in measures if measure is not None]


def added_measures(config: Node) -> list[Measure]:
    """What is measured of a run though its config does not have the key; `KEY: null` says not to."""
    return [kind() for key, (kind, is_added) in _ADDED.items() if find(config, key) is None and is_added()]
