"""Which keys a run knows, so that what a user gave and nothing takes is refused instead of ignored."""

import dataclasses
import inspect
from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from typing import Any, get_args, get_origin

from omnilearn.config.components import component_of
from omnilearn.config.nodes import Node, address_of
from omnilearn.config.recorder import keys_given, recorder_of
from omnilearn.config.signatures import parameters
from omnilearn.errors import ConfigError, did_you_mean

# (address of whatever takes the key, name of the key) -> the annotation of the parameter.
Declared = dict[tuple[str, str], Any]


class _Keys:
    """The keys that something built from a config takes, read yet or not.

    A key is known when something built from the config, or a component that the config names, has a parameter of that
    name at that place or below it, or when a reference leads to it.
    """

    def __init__(self, config: Node) -> None:
        recorder = recorder_of(config)
        read = {name for address, name in recorder.declared if not address}
        named = _declared_in(config.root, read)
        in_sections = _sections_of(named)
        self.declared: Declared = recorder.declared | named | in_sections
        self.sections = recorder.sections | (set(in_sections) - set(recorder.declared))
        self._places = {address for address, _ in recorder.declared}  # of what was built
        self._set = set(_values_in(config.root))

    def knows(self, parts: list[str]) -> bool:
        """Whether something takes a key, given by its parts."""
        for end, part in enumerate(parts):
            if part.startswith("_"):  # _type and _mod are checked when they are read: the place they stand at counts
                place = [p for p in parts[:end] if not p.isdigit()]
                return not place or ".".join(parts[:end]) in self._places or self.knows(place)
        # Inside a table of plain data, such as val in split.val, every key is the user's own.
        return bool(_matches(parts, self.declared, self.sections)) or any(
            _holds_plain_data(annotation)
            for end in range(1, len(parts))
            for annotation in _matches(parts[:end], self.declared, self.sections)
        )

    def read_instead(self, parts: list[str]) -> str | None:
        """The key below it that goes before a key wherever it is looked up; None where something reads the key."""
        *place, name = parts
        winners = []
        for address in _addresses(parts, self.declared, self.sections):
            below = [above for above in reversed(_upwards(address)) if above.count(".") >= len(place)]
            winner = next((f"{above}.{name}" for above in below if f"{above}.{name}" in self._set), None)
            if address == ".".join(place) or winner is None:
                return None
            winners.append(winner)
        return min(winners, default=None, key=len)


def reject_unused(config: Node) -> None:
    """Raise `ConfigError` for the first key, and the first config, that a user named and that changes nothing.

    `config` is what was built from, so that it is known which keys were asked for.
    """
    reject_unknown_keys(config, keys_given(config))
    keys = _Keys(config)
    for key in keys_given(config):
        if instead := keys.read_instead(key.split(".")):
            raise ConfigError(f"--{key} has no effect: {instead} is set and goes before it; give --{instead}")
    for name, holding in recorder_of(config).named.items():
        if holding and not any(keys.knows(key.split(".")) for key in holding):
            raise ConfigError(f"{name} has no effect: nothing in this run takes {holding[0]}; leave it out")


def reject_unknown_keys(config: Node, keys: Iterable[str], prefix: str = "") -> None:
    """Raise `ConfigError` for the first key that nothing in this run takes.

    Args:
        config: what was built from, so that it is known which keys were asked for.
        keys: dotted keys that a user gave, which are part of the config.
        prefix: what the user wrote before the keys.
    """
    known = _Keys(config)
    for key in keys:
        if not known.knows(key.split(".")):
            raise ConfigError(f"--{prefix}{key} is not a key of this run{_advice(key, known.declared)}")


def keys_of_components(config: Node) -> tuple[Declared, set[tuple[str, str]]]:
    """The keys that what is built from a config takes, read yet or not, with their annotations; and those of them that
    are taken at their place alone.
    """
    keys = _Keys(config)
    return keys.declared, keys.sections


def _matches(parts: list[str], declared: Declared, sections: set[tuple[str, str]]) -> list[Any]:
    return [declared[address, parts[-1]] for address in _addresses(parts, declared, sections)]


def _addresses(parts: list[str], declared: Declared, sections: set[tuple[str, str]]) -> list[str]:
    """Of whatever takes a key: at its place, or below it and looking upwards."""
    *place, name = parts
    prefix = ".".join(place)
    return [
        address
        for address, parameter in declared
        if parameter == name
        and (
            address == prefix
            or ((address, parameter) not in sections and (not prefix or address.startswith(f"{prefix}.")))
        )
    ]


def _values_in(root: Node) -> Iterable[str]:
    """The dotted keys of all values; references, which may lead further up, are none."""
    for table in _tables(root):
        for name, child in table.named_children():
            if child.has_payload and not (isinstance(child.payload, str) and child.payload.startswith("<")):
                yield f"{address_of(table)}.{name}".lstrip(".")


def _holds_plain_data(annotation: Any) -> bool:
    kinds = [annotation, *get_args(annotation)]
    return any((get_origin(kind) or kind) in (dict, Mapping) for kind in kinds)


def _declared_in(root: Node, wanted: set[str]) -> Declared:
    """What the components below the wanted keys (all, where there are none) take, and what references lead to."""
    declared: Declared = {}
    for table in _tables(root):
        address = address_of(table)
        target = component_of(table)
        if target is not None and (not wanted or address.split(".")[0] in wanted):
            declared.update({(address, name): p.annotation for name, p in parameters(target).items()})
        for _, child in table.named_children():
            if child.has_payload and isinstance(child.payload, str) and child.payload.startswith(("<>", "<!>", "<o>")):
                name = child.payload.split(">", 1)[1].lstrip(".").split(".")[0]
                declared.setdefault((address, name), None)
    return declared


def _sections_of(declared: Declared) -> Declared:
    """The keys of the dataclasses among what components take, at each place where such a section may stand."""
    found: Declared = {}
    for (address, name), annotation in declared.items():
        for kind in (annotation, *get_args(annotation)):
            if inspect.isclass(kind) and dataclasses.is_dataclass(kind):
                places = [f"{above}.{name}".lstrip(".") for above in ("", *_upwards(address))]
                fields = parameters(kind).items()
                found |= {(place, field): each.annotation for place in places for field, each in fields}
    return found


def _upwards(address: str) -> list[str]:
    parts = address.split(".")
    return [".".join(parts[:end]) for end in range(1, len(parts) + 1)]


def _tables(node: Node) -> Iterable[Node]:
    if not node.has_payload:
        yield node
        for _, child in node.named_children():
            yield from _tables(child)


def _advice(key: str, declared: Declared) -> str:
    addresses = {f"{address}.{name}".strip("."): None for address, name in declared}
    if key.split(".")[-1].startswith("_"):  # of something that is not there
        key = key.rpartition(".")[0]
    *above, last = key.split(".")
    place = ".".join(above)
    here = [name for address, name in declared if not place or f"{address}.".startswith(f"{place}.")]
    elsewhere = [address for address in addresses if address.split(".")[-1] == last]
    if elsewhere:
        return f" (did you mean {' or '.join(elsewhere[:3])}?)"
    close = get_close_matches(last, sorted(set(here)), n=3, cutoff=0.7)
    if close:
        return f" (did you mean {' or '.join('.'.join([*above, name]) for name in close)}?)"
    return did_you_mean(key, addresses) or did_you_mean(last, sorted({name for _, name in declared}))
