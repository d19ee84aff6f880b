"""Values of a command line that are read as text, such as the name 42: stored as they were typed."""

import types
from typing import Any, Union, get_args, get_origin

from omnilearn.config.convert import convert
from omnilearn.config.nodes import Node, address_of, find
from omnilearn.config.recorder import recorder_of
from omnilearn.config.unknown_keys import keys_of_components


def keep_as_typed(config: Node) -> None:
    """Turn the values that will be read as text into that text now, as reading them would.

    What reads them has to be declared: see `expect`. So that a config is the same before a run as in its folder.
    """
    recorder = recorder_of(config)
    if all(typed is None for typed in recorder.spelled.values()):
        return
    declared, sections = keys_of_components(config)
    for (address, name), annotation in declared.items():
        table = _at(config.root, address) if _has_text(annotation) else None
        if table is None or isinstance(table, table.DenseNode):
            continue
        found = find(table, name, inherit=(address, name) not in sections)
        if found is not None and found.has_payload and _is_read_as_text(found.payload, annotation):
            found.payload = recorder.spelled.get(address_of(found)) or found.payload


def _at(root: Node, address: str) -> Node | None:
    """The table at an address; None where there is none."""
    node = root
    for part in address.split(".") if address else ():
        below = dict(node.named_children()) if not node.has_payload else {}
        if part not in below:
            return None
        node = below[part]
    return None if node.has_payload else node


def _has_text(annotation: Any) -> bool:
    return annotation is str or str in _members(annotation)


def _is_read_as_text(value: Any, annotation: Any) -> bool:
    """Whether a value that is no text fits no type before text."""
    if value is None or isinstance(value, str):
        return False
    for member in _members(annotation) or (annotation,):
        if member is str:
            return True
        try:
            convert(value, member)
        except ValueError:
            continue
        return False
    return False


def _members(annotation: Any) -> tuple[Any, ...]:
    return get_args(annotation) if get_origin(annotation) in (Union, types.UnionType) else ()
