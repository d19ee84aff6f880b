"""Writes docs/configs.md, all configs and keys: `python docs/write_configs.py`; `--check` says if it is current."""

import dataclasses
import inspect
import re
import sys
import types
import typing
from collections.abc import Callable, Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

import omnifig  # noqa: E402
import yaml  # noqa: E402

from omnilearn.config.help import summary  # noqa: E402
from omnilearn.config.registry import load_components  # noqa: E402
from omnilearn.config.signatures import parameters  # noqa: E402

PAGE = ROOT / "docs" / "configs.md"
HEAD = """\
# Configs and keys

Written by `python docs/write_configs.py` from the files under `config/` and from the constructors of what they name. A
key `--a.b V` on the command line is the key `b` in the table `a` of a config; dashes and underscores are the same.
`required`: without a default, mostly given by the shipped configs. What comes from elsewhere is not listed: `din` and
`dout`, the sizes that layers are built between, and the parameters that an optimiser trains.
"""
COMPONENTS: dict[str, typing.Any] = {}  # by the name of the class
GIVEN = {"din", "dout", "params"}
# Titles of the rooms in which components are registered, in the order of this page.
ROOMS = {
    "sae_src.methods": "Methods",
    "sae_src.further_methods": "Further methods",
    "sae_src.hybrid": "Hybrids",
    "sae_src.priors": "Priors",
    "sae_src.decoders": "Encoders and decoders",
    "sae_src.ladder": "Encoders and decoders",
    "sae_src.baseline": "Encoders and decoders",
    "omnilearn.layers": "Layers",
    "sae_src.structure_modules": "Structural layers",
    "omnilearn.optim": "Optimisers and schedules",
    "omnilearn.data": "Data sets",
    "sae_src.datasets": "Data sets",
    "sae_src.scm": "Data sets",
    "omnilearn.tensorboard": "Trackers",
    "sae_src.pictures": "Pictures, sample quality, names",
    "sae_src.sample_quality": "Pictures, sample quality, names",
    "sae_src.commands": "Pictures, sample quality, names",
}
OTHERS = "Others"  # of modules that have no room yet


def main() -> None:
    """Write the page, or check it."""
    text = page()
    if sys.argv[1:] == ["--check"]:
        sys.exit(0 if PAGE.is_file() and PAGE.read_text(encoding="utf-8") == text else f"{PAGE} is out of date")
    PAGE.write_text(text, encoding="utf-8")


def page() -> str:
    """The whole page."""
    project = omnifig.switch_project(ROOT)
    omnifig.initialize()
    load_components()
    COMPONENTS.update((entry.cls.__name__, entry.cls) for entry in project.iterate_artifacts("component"))
    parts = [HEAD, "## Configs\n", *_configs(project), "## Keys of a training\n", *_settings()]
    rooms: dict[str, list[str]] = {title: [] for title in ROOMS.values()}
    for kind in ("component", "modifier"):
        for entry in sorted(project.iterate_artifacts(kind), key=lambda entry: entry.name):  # not as they are imported
            if not entry.cls.__module__.startswith(("omnilearn.", "sae_src.")):  # of a user's own
                continue
            rooms.setdefault(_room(entry.cls), []).append(_component(entry.name, entry.cls, kind))
    for title, entries in sorted(rooms.items(), key=lambda room: room[0] == OTHERS):
        parts += [f"## {title}\n", *entries]
    return "\n".join(parts)


def _configs(project: typing.Any) -> Iterator[str]:
    """A table for each folder: what its configs are for and which keys they set."""
    folders: dict[str, list[str]] = {}
    for entry in sorted(project.iterate_artifacts("config"), key=lambda entry: entry.name):
        folder, _, name = entry.name.rpartition("/")
        if name.startswith("_"):
            continue
        path = Path(entry.path)
        values = yaml.safe_load(path.read_text(encoding="utf-8")) or {}
        bases = values.get("_base", [])
        builds_on = ", ".join(f"`{base}`" for base in ([bases] if isinstance(bases, str) else bases))
        keys = ", ".join(f"`{key}`" for key in values if not key.startswith("_"))
        folders.setdefault(folder, []).append(f"| `{entry.name}` | {_cell(summary(path))} | {builds_on} | {keys} |")
    for folder, rows in sorted(folders.items()):
        yield f"### {'config/' + folder}\n\n| config | what it is | builds on | sets |\n|---|---|---|---|"
        yield "\n".join(rows) + "\n"


def _settings() -> Iterator[str]:
    """The keys of `fig train` beside those of the model and the data, with those of its tables."""
    from omnilearn.data.loading import Loading
    from omnilearn.training.settings import TrainSettings

    yield _table(TrainSettings)
    for field in dataclasses.fields(TrainSettings):
        for kind in _members(typing.get_type_hints(TrainSettings)[field.name]):
            if dataclasses.is_dataclass(kind):
                yield f"### `{field.name}`\n\n{_first_line(kind)}\n\n{_table(kind)}"
    yield f"### `dataset`: batches and parts\n\n{_first_line(Loading)}\n\n{_table(Loading)}"


def _component(name: str, item: Callable[..., typing.Any], kind: str) -> str:
    word = "_mod" if kind == "modifier" else "_type"
    return f"### `{word}: {name}`\n\n{_first_line(item)}\n\n{_table(item)}"


def _table(item: Callable[..., typing.Any]) -> str:
    meanings = meanings_of(item)
    rows = []
    for name, parameter in parameters(item).items():
        if name not in GIVEN:
            default = "required" if parameter.default is parameter.empty else f"`{_default(parameter.default)}`"
            kind, meaning = _cell(_type(parameter.annotation)), _cell(meanings.get(name, ""))
            rows.append(f"| `{name}` | {kind} | {default} | {meaning} |")
    return "\n".join(["| key | type | default | meaning |", "|---|---|---|---|", *rows, ""]) if rows else ""


def meanings_of(item: Callable[..., typing.Any]) -> dict[str, str]:
    """What the docstrings of a function, or of a class and those it builds on, say of each parameter."""
    found: dict[str, str] = {}
    elsewhere: dict[str, str] = {}  # what is said to be as in another class
    owners = item.__mro__ if inspect.isclass(item) else (item,)
    for owner in owners:
        for place in (owner, vars(owner).get("__init__") if inspect.isclass(owner) else None):
            text = inspect.cleandoc(getattr(place, "__doc__", None) or "")
            for section in re.findall(r"^(?:Args|Attributes):\n((?:[ ]{4}.*\n?|\n)+)", text, re.MULTILINE):
                for names, meaning in re.findall(r"^ {4}(\w[\w, ]*): (.*(?:\n {8,}.*)*)", section, re.MULTILINE):
                    plain = " ".join(meaning.split())
                    for name in names.split(", "):
                        (elsewhere if plain.startswith("as in `") else found).setdefault(name, plain)
    for name, meaning in elsewhere.items():
        other = COMPONENTS.get(re.sub(r"^as in `(\w+)`.*", r"\1", meaning))
        found.setdefault(name, (meanings_of(other) if other else {}).get(name, meaning))
    return found


def _members(annotation: typing.Any) -> tuple[typing.Any, ...]:
    is_union = typing.get_origin(annotation) in (typing.Union, types.UnionType)
    return typing.get_args(annotation) if is_union else (annotation,)


def _type(annotation: typing.Any) -> str:
    """A type as a person would write it."""
    members = [member for member in _members(annotation) if member is not type(None)]
    names = []
    for member in members:
        origin, inner = typing.get_origin(member), typing.get_args(member)
        if origin is typing.Literal:
            names.append(" or ".join(map(str, inner)))
        elif inspect.isclass(origin) and origin.__name__ in ("Callable", "Mapping", "dict"):
            names.append("component" if origin.__name__ == "Callable" else "table")
        elif origin in (tuple, list) or getattr(origin, "__name__", "") == "Sequence":
            names.append("list")
        else:
            plain = {int: "integer", float: "number", bool: "yes or no", str: "text", Path: "path", dict: "table"}
            default = f"table ({member.__name__})" if dataclasses.is_dataclass(member) else "component"
            names.append(plain.get(member, default))
    nullable = len(members) < len(_members(annotation))
    return " or ".join(dict.fromkeys(names)) + (" or null" if nullable else "")


def _default(value: typing.Any) -> str:
    if value is None or isinstance(value, bool):
        return {None: "null", True: "yes", False: "no"}[value]
    if isinstance(value, (int, float, str)):
        return str(value)
    if isinstance(value, (tuple, list)):
        return f"[{', '.join(map(str, value))}]"
    return "see below" if "factory" in repr(type(value)).lower() or dataclasses.is_dataclass(value) else "its own"


def _room(item: Callable[..., typing.Any]) -> str:
    titles = (title for prefix, title in ROOMS.items() if f"{item.__module__}.".startswith(f"{prefix}."))
    return next(titles, OTHERS)


def _first_line(item: Callable[..., typing.Any]) -> str:
    return " ".join(inspect.cleandoc(item.__doc__ or "").split("\n\n")[0].split())


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


if __name__ == "__main__":
    main()
