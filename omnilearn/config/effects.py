"""Configs in an order in which they are not what they were named for: of no effect, or changed by what others share."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from omnilearn.config.config_files import BASES, ConfigFile, KeyPath, ancestors, meant_by, word_of
from omnilearn.config.tree import merged
from omnilearn.errors import ConfigError

Files = Mapping[str, ConfigFile]

_MEANT = {"method", "encoder", "decoder"}
_NOTHING = object()


@dataclass(frozen=True)
class Fault:
    """What is wrong with the order of configs.

    Attributes:
        problem: in words.
        orders: other orders of the words that might be right, the nearest first.
        way_out: what to do where none is.
    """

    problem: str
    orders: Sequence[list[str]]
    way_out: str = "leave one of them out"


def merged_files(files: Files) -> dict[str, Any]:
    """What config files, the strongest first, say together."""
    tree: dict[str, Any] = {}
    for file in reversed(list(files.values())):
        tree = merged(tree, file.values)
    return tree


def holding(name: str, files: Files, tree: Mapping[str, Any]) -> list[str]:
    """The dotted keys of a config whose values are those of the merged tree."""
    return [key for file in meant_by(name, files) for key in _holding(file, tree)]


def check_effects(words: Sequence[str], files: Files, arrange: Callable[[Sequence[str]], Files]) -> None:
    """Raise `ConfigError` where a config has no effect, or is changed by what none asked for; with an order that works.

    Args:
        words: the configs that were named, the strongest first.
        files: they and all that they build on, by name, the strongest first.
        arrange: gives the same for the words in another order; `ConfigError` where they cannot be in that order.
    """
    for fault in _faults(words, files):
        better = _order_that_works(words, files, arrange)
        way_out = fault.way_out if better is None else f"this order works: {' '.join(better)}"
        raise ConfigError(f"{fault.problem}; {way_out}")


def _faults(words: Sequence[str], files: Files) -> Iterator[Fault]:
    tree = merged_files(files)
    for name in files:
        yield from _without_effect(name, words, files, tree)
        yield from _changed(name, words, files, tree)


def _without_effect(name: str, words: Sequence[str], files: Files, tree: Mapping[str, Any]) -> Iterator[Fault]:
    """A config of which nothing holds, because others that do not build on it set all its keys."""
    settings = files[name].settings()
    if not settings or _holding(files[name], tree):
        return
    deciders = [_decider(keys, files) for keys, _ in settings]
    if any(name in ancestors(decider, files) for decider, _ in deciders):  # what builds on a config may change all
        return
    winner, key = deciders[0]
    mover, word = word_of(name, words, files), word_of(winner, words, files)
    if word == mover:
        problem = f"{name} has no effect: {winner} stands before it in the {BASES} of {mover} and sets {key}"
        yield Fault(problem, (), f"move {name} further to the front there")
        return
    problem = f"{name} has no effect: {word} stands before it and sets {key}"
    yield Fault(problem, _to_the_left(mover, words))


def _changed(name: str, words: Sequence[str], files: Files, tree: Mapping[str, Any]) -> Iterator[Fault]:
    """A config with a value that is replaced by what another one, further to the left, merely builds on.

    Only what was named, or is the method, the encoder or the decoder, is meant in all its values; widths and other
    things in common give way to it.
    """
    if name not in words and not _MEANT & set(files[name].roles):
        return
    mover = word_of(name, words, files)
    for keys, value in files[name].settings():
        winner, key = _decider(keys, files)
        own = name in ancestors(winner, files) or winner in (mover, *ancestors(mover, files))
        if winner not in words and not own and not _holds(keys, value, tree):
            word = word_of(winner, words, files)
            orders = [*_to_the_left(mover, words), *_to_the_right(word, words)]
            yield Fault(f"{word} stands before {mover} and changes its {key}", orders)
            return


def _order_that_works(
    words: Sequence[str], files: Files, arrange: Callable[[Sequence[str]], Files]
) -> Sequence[str] | None:
    """The words in an order without faults, each moved as little as needed; None where none was found."""
    while faults := list(_faults(words, files)):
        for order in faults[0].orders:
            try:
                arranged = arrange(order)
            except ConfigError:
                continue
            if len(list(_faults(order, arranged))) < len(faults):
                words, files = order, arranged
                break
        else:
            return None
    return words


def _to_the_left(word: str, words: Sequence[str]) -> list[list[str]]:
    rest = [other for other in words if other != word]
    return [[*rest[:place], word, *rest[place:]] for place in range(words.index(word) - 1, -1, -1)]


def _to_the_right(word: str, words: Sequence[str]) -> list[list[str]]:
    rest = [other for other in words if other != word]
    return [[*rest[:place], word, *rest[place:]] for place in range(words.index(word) + 1, len(words))]


def _decider(keys: KeyPath, files: Files) -> tuple[str, str]:
    """The strongest file that decides about a key, by a value there, above it or below it; and the dotted key."""
    for name, file in files.items():
        for other, _ in file.all_settings():
            shared = min(len(keys), len(other))
            if keys[:shared] == other[:shared]:
                return name, ".".join(keys[:shared])
    raise AssertionError(f"no file sets {keys}")


def _holding(file: ConfigFile, tree: Mapping[str, Any]) -> list[str]:
    return [".".join(keys) for keys, value in file.settings() if _holds(keys, value, tree)]


def _holds(keys: KeyPath, value: Any, tree: Any) -> bool:
    for key in keys:
        if isinstance(tree, Mapping):
            tree = tree.get(key, _NOTHING)
        elif isinstance(tree, list) and key.isdigit() and int(key) < len(tree):
            tree = tree[int(key)]
        else:
            return False
    return bool(tree == value) and isinstance(tree, bool) == isinstance(value, bool)
