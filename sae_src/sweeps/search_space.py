"""What a sweep searches: ranges and choices of keys, and the score that tells good ones from bad."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from omnilearn.errors import ConfigError, did_you_mean

Direction = Literal["minimise", "maximise"]
Scalar = bool | int | float | str | None
_KEYS = ("keys", "score", "direction", "trials", "seed")
_RANGE = ("from", "to", "step", "log")
_DIRECTIONS: tuple[Direction, ...] = ("minimise", "maximise")
_MOST_TRIALS = 100_000


@dataclass(frozen=True)
class Choices:
    """One of several values."""

    values: tuple[Scalar, ...]

    def corners(self) -> tuple[Scalar, ...]:
        """The values that a model has to be built with to know that it can be."""
        return self.values


@dataclass(frozen=True)
class Range:
    """Numbers between two, both included; whole ones where both are.

    Attributes:
        low: the least.
        high: the largest.
        step: between two of them, from `low` on; None for any number, or any whole one.
        log: whether they are drawn evenly in the logarithm.
    """

    low: int | float
    high: int | float
    step: int | float | None = None
    log: bool = False

    @property
    def is_whole(self) -> bool:
        """Whether the numbers are whole ones."""
        return isinstance(self.low, int) and isinstance(self.high, int)

    def corners(self) -> tuple[Scalar, ...]:
        """The values that a model has to be built with to know that it can be."""
        return self.low, self.high


@dataclass(frozen=True)
class Search:
    """A search over numbers.

    Attributes:
        space: what each key may be, by the key.
        score: the score that counts, such as `eval.rec_loss`: results, and the name in them.
        direction: which end of it is good.
        trials: how many times values are drawn, for each model on each data set.
        seed: of the draws.
    """

    space: Mapping[str, Range | Choices]
    score: str
    direction: Direction
    trials: int
    seed: int = 0


def read_search(table: Mapping[str, Any], place: str) -> Search:
    """The search in a table; `ConfigError` names the key that is wrong, after `place`."""
    for key in table:
        if key not in _KEYS:
            raise ConfigError(f"{place}.{key} is not a key{did_you_mean(str(key), _KEYS) or _known(_KEYS)}")
    for key in _KEYS[:4]:
        if table.get(key) is None:
            raise ConfigError(f"{place}.{key} is missing")
    space = table["keys"]
    if not isinstance(space, Mapping) or not space:
        raise ConfigError(f"{place}.keys: must be a table of keys with ranges or choices, got {space!r}")
    score, direction = table["score"], table["direction"]
    if not isinstance(score, str) or not all(score.partition(".")):
        raise ConfigError(f"{place}.score: must name results and a score in them, such as eval.rec_loss, got {score!r}")
    if direction not in _DIRECTIONS:
        hint = did_you_mean(str(direction), _DIRECTIONS) or f", got {direction!r}"
        raise ConfigError(f"{place}.direction: must be minimise or maximise{hint}")
    trials, seed = table["trials"], table.get("seed", 0)
    if not _is_number(trials) or not isinstance(trials, int) or not 1 <= trials <= _MOST_TRIALS:
        raise ConfigError(f"{place}.trials: must be from 1 to {_MOST_TRIALS}, got {trials!r}")
    if not _is_number(seed) or not isinstance(seed, int) or not 0 <= seed < 2**32:
        raise ConfigError(f"{place}.seed: must be between 0 and 2^32 - 1, got {seed!r}")
    return Search(
        {str(key).replace("-", "_"): _values(value, f"{place}.keys.{key}") for key, value in space.items()},
        score,
        direction,
        trials,
        seed,
    )


def _values(value: Any, place: str) -> Range | Choices:
    if isinstance(value, list):
        return _choices(value, place)
    if not isinstance(value, Mapping) or "from" not in value or "to" not in value:
        raise ConfigError(
            f"{place}: must be a list of choices, or a range such as {{from: 1.0e-4, to: 1.0e-2, log: yes}}"
        )
    for key in value:
        if key not in _RANGE:
            raise ConfigError(f"{place}.{key} is not a key{did_you_mean(str(key), _RANGE) or _known(_RANGE)}")
    low, high, step, log = value["from"], value["to"], value.get("step"), value.get("log", False)
    for key in ("from", "to", "step"):
        if value.get(key) is not None and not _is_number(value[key]):
            raise ConfigError(f"{place}.{key}: must be a number, got {value[key]!r}")
    if not _is_number(low) or not _is_number(high):
        raise ConfigError(f"{place}: from and to must be numbers")
    if not low < high:
        raise ConfigError(f"{place}: from must be below to, got {low} and {high}")
    if not isinstance(log, bool):
        raise ConfigError(f"{place}.log: must be yes or no, got {log!r}")
    if log and low <= 0:
        raise ConfigError(f"{place}: a range with log begins above 0, got {low}")
    if step is not None and (log or not 0 < step <= high - low):
        why = "a range with log has none" if log else f"must be above 0 and no longer than the range, got {step}"
        raise ConfigError(f"{place}.step: {why}")
    if isinstance(low, int) and isinstance(high, int) and isinstance(step, int | None):
        return Range(low, high, step, log)
    return Range(float(low), float(high), None if step is None else float(step), log)


def _choices(values: list[Any], place: str) -> Choices:
    for value in values:
        if not isinstance(value, Scalar) or (isinstance(value, float) and not math.isfinite(value)):
            raise ConfigError(f"{place}: a choice is a number, text, yes or no, not {value!r}")
    if len(values) < 2:
        raise ConfigError(f"{place}: there is nothing to choose: name two values or more")
    if any(one == other for at, one in enumerate(values) for other in values[:at]):
        raise ConfigError(f"{place}: a choice stands twice")
    return Choices(tuple(values))


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _known(keys: tuple[str, ...]) -> str:
    return f"; there are {', '.join(keys)}"
