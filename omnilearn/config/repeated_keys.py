"""Keys of a command line that stand twice: of two values the later one counts, and nobody should miss that."""

import shlex
from collections.abc import Iterator, Sequence
from typing import Any

from omnilearn.config.tree import nested

Place = tuple[str, ...]


def lost_values(spelled: Sequence[tuple[str, str | None]], values: Sequence[Any]) -> list[str]:
    """What to say of keys that give, themselves or in their tables, one place two different values.

    Args:
        spelled: the keys in their order, with their values as typed.
        values: their values as data.
    """
    leaves = [dict(_leaves(nested({key: value}))) for (key, _), value in zip(spelled, values, strict=True)]
    found = []
    for later, high in enumerate(leaves):
        for earlier, low in enumerate(leaves[:later]):
            place = _lost(low, high)
            if place is not None:
                first, second = (_as_typed(*spelled[index]) for index in (earlier, later))
                found.append(f"{'.'.join(place)} is given twice: {second} counts, not {first}")
    return found


def _lost(low: dict[Place, Any], high: dict[Place, Any]) -> Place | None:
    """The place of a value of one table that is lost where another table is laid over it."""
    for place, value in low.items():
        for other, over in high.items():
            shared = min(len(place), len(other))
            if place[:shared] != other[:shared]:
                continue
            if len(place) == len(other):
                is_lost = value != over or isinstance(value, bool) != isinstance(over, bool)
            elif len(place) < len(other):  # below a list, a number changes one of its items
                is_lost = value != {} and not (isinstance(value, list) and other[shared].isdigit())
            else:
                is_lost = over != {}
            if is_lost:
                return place[:shared]
    return None


def _leaves(tree: Any, place: Place = ()) -> Iterator[tuple[Place, Any]]:
    """The values in a table by where they are; an empty table is a value."""
    if isinstance(tree, dict) and tree:
        for key, value in tree.items():
            yield from _leaves(value, (*place, key))
    else:
        yield place, tree


def _as_typed(key: str, text: str | None) -> str:
    return shlex.join([f"--{key}", *([] if text is None else [text])])
