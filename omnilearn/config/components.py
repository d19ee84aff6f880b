"""Which class or function a config node names with `_type` and `_mod`."""

import inspect
from collections.abc import Callable, Sequence
from functools import cache
from typing import Any

import omnifig

from omnilearn.config.nodes import Node, Project, where
from omnilearn.errors import ConfigError, did_you_mean


def component_class(
    project: Project, name: str, modifiers: Sequence[str] | None = None, place: str = "config"
) -> Callable[..., Any]:
    """The class or function registered as `name`, with the mixins registered as `modifiers` in front of it.

    Raises `ConfigError`, which says that it is about `place`, for unknown names and for mixins that do not fit.
    """
    if not isinstance(name, str):
        raise ConfigError(f"{place}: _type must be the name of a component, got {name!r}")
    names = modifiers or ()
    mixins: list[type] = [_registered(project, "modifier", str(mod).replace("_", "-"), place) for mod in names]
    base: Callable[..., Any] = _registered(project, "component", name, place)
    if not mixins:
        return base
    if not inspect.isclass(base):
        raise ConfigError(f"{place}: {name} is not a class, so _mod cannot change it")
    for mixin, mod in zip(mixins, names, strict=True):
        if not issubclass(base, mixin.__bases__):  # it calls the methods of what it goes in front of
            kinds = " and ".join(kind.__name__ for kind in mixin.__bases__)
            raise ConfigError(f"{place}: _mod does not fit {name}: {mod} changes a {kinds}")
    return mixed((*mixins, base))


@cache
def mixed(parts: tuple[type, ...]) -> type:
    """The class of mixins and a class, in this order; the same one for the same parts. Its objects can be pickled."""

    def reduced(self: object) -> tuple[Any, ...]:
        return _blank, (parts,), self.__dict__

    name = "".join(part.__name__ for part in parts)
    return type(name, parts, {"__doc__": parts[-1].__doc__, "__reduce__": reduced})


def _blank(parts: tuple[type, ...]) -> object:
    """What unpickling fills: an object that no constructor was called for."""
    return object.__new__(mixed(parts))


def component_of(node: Node) -> Callable[..., Any] | None:
    """The class or function that a node's `_type` and `_mod` name; None for plain data."""
    if node.has_payload or not isinstance(node, node.SparseNode):
        return None
    try:
        creator = node.DefaultCreator(node, project=node.project)
    except (ValueError, TypeError, AttributeError):
        raise ConfigError(f"{where(node)}: _mod must name modifiers, such as {{hybrid: 1}}") from None
    except node.SearchFailed as failure:
        raise ConfigError(f"{where(node)}: _type refers to {failure.queries[-1]}, which does not exist") from None
    except RecursionError:
        raise ConfigError(f"{where(node)}: _type refers to itself") from None
    if creator.component_type is None:
        return None
    return component_class(node.project, creator.component_type, creator.modifiers, where(node))


def _registered(project: Project, kind: str, name: str, place: str) -> Any:
    # omnifig takes what stands before a colon for a project, and imports one that lies at such a path.
    if ":" in name and name.partition(":")[0] not in {other.name for other in omnifig.iterate_projects()}:
        raise ConfigError(f"{place}: no {kind} named '{name}'")
    try:
        return project.find_artifact(kind, name).cls
    except project.UnknownArtifactError:
        known = [entry.name for entry in project.iterate_artifacts(kind)]
        hint = did_you_mean(name, known) or " (one of your own: is its module imported, as those in components.py are?)"
        raise ConfigError(f"{place}: no {kind} named '{name}'{hint}") from None
