"""From config nodes to objects: the constructor's signature says which keys it takes and of which types.

`find` looks a key up, `read` turns a node into a value of the annotated type, `read_key` does both, `call` fills a
signature, `build` makes a new object. What was asked for is noted in the reporter of the config (`declare`); omnifig
keeps the object that `read` made of a node until it is cleared.
"""

import dataclasses
import inspect
import types
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Union, get_args, get_origin

import omnifig as fig

from omnilearn.config.convert import convert, describe
from omnilearn.config.signatures import parameters
from omnilearn.errors import ConfigError, UserError, did_you_mean, first_line

Node = fig.Configuration


class _Unfit(ConfigError):
    """A value of the wrong type, found before anything was built from it."""


class TypedCreator(Node.DefaultCreator):
    """Builds components by filling the arguments of their constructors; omnifig parses `_type` and `_mod`."""

    def create_product(self, config, args=None, kwargs=None, *, silent=None) -> Any:
        """Return the value of a node: the component that it names, or the plain data that it holds."""
        if self.component_type is None:
            return read(config, Any)
        target = component_class(config.project, self.component_type, self.modifiers, where(config))
        try:
            return call(target, config, **(kwargs or {}))
        except UserError:
            raise
        # Sizes that are negative, or too large for the memory, come back from torch and numpy as various errors.
        except (ValueError, RuntimeError, MemoryError, ArithmeticError) as error:
            raise ConfigError(f"{where(config)}: {first_line(error)}") from error
        except (TypeError, AttributeError) as error:
            if not self.modifiers:
                raise
            raise ConfigError(f"{where(config)}: _mod does not fit {self.component_type}: {error}") from error


class NodeBuilder:
    """Makes a new component from a config node at each call; keywords of the call win over the config."""

    def __init__(self, node: Node, kind: type) -> None:
        self._node, self._kind = node, kind

    def __call__(self, **given: Any) -> Any:
        """Build one more."""
        return build(self._node, self._kind, **given)

    @property
    def __signature__(self) -> inspect.Signature:
        names = parameters(component_of(self._node))
        return inspect.Signature([p.replace(kind=inspect.Parameter.KEYWORD_ONLY) for p in names.values()])


def address_of(node: Node) -> str:
    """The dotted address of a node, as a user writes it; empty for the root."""
    return ".".join(map(str, node.my_address()))


def where(node: Node) -> str:
    """The address of a node for an error message."""
    return address_of(node) or "config"


def component_class(project, name: str, modifiers: Sequence[str] = (), place: str = "config") -> Callable:
    """The class or function registered as `name`, with the mixins registered as `modifiers` in front of it."""
    if not isinstance(name, str):
        raise ConfigError(f"{place}: _type must be the name of a component, got {name!r}")
    mixins = [_artifact(project, "modifier", str(mod).replace("_", "-"), place) for mod in modifiers or ()]
    base = _artifact(project, "component", name, place)
    if not mixins:
        return base
    if not inspect.isclass(base):
        raise ConfigError(f"{place}: {name} is not a class, so _mod cannot change it")
    for mixin, mod in zip(mixins, modifiers, strict=True):
        if not issubclass(base, mixin.__bases__):  # it calls the methods of what it goes in front of
            kinds = " and ".join(kind.__name__ for kind in mixin.__bases__)
            raise ConfigError(f"{place}: _mod does not fit {name}: {mod} changes a {kinds}")
    return type("".join(m.__name__ for m in (*mixins, base)), (*mixins, base), {"__doc__": base.__doc__})


def component_of(node: Node) -> Callable | None:
    """The class or function that a node's `_type` and `_mod` name; None for plain data."""
    if node.has_payload or not isinstance(node, node.SparseNode):
        return None
    try:
        creator = TypedCreator(node, project=node.project)
    except (ValueError, TypeError, AttributeError):
        raise ConfigError(f"{where(node)}: _mod must name modifiers, such as {{hybrid: 1}}") from None
    except node.SearchFailed as failure:
        raise ConfigError(f"{where(node)}: _type refers to {failure.queries[-1]}, which does not exist") from None
    except RecursionError:
        raise ConfigError(f"{where(node)}: _type refers to itself") from None
    if creator.component_type is None:
        return None
    return component_class(node.project, creator.component_type, creator.modifiers, where(node))


def find(node: Node, name: str, *, inherit: bool = True) -> Node | None:
    """The node that `name` means at `node`: its own key, else that of the nearest ancestor; None where there is none.

    References are followed. A node's own ancestors are never its arguments. Raises `ConfigError` where a reference
    leads nowhere.
    """
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


def read(node: Node, want: Any = Any) -> Any:
    """The value of a node as the type `want`: a scalar, a list, a table, a component, or a builder of one."""
    origin, members = get_origin(want), get_args(want)
    if origin in (Union, types.UnionType):
        return _read_first_fit(node, want, members)
    if origin is Callable or want is Callable:
        return _read_builder(node, want, members[-1] if members else object)
    target = component_of(node)
    if target is not None:
        return _read_component(node, want, target)
    if node.has_payload:
        try:
            return convert(node.payload, want)
        except ValueError as error:
            raise _Unfit(f"{where(node)}: {error}") from None
    if dataclasses.is_dataclass(want):
        return call(want, node, _inherit=False)
    if isinstance(node, node.DenseNode):
        return _read_list(node, want, origin or want, members)
    if want in (Any, object, dict, Mapping) or origin in (dict, Mapping):
        member = members[1] if len(members) == 2 else Any
        return {key: read(_child(node, key), member) for key, _ in node.named_children()}
    raise _Unfit(f"{where(node)}: expected {describe(want)}, got a table")


def read_key(node: Node, name: str, want: Any, default: Any) -> Any:
    """The value of one key as `node` sees it, as the type `want`; `default` where it is not set."""
    node.reporter.declare(node, {name: want})
    found = find(node, name)
    if found is None:
        return default
    try:
        return read(found, want)
    except _Unfit as error:
        raise ConfigError(str(error)) from None


def call(function: Callable, node: Node, /, _inherit: bool = True, **given: Any) -> Any:
    """Call `function`; each parameter that is not given comes from the config as `node` sees it.

    Raises `ConfigError` naming every parameter that has neither a value nor a default.
    """
    known = parameters(function)
    node.reporter.declare(node, {name: p.annotation for name, p in known.items()}, inherit=_inherit)
    missing = []
    for name, parameter in known.items():
        if name in given:
            continue
        found = find(node, name, inherit=_inherit)
        if found is not None:
            try:
                given[name] = read(found, Any if parameter.annotation is parameter.empty else parameter.annotation)
            except _Unfit as error:
                raise ConfigError(str(error)) from None
        elif parameter.default is parameter.empty:
            missing.append(name)
    if missing:
        title = "" if dataclasses.is_dataclass(function) else getattr(function, "__name__", str(function)) + " "
        raise ConfigError(f"{where(node)}: {title}needs a value for {', '.join(missing)}")
    return function(**given)


def build(node: Node, kind: type = object, /, **given: Any) -> Any:
    """A new `kind` from a node, with new parts; keywords win over the config."""
    target = component_of(node)
    if target is None:
        raise ConfigError(f"{where(node)}: expected a {describe(kind)}: say which with _type")
    _check_kind(node, kind, target)
    for _, child in node.named_children():
        child.clear_product()  # else every object built from this node would share its parts
    return node.create(**given)


def _read_first_fit(node: Node, want: Any, members: tuple) -> Any:
    # None and the scalar types come first in no particular order: a scalar fits at most one of them in our signatures.
    for member in members:
        try:
            return read(node, member)
        except _Unfit:
            continue
    held = "a component" if component_of(node) else repr(node.payload) if node.has_payload else "a table or list"
    raise _Unfit(f"{where(node)}: expected {' or '.join(describe(m) for m in members)}, got {held}")


def _read_builder(node: Node, want: Any, kind: Any) -> Callable:
    target = component_of(node)
    if target is None:
        got = repr(node.payload) if node.has_payload else "a table without _type"
        raise _Unfit(f"{where(node)}: expected {describe(want)}, got {got}")
    _check_kind(node, kind, target)
    return NodeBuilder(node, kind)


def _read_component(node: Node, want: Any, target: Callable) -> Any:
    _check_kind(node, want, target)
    made = node.create() if node.trace is not None and node.trace.force_create else node.process()
    if inspect.isclass(want) and want is not object and not isinstance(made, want):
        raise _Unfit(f"{where(node)}: expected a {describe(want)}, got a {type(made).__name__}")
    return made


def _check_kind(node: Node, want: Any, target: Callable) -> None:
    """Refuse, before anything is built, a component that cannot be what is wanted."""
    kind = get_origin(want) or want
    if kind in (Any, object):
        return
    made = target if inspect.isclass(target) else inspect.signature(target, eval_str=True).return_annotation
    fits = inspect.isclass(kind) and (
        not inspect.isclass(made) or made is inspect.Signature.empty or issubclass(made, kind)
    )
    if not fits:
        wanted = f"a {kind.__name__} component" if inspect.isclass(kind) else describe(want)
        raise _Unfit(f"{where(node)}: expected {wanted}, got the component {node.pull('_type', silent=True)}")


def _read_list(node: Node, want: Any, kind: Any, members: tuple) -> list | tuple:
    keys = [key for key, _ in node.named_children()]
    if kind in (Any, object, list, Sequence):
        return [read(_child(node, key), members[0] if members else Any) for key in keys]
    if kind is not tuple:
        raise _Unfit(f"{where(node)}: expected {describe(want)}, got a list")
    if len(members) == 2 and members[1] is Ellipsis:
        members = (members[0],) * len(keys)
    if len(members) != len(keys):
        raise _Unfit(f"{where(node)}: expected a list of {len(members)}, got {len(keys)}")
    return tuple(read(_child(node, key), member) for key, member in zip(keys, members, strict=True))


def _child(node: Node, key: str) -> Node:
    child = find(node, key, inherit=False)
    if child is None:  # a reference to a table that this one is part of
        raise ConfigError(f"{where(node)}: {key} refers to itself")
    return child


def _artifact(project, kind: str, name: str, place: str) -> Callable:
    try:
        return project.find_artifact(kind, name).cls
    except project.UnknownArtifactError:
        known = [entry.name for entry in project.iterate_artifacts(kind)]
        raise ConfigError(f"{place}: no {kind} named '{name}'{did_you_mean(name, known)}") from None


def _is_ancestor(found: Node, node: Node) -> bool:
    while node is not None:
        if node is found:
            return True
        node = node.parent
    return False
