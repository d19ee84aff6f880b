"""YAML as the configs use it: safe, `1e-3` is a number, `None` is null, no dates or octals, no key twice."""

import re
from collections.abc import Hashable
from typing import Any

import yaml

from omnilearn.errors import ConfigError, first_line

_MOST_VALUES, _DEEPEST = 100_000, 100
_NULLS = ("", "~", "null", "Null", "NULL", "None", "none", "nil")


class _NoKeyTwice(yaml.constructor.SafeConstructor):
    """Refuses a table that has a key twice."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        seen = set()
        for key_node, _ in node.value:
            key = self.construct_object(key_node, deep=True)
            if isinstance(key, Hashable) and key in seen:
                raise yaml.constructor.ConstructorError(
                    None, None, f"the key {key!r} stands twice", key_node.start_mark
                )
            seen.add(key if isinstance(key, Hashable) else None)
        return super().construct_mapping(node, deep)


class _Loader(_NoKeyTwice, yaml.SafeLoader):
    """A safe loader with a smaller set of scalar types than YAML 1.1; what is not one of them is text."""

    yaml_implicit_resolvers = {}  # noqa: RUF012 - replaces the resolvers of the base class, filled below


_Loader.add_implicit_resolver("tag:yaml.org,2002:null", re.compile(rf"^(?:{'|'.join(_NULLS)})$"), None)
_Loader.add_implicit_resolver(
    "tag:yaml.org,2002:bool", re.compile(r"^(?:yes|no|on|off|true|false)$", re.IGNORECASE), list("yYnNtTfFoO")
)
_Loader.add_implicit_resolver("tag:yaml.org,2002:int", re.compile(r"^(?:-?(?:0|[1-9][0-9]*))$"), list("-0123456789"))
_Loader.add_implicit_resolver(
    "tag:yaml.org,2002:float",
    re.compile(
        r"^(?:[-+]?(?:[0-9]+\.[0-9]*|\.[0-9]+|[0-9]+(?=[eE]))(?:[eE][-+]?[0-9]+)?|[-+]?\.(?:inf|nan))$", re.IGNORECASE
    ),
    list("-+.0123456789"),
)
_Loader.add_implicit_resolver("tag:yaml.org,2002:merge", re.compile(r"^(?:<<)$"), ["<"])


def _float(loader: _Loader, node: yaml.ScalarNode) -> float:
    text = loader.construct_scalar(node).lower()
    return float(text.replace(".inf", "inf").replace(".nan", "nan"))


_Loader.add_constructor("tag:yaml.org,2002:float", _float)


def _fast_loader() -> type[Any]:
    """The same loader on libyaml, ten times as fast, where PyYAML comes with it."""
    if not yaml.__with_libyaml__:
        return _Loader
    rules = {"yaml_implicit_resolvers": _Loader.yaml_implicit_resolvers, "yaml_constructors": _Loader.yaml_constructors}
    return type("_FastLoader", (_NoKeyTwice, yaml.CSafeLoader), rules)


_FAST_LOADER = _fast_loader()
# What libyaml reads in another way, or leniently; dumped text has none of it.
_DIFFERENT = re.compile(r"[\t\r|%!\x85\u2028\u2029\ufeff]|(?m:^|[ :?-])>")
_UNWRITABLE = re.compile(r"[\x00\ud800-\udfff]")


class _Dumper(yaml.SafeDumper):
    """Writes every table in full, and quotes the text that `_Loader` would read as something else."""

    yaml_implicit_resolvers = _Loader.yaml_implicit_resolvers

    def ignore_aliases(self, data: Any) -> bool:
        return True


def _as_text(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    """Text in double quotes where it has breaks of lines that are read as spaces without."""
    style = '"' if any(sign in text for sign in "\x85\u2028\u2029") else None
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)


_Dumper.add_representer(str, _as_text)


def load_yaml(text: str, source: str) -> Any:
    """Parse YAML text into plain data.

    Raises `ConfigError` naming `source`, the line and the column where the text is not valid YAML, repeats a key or
    asks for anything but plain data (such as `!!python/object`).
    """
    try:
        data = _parsed(text)
        _check_extent(data)
        return data
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        place = f" (line {mark.line + 1}, column {mark.column + 1})" if mark else ""
        problem = getattr(error, "problem", None) or str(error).split("\n")[0]
        raise ConfigError(f"{source}: not valid YAML: {problem}{place}") from error
    except RecursionError as error:
        raise ConfigError(f"{source}: not valid YAML: nested too deeply") from error
    except (ValueError, TypeError, LookupError, AttributeError) as error:  # of constructors, such as `!!int x`
        raise ConfigError(f"{source}: not valid YAML: {first_line(error)}") from error


def _parsed(text: str) -> Any:
    if _DIFFERENT.search(text):
        return yaml.load(text, _Loader)
    try:
        return yaml.load(text, _FAST_LOADER)
    except (yaml.YAMLError, ValueError, LookupError):
        return yaml.load(text, _Loader)  # whose messages say more


def _check_extent(data: Any) -> None:
    """Raise `ValueError` for data that aliases blow up to more than any config, or that contain themselves."""
    stack, count = [(data, 0)], 0
    while stack:
        value, depth = stack.pop()
        count += 1
        if count > _MOST_VALUES or depth > _DEEPEST:
            raise ValueError("it expands to too many values or levels")
        if isinstance(value, str) and not is_plain_text(value):
            raise ValueError("it has a text with a zero or half a character, which no file name takes")
        if isinstance(value, dict):
            stack.extend((key, depth + 1) for key in value)
            stack.extend((item, depth + 1) for item in value.values())
        elif isinstance(value, list):
            stack.extend((item, depth + 1) for item in value)


def is_plain_text(text: str) -> bool:
    """Whether a text can be written as UTF-8 and be part of a file name: no zero, no lone surrogate."""
    return _UNWRITABLE.search(text) is None


def dump_yaml(data: Any) -> str:
    """Write plain data (tables, lists, text, numbers, booleans, null) as YAML that `load_yaml` reads back unchanged."""
    return yaml.dump(data, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=120)
