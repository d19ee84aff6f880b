"""What counts of a config that a run has stored, which may come from anybody."""

from collections.abc import Collection, Mapping
from typing import Any

from omnilearn.config.tree import SCALARS

# What only the command line and the environment may ask for, and no stored config, at any place.
UNTRUSTED = frozenset({"cacheroot", "download", "sources"})
# Where files are, at any place.
PLACES = UNTRUSTED | {"dataroot"}
# Of the keys that are omnifig's own, the two that a component is made of; the others could name other files.
_OF_COMPONENTS = ("_type", "_mod")


def without(tree: Any, keys: Collection[str]) -> Any:
    """A tree of tables and lists without some keys, at every place."""
    if isinstance(tree, SCALARS):  # most are, and the other questions take longer
        return tree
    if isinstance(tree, Mapping):
        return {key: without(item, keys) for key, item in tree.items() if key not in keys}
    if isinstance(tree, list):
        return [without(item, keys) for item in tree]
    return tree


def plain_data(tree: Any) -> Any:
    """A stored config without what is untrusted in it, at every place."""
    if isinstance(tree, Mapping):
        kept = {key: item for key, item in tree.items() if not key.startswith("_") or key in _OF_COMPONENTS}
        return {key: plain_data(item) for key, item in kept.items() if key not in UNTRUSTED}
    if isinstance(tree, list):
        return [plain_data(item) for item in tree]
    return tree
