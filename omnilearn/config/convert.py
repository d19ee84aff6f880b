"""Scalars of a config as the type that a parameter is annotated with."""

import dataclasses
import inspect
import types
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal, Union, get_args, get_origin

_TOO_LARGE = 2**63  # for torch and numpy


def convert(value: Any, want: Any) -> Any:
    """Return a scalar (text, number, boolean or None) as the type `want`; `ValueError` says what was expected.

    Text that spells a number counts as that number, a whole float counts as an int, a whole number counts as text.
    Booleans are never numbers.
    """
    if want in (Any, object):
        return value
    if get_origin(want) is Literal:
        return _one_of(value, get_args(want))
    if want in (None, type(None)):
        if value is None:
            return None
    elif want is bool:
        if isinstance(value, bool):
            return value
    elif want in (int, float):
        number = _number(value, want)
        if number is not None:
            if want is int and abs(number) >= _TOO_LARGE:
                raise ValueError(f"expected a number below 2^63, got {value}")
            return number
    elif want is str:
        if isinstance(value, str):
            return value
        if isinstance(value, int) and not isinstance(value, bool):
            return str(value)
        if isinstance(value, float):
            raise ValueError(f"expected text, got the number {value}: put it in quotes twice, '\"{value}\"'")
    elif want is Path and isinstance(value, str):
        return Path(value)
    raise ValueError(f"expected {describe(want)}, got {value!r}")


def describe(want: Any) -> str:
    """The type `want` in words that fit an error message."""
    if want in (None, type(None)):
        return "null"
    if want in (Any, object):
        return "anything"
    if want is str:
        return "text"
    if get_origin(want) is Literal:
        return "one of " + ", ".join("null" if option is None else str(option) for option in get_args(want))
    origin, members = get_origin(want), get_args(want)
    if origin is Callable or want is Callable:
        return f"a {describe(members[-1])} component" if members else "a component"
    if origin in (Union, types.UnionType):
        return " or ".join(map(describe, members))
    if origin in (list, tuple, Sequence):
        return "a list of " + ", ".join(describe(m) for m in members if m is not Ellipsis)
    if origin in (dict, Mapping):
        return "a table of " + describe(members[-1])
    if inspect.isclass(want) and dataclasses.is_dataclass(want):
        return "a table"
    return getattr(want, "__name__", str(want))


def _number(value: Any, want: type) -> int | float | None:
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        number = float(value)
    except (ValueError, OverflowError):
        return None
    if want is float:
        return number
    if isinstance(value, int):
        return value
    return int(number) if number.is_integer() else None


def _one_of(value: Any, options: tuple) -> Any:
    for option in options:
        if value == option and isinstance(value, bool) == isinstance(option, bool):
            return option
    raise ValueError(f"expected {describe(Literal[options])}, got {value!r}")
