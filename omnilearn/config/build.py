"""From config nodes to objects: the constructor's signature says which keys it takes and of which types.

`read` turns a node into a value of the annotated type, `read_key` looks a key up first, `call` fills a signature,
`build` makes a new object. What was asked for is noted by the config's recorder; omnifig keeps the object that `read`
made of a node until it is cleared.
"""

import dataclasses
import inspect
import types
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Generic, TypeVar, Union, get_args, get_origin, overload

from omnilearn.config.components import component_of
from omnilearn.config.convert import convert, describe
from omnilearn.config.nodes import Node, address_of, child_of, find, where
from omnilearn.config.recorder import recorder_of
from omnilearn.config.signatures import parameters
from omnilearn.errors import ConfigError

T = TypeVar("T")

# The class of what is wanted. Not `type[T]`, for which type checkers refuse abstract classes.
Kind = Callable[..., T]


class _Unfit(ConfigError):
    """A value of the wrong type, found before anything was built from it."""


class NodeBuilder(Generic[T]):
    """Makes a new component from a config node at each call; keywords of the call win over the config."""

    def __init__(self, node: Node, kind: Kind[T]) -> None:
        self._node, self._kind = node, kind

    def __call__(self, **given: Any) -> T:
        """Build one more."""
        return build(self._node, self._kind, **given)

    @property
    def __signature__(self) -> inspect.Signature:
        target = component_of(self._node)
        assert target is not None  # else there would be no builder
        names = parameters(target)
        return inspect.Signature([p.replace(kind=inspect.Parameter.KEYWORD_ONLY) for p in names.values()])


@overload
def read(node: Node, want: Kind[T]) -> T: ...
@overload
def read(node: Node, want: Any = Any) -> Any: ...
def read(node: Node, want: Any = Any) -> Any:
    """The value of a node as the type `want`: a scalar, a list, a table, a component, or a builder of one."""
    origin, members = get_origin(want), get_args(want)
    if origin in (Union, types.UnionType):
        return _read_first_fit(node, want, members)
    if origin in (dict, Mapping) and members[1] is Any and isinstance(node, node.SparseNode) and not node.has_payload:
        return node.to_python()  # plain data as it stands there: nothing is built, no reference followed
    if origin is Callable or want is Callable:
        return _read_builder(node, want, members[-1] if members else object)
    target = component_of(node)
    if target is not None:
        return _read_component(node, want, target)
    if node.has_payload:
        return _read_scalar(node, want)
    if inspect.isclass(want) and dataclasses.is_dataclass(want):
        if isinstance(node, node.DenseNode):
            raise _Unfit(f"{where(node)}: expected a table, got a list")
        return call(want, node, _inherit=False)
    if isinstance(node, node.DenseNode):
        return _read_list(node, want, origin or want, members)
    if want in (Any, object, dict, Mapping) or origin in (dict, Mapping):
        member = members[1] if len(members) == 2 else Any
        return {key: read(child_of(node, key), member) for key, _ in node.named_children()}
    raise _Unfit(f"{where(node)}: expected {describe(want)}, got a table")


@overload
def read_key(node: Node, name: str, want: Kind[T], default: T) -> T: ...
@overload
def read_key(node: Node, name: str, want: Any, default: Any) -> Any: ...
def read_key(node: Node, name: str, want: Any, default: Any) -> Any:
    """The value of one key as `node` sees it, as the type `want`; `default` where it is not set."""
    recorder_of(node).declare(node, {name: want})
    found = find(node, name)
    if found is None:
        return default
    try:
        return read(found, want)
    except _Unfit as error:
        raise ConfigError(str(error)) from None


def call(function: Callable[..., T], node: Node, /, _inherit: bool = True, **given: Any) -> T:
    """Call `function`; each parameter that is not given comes from the config as `node` sees it.

    Raises `ConfigError` naming every parameter that has neither a value nor a default.
    """
    known = parameters(function)
    recorder_of(node).declare(node, {name: p.annotation for name, p in known.items()}, inherit=_inherit)
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


def expect(section: type, config: Node, place: str = "") -> None:
    """Note, without reading any, the keys that `call` would read for a dataclass and for the sections in it.

    Args:
        section: the dataclass.
        config: the root of the config.
        place: the dotted key of the section in it; empty for the root.
    """
    known = parameters(section)
    types = {name: parameter.annotation for name, parameter in known.items()}
    recorder_of(config).declare_at(place, types, inherit=not place)
    for name, annotation in types.items():
        for kind in (annotation, *get_args(annotation)):
            if inspect.isclass(kind) and dataclasses.is_dataclass(kind):
                expect(kind, config, f"{place}.{name}".lstrip("."))


def build(node: Node, kind: Kind[T], /, **given: Any) -> T:
    """A new `kind` from a node, with new parts; keywords win over the config."""
    target = component_of(node)
    if target is None:
        raise ConfigError(f"{where(node)}: expected a {describe(kind)}: say which with _type")
    _check_kind(node, kind, target)
    for _, child in node.named_children():
        child.clear_product()  # else every object built from this node would share its parts
    made: T = node.create(**given)
    return made


def _read_scalar(node: Node, want: Any) -> Any:
    value, typed = node.payload, recorder_of(node).spelled.get(address_of(node), "")
    if want is str and typed and value is not None and not isinstance(value, str):
        node.payload = value = typed  # a name such as 1e5 is that text, here and where the config is stored
    try:
        return convert(value, want)
    except ValueError as error:
        raise _Unfit(f"{where(node)}: {error}" if typed is not None else _without_value(node)) from None


def _without_value(node: Node) -> str:
    return f"--{address_of(node)}: the value is missing"


def _read_first_fit(node: Node, want: Any, members: tuple[Any, ...]) -> Any:
    # None and the scalar types come first in no particular order: a scalar fits at most one of them in our signatures.
    for member in members:
        try:
            return read(node, member)
        except _Unfit:
            continue
    if recorder_of(node).spelled.get(address_of(node), "") is None:
        raise _Unfit(_without_value(node))
    table = "a list" if isinstance(node, node.DenseNode) else "a table"
    held = "a component" if component_of(node) else repr(node.payload) if node.has_payload else table
    raise _Unfit(f"{where(node)}: expected {' or '.join(describe(m) for m in members)}, got {held}")


def _read_builder(node: Node, want: Any, kind: Any) -> NodeBuilder[Any]:
    target = component_of(node)
    if target is None:
        got = repr(node.payload) if node.has_payload else "a table without _type"
        raise _Unfit(f"{where(node)}: expected {describe(want)}, got {got}")
    _check_kind(node, kind, target)
    return NodeBuilder(node, kind)


def _read_component(node: Node, want: Any, target: Callable[..., Any]) -> Any:
    _check_kind(node, want, target)
    made = node.create() if node.trace is not None and node.trace.force_create else node.process()
    if inspect.isclass(want) and want not in (Any, object) and not isinstance(made, want):
        raise _Unfit(f"{where(node)}: expected a {describe(want)}, got a {type(made).__name__}")
    return made


def _check_kind(node: Node, want: Any, target: Callable[..., Any]) -> None:
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


def _read_list(node: Node, want: Any, kind: Any, members: tuple[Any, ...]) -> list[Any] | tuple[Any, ...]:
    keys = [key for key, _ in node.named_children()]
    if kind in (Any, object, list, Sequence):
        return [read(child_of(node, key), members[0] if members else Any) for key in keys]
    if kind is not tuple:
        raise _Unfit(f"{where(node)}: expected {describe(want)}, got a list")
    if len(members) == 2 and members[1] is Ellipsis:
        members = (members[0],) * len(keys)
    if len(members) != len(keys):
        raise _Unfit(f"{where(node)}: expected a list of {len(members)}, got {len(keys)}")
    return tuple(read(child_of(node, key), member) for key, member in zip(keys, members, strict=True))
