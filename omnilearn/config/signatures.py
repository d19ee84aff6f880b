"""Which keys a function or class takes: its named parameters."""

import inspect
from collections.abc import Callable, Mapping
from functools import cache
from types import MappingProxyType
from typing import Any


@cache
def parameters(function: Callable[..., Any]) -> Mapping[str, inspect.Parameter]:
    """The named parameters of a function or class.

    `**kwargs` in the `__init__` of a mixin stands for the parameters of the next class in the method resolution order.
    """
    if not inspect.isclass(function):
        all_of_them = inspect.signature(function, eval_str=True).parameters.values()
        return MappingProxyType({p.name: p for p in all_of_them if _is_named(p)})
    found: dict[str, inspect.Parameter] = {}
    for owner in function.__mro__:
        if "__init__" not in vars(owner) or owner is object:
            continue
        own = list(inspect.signature(vars(owner)["__init__"], eval_str=True).parameters.values())[1:]
        for parameter in own:
            if _is_named(parameter):
                found.setdefault(parameter.name, parameter)
        if not any(p.kind is p.VAR_KEYWORD for p in own):
            break
    return MappingProxyType(found)


def _is_named(parameter: inspect.Parameter) -> bool:
    return parameter.kind not in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD, parameter.POSITIONAL_ONLY)
