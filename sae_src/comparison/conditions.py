"""Conditions on the columns of a list, such as `method=vae seed=0 loss<0.1`."""

import re
import shlex
from collections.abc import Callable, Mapping
from fnmatch import fnmatchcase
from typing import Any

from omnilearn.errors import UserError, did_you_mean

_CONDITION = re.compile(r"(?P<key>[\w-]+)(?P<sign>!=|<=|>=|=|<|>)(?P<value>.*)", re.DOTALL)

Condition = Callable[[Mapping[str, Any]], bool]


def condition(text: str, columns: tuple[str, ...]) -> Condition:
    """Whether a row meets all conditions in a text; values of `=` and `!=` may be patterns such as `SAE-*`.

    Raises `UserError` for what is no condition, or on a column that there is not.
    """
    try:
        parts = [_parsed(part, columns) for part in shlex.split(text)]
    except ValueError as error:
        raise error if isinstance(error, UserError) else UserError(f"where: {error}") from None
    return lambda row: all(_holds(row.get(key), sign, value) for key, sign, value in parts)


def _parsed(part: str, columns: tuple[str, ...]) -> tuple[str, str, str]:
    match = _CONDITION.fullmatch(part)
    if match is None:
        raise UserError(f"where: '{part}' is no condition; they are written column=value, with =, !=, <, >, <= or >=")
    key, sign, value = match["key"].replace("_", "-"), match["sign"], match["value"]
    if key not in columns:
        hint = did_you_mean(key, columns) or f"; there are {', '.join(columns)}"
        raise UserError(f"where: there is no column '{key}'{hint}")
    if sign[0] in "<>" and _number(value) is None:
        raise UserError(f"where: {part}: {sign} compares numbers, and '{value}' is none")
    return key, sign, value


def _holds(found: Any, sign: str, value: str) -> bool:
    if sign in ("=", "!="):
        same = fnmatchcase("" if found is None else str(found), value) or _number(found) == _number(value) is not None
        return same == (sign == "=")
    number, limit = _number(found), float(value)
    if number is None:
        return False
    less, equal = number < limit, number == limit
    return (sign[1:] == "=" and equal) or (less if sign[0] == "<" else not less and not equal)


def _number(value: Any) -> float | None:
    """A value as a number; None for what is none, and for NaN, which is neither less nor more than any."""
    try:
        number = None if value is None or isinstance(value, bool) else float(value)
    except (TypeError, ValueError, OverflowError):
        return None
    return None if number is None or number != number else number
