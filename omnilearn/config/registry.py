"""Names for scripts, components and modifiers, so that a config can say `_type: conv-layer` or `_mod: {normal: 1}`.

The decorators only note the name: what they decorate stays a plain class or function that is used without any config.
`register_with` hands the noted names to an omnifig project, whose own registry then answers `_type` and `_mod`.
"""

from collections.abc import Callable
from functools import wraps
from importlib import import_module
from typing import Any, TypeVar

from omnilearn.config.nodes import Node, Project

T = TypeVar("T")
_Script = TypeVar("_Script", bound=Callable[[Node], Any])
_Component = TypeVar("_Component", bound=Callable[..., Any])
_Mixin = TypeVar("_Mixin", bound=type)

# A function (a class, a partial, a part of a config) that makes a T once the missing sizes are known.
Builder = Callable[..., T]

# The fields that omnifig's registry entries need besides name and item.
_ENTRY_FIELDS: dict[str, dict[str, Any]] = {
    "script": {"description": None, "hidden": False},
    "component": {"creator": None, "description": None},
    "modifier": {"description": None},
}

_noted: list[tuple[str, str, Callable[..., Any]]] = []
_projects: list[Project] = []
_modules: dict[str, None] = {}
_more_help: dict[str, Callable[[], str]] = {}
_without_components: set[str] = set()


def script(
    name: str, *, more_help: Callable[[], str] | None = None, builds: bool = True
) -> Callable[[_Script], _Script]:
    """Register a function of one config under `name`, for `fig name` on the command line.

    Its help is its docstring, and below it what `more_help` returns when the help is asked for. One that `builds`
    nothing from a config does without the components, which take seconds to import.
    """
    if more_help is not None:
        _more_help[name] = more_help
    if not builds:
        _without_components.add(name)
    return _noting("script", name)


def more_help_of(script: str) -> str:
    """What a script's help says below the docstring, which may take seconds to find out; mostly nothing."""
    return _more_help[script]() if script in _more_help else ""


def component(name: str) -> Callable[[_Component], _Component]:
    """Register a class or function under `name`, for `_type: name` in a config."""
    return _noting("component", name)


def modifier(name: str) -> Callable[[_Mixin], _Mixin]:
    """Register a mixin class under `name`, for `_mod: {name: 1}` in a config; the lowest number is outermost."""
    return _noting("modifier", name)


def components_in(module: str) -> None:
    """Say which module registers components when it is imported; that happens before the first script runs."""
    _modules[module] = None


def load_components() -> None:
    """Import the modules that register components, so that configs can name these."""
    for module in _modules:
        import_module(module)


def register_with(project: Project) -> None:
    """Give every name noted so far, and every later one, to the registry of an omnifig project."""
    if not any(known is project for known in _projects):
        _projects.append(project)
        for kind, name, item in _noted:
            _register(project, kind, name, item)


def _noting(kind: str, name: str) -> Callable[[_Component], _Component]:
    def note(item: _Component) -> _Component:
        _noted.append((kind, name, item))
        for project in _projects:
            _register(project, kind, name, item)
        return item

    return note


def _register(project: Project, kind: str, name: str, item: Callable[..., Any]) -> None:
    fields = dict(_ENTRY_FIELDS[kind])
    if kind == "script":
        fields["description"] = (item.__doc__ or "").strip().split("\n")[0]
        item = item if name in _without_components else _with_components(item)
    project.register_artifact(kind, name, item, **fields)


def _with_components(function: Callable[[Node], Any]) -> Callable[[Node], Any]:
    """A script that finds all components registered; they are not imported earlier, so that help is quick."""

    @wraps(function)
    def run(config: Node) -> Any:
        load_components()
        return function(config)

    return run
