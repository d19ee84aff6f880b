"""Which keys a run knows, so that a misspelled one on the command line is refused instead of ignored."""

from collections.abc import Iterable, Mapping
from typing import Any, get_args, get_origin

from omnilearn.config.components import component_of
from omnilearn.config.nodes import Node, address_of
from omnilearn.config.recorder import recorder_of
from omnilearn.config.signatures import parameters
from omnilearn.errors import ConfigError, did_you_mean

# (address of whatever takes the key, name of the key) -> the annotation of the parameter.
Declared = dict[tuple[str, str], Any]


def reject_unknown_keys(config: Node, keys: Iterable[str], prefix: str = "") -> None:
    """Raise `ConfigError` for the first key that nothing in this run takes.

    Args:
        config: what was built from, so that it is known which keys were asked for.
        keys: dotted keys that a user gave, which are part of the config.
        prefix: what the user wrote before the keys.

    A key is known, read yet or not, when something built from `config`, or a component that `config` names, has a
    parameter of that name at that place or below it, or when a reference leads to it.
    """
    root, recorder = config.root, recorder_of(config)
    declared, sections = recorder.declared | _declared_in(root), recorder.sections
    places = {address for address, _ in recorder.declared}  # of what was built
    for key in keys:
        if not _is_known(key.split("."), declared, sections, places):
            raise ConfigError(f"--{prefix}{key} is not a key of this run{_advice(key, declared)}")


def _is_known(parts: list[str], declared: Declared, sections: set[tuple[str, str]], places: set[str]) -> bool:
    for end, part in enumerate(parts):
        if part.startswith("_"):  # _type and _mod are checked when they are read; the place they stand at counts here
            place = [p for p in parts[:end] if not p.isdigit()]
            return not place or ".".join(parts[:end]) in places or _is_known(place, declared, sections, places)
    matches = _matches(parts, declared, sections)
    if matches:
        return True
    # Inside a table of plain data, such as val in split.val, every key is the user's own.
    return any(
        _holds_plain_data(annotation)
        for end in range(1, len(parts))
        for annotation in _matches(parts[:end], declared, sections)
    )


def _matches(parts: list[str], declared: Declared, sections: set[tuple[str, str]]) -> list[Any]:
    *place, name = parts
    prefix = ".".join(place)
    return [
        annotation
        for (address, parameter), annotation in declared.items()
        if parameter == name
        and (
            address == prefix
            or ((address, parameter) not in sections and (not prefix or address.startswith(f"{prefix}.")))
        )
    ]


def _holds_plain_data(annotation: Any) -> bool:
    kinds = [annotation, *get_args(annotation)]
    return any((get_origin(kind) or kind) in (dict, Mapping) for kind in kinds)


def _declared_in(node: Node) -> Declared:
    """What the components below `node` take, and what the references below it lead to."""
    declared: Declared = {}
    for table in _tables(node):
        address = address_of(table)
        target = component_of(table)
        if target is not None:
            declared.update({(address, name): p.annotation for name, p in parameters(target).items()})
        for _, child in table.named_children():
            if child.has_payload and isinstance(child.payload, str) and child.payload.startswith(("<>", "<!>", "<o>")):
                name = child.payload.split(">", 1)[1].lstrip(".").split(".")[0]
                declared.setdefault((address, name), None)
    return declared


def _tables(node: Node) -> Iterable[Node]:
    if not node.has_payload:
        yield node
        for _, child in node.named_children():
            yield from _tables(child)


def _advice(key: str, declared: Declared) -> str:
    addresses = {f"{address}.{name}".strip("."): None for address, name in declared}
    elsewhere = [address for address in addresses if address.split(".")[-1] == key.split(".")[-1]]
    if elsewhere:
        return f" (did you mean {' or '.join(elsewhere[:3])}?)"
    names = sorted({name for _, name in declared})
    return did_you_mean(key, addresses) or did_you_mean(key.split(".")[-1], names)
