"""The nodes of a config: where they are, and which of them a name means."""

import omnifig as fig

from omnilearn.errors import ConfigError

Node = fig.Configuration
Project = fig.GeneralProject


def address_of(node: Node) -> str:
    """The dotted address of a node, as a user writes it; empty for the root."""
    return ".".join(map(str, node.my_address()))


def where(node: Node) -> str:
    """The address of a node for an error message."""
    return address_of(node) or "config"


def find(node: Node, name: str, *, inherit: bool = True) -> Node | None:
    """The node that `name` means at `node`: its own key, else that of the nearest ancestor; None where there is none.

    References are followed. A node's own ancestors are never its arguments. Raises `ConfigError` where a reference
    leads nowhere, and for a key of a list.
    """
    if isinstance(node, node.DenseNode) and not name.isdigit():
        raise ConfigError(f"{where(node)}: expected a table, got a list")
    if not inherit and name not in node:
        return None
    try:
        found = node.peek(name)
    except node.SearchFailed as failure:
        if len(failure.queries) > 1:
            raise ConfigError(f"{where(node)}: {name} refers to {failure.queries[-1]}, which does not exist") from None
        return None
    except RecursionError:
        raise ConfigError(f"{where(node)}: {name} refers to itself") from None
    return None if _is_ancestor(found, node) else found


def says_type(node: Node) -> bool:
    """Whether a node says which component it is; `ConfigError` for a list."""
    return not node.has_payload and find(node, "_type", inherit=False) is not None


def child_of(node: Node, key: str) -> Node:
    """The node that a key of a table, or an item of a list, means."""
    child = find(node, key, inherit=False)
    if child is None:  # a reference to a table that this one is part of
        raise ConfigError(f"{where(node)}: {key} refers to itself")
    return child


def _is_ancestor(found: Node, node: Node) -> bool:
    above: Node | None = node
    while above is not None:
        if above is found:
            return True
        above = above.parent
    return False
