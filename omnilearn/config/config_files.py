"""The files that a config is made of: what each one says itself, what it builds on, and which role it fills."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePath
from typing import Any

from omnilearn.config.project import is_in_run
from omnilearn.config.stored import PLACES, plain_data, without
from omnilearn.config.tree import read_config
from omnilearn.errors import ConfigError, did_you_mean

ROLES = ("method", "data", "encoder", "decoder", "size")
_ROLES_OF_FOLDERS = {"m": "method", "d": "data", "a/e": "encoder", "a/d": "decoder", "a/size": "size"}
RESERVED = BASES, _ROLE = "_base", "_role"
# What a run is called after: it changes nothing in the run.
_LABELS = ("info", "labels")

KeyPath = tuple[str, ...]


@dataclass(frozen=True)
class ConfigFile:
    """One file.

    Attributes:
        name: what it is called on the command line.
        values: what it says itself, without what it builds on.
        bases: the names of what it builds on, the strongest first.
        roles: what it is in an experiment, of `ROLES`.
    """

    name: str
    values: Mapping[str, Any]
    bases: tuple[str, ...] = ()
    roles: tuple[str, ...] = ()

    def settings(self) -> list[tuple[KeyPath, Any]]:
        """The values that it sets, each with the keys that lead to it; labels only of a file that is nothing else."""
        found = list(self.all_settings())
        decisive = [(keys, value) for keys, value in found if keys[0] not in _LABELS]
        return decisive if decisive or self.bases else found

    def all_settings(self) -> Iterator[tuple[KeyPath, Any]]:
        """The values that it sets, labels included."""
        return ((keys, value) for keys, value in _leaves(self.values) if not keys[0].startswith("_"))


def read_config_file(name: str, path: Path, tables: dict[Path, dict[str, Any]] | None = None) -> ConfigFile:
    """Read a config file; its role is what `_role` says, else that of its folder below config/.

    What lies in the folder of a run may come from anybody: it names no other files and asks for no download.

    Args:
        name: what it is called on the command line.
        path: where it is.
        tables: what files say that have been read before; this one is read from there, or put there.

    Raises `ConfigError` naming the file where it cannot be read, or where `_base` or `_role` are not names.
    """
    tables = {} if tables is None else tables
    if path not in tables:
        said = read_config(path)
        # The data of a run are looked for where the user's own are.
        tables[path] = without(plain_data(said), PLACES) if is_in_run(path) else said
    values = dict(tables[path])
    bases = _names(values.pop(BASES, []), path, BASES)
    roles = _names(values.pop(_ROLE, _role_of_folder(name)), path, _ROLE)
    for role in roles:
        if role not in ROLES:
            hint = did_you_mean(role, ROLES) or f"; there are {', '.join(ROLES)}"
            raise ConfigError(f"{path}: {_ROLE}: there is no role '{role}'{hint}")
    return ConfigFile(name, values, bases, roles)


def ancestors(name: str, files: Mapping[str, ConfigFile]) -> set[str]:
    """The names of all files that a file builds on."""
    found: set[str] = set()
    waiting = list(files[name].bases)
    while waiting:
        base = waiting.pop()
        if base not in found:
            found.add(base)
            waiting.extend(files[base].bases)
    return found


def meant_by(name: str, files: Mapping[str, ConfigFile]) -> list[ConfigFile]:
    """The file of that name, or what it builds on where it says nothing itself."""
    file = files[name]
    return [file] if file.settings() else [meant for base in file.bases for meant in meant_by(base, files)]


def chosen_keys(files: Mapping[str, ConfigFile]) -> Iterator[str]:
    """The dotted keys that files set, apart from files in common, the names of which begin with an underscore."""
    for name, file in files.items():
        if not PurePath(name).name.startswith("_"):
            yield from (".".join(keys) for keys, _ in file.all_settings())


def word_of(name: str, words: Sequence[str], files: Mapping[str, ConfigFile]) -> str:
    """The word of the command line that brings a file along; the file's own name where it stands there."""
    return name if name in words else next(word for word in words if name in ancestors(word, files))


def _names(value: Any, path: Path, key: str) -> tuple[str, ...]:
    names = [value] if isinstance(value, str) else value
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise ConfigError(f"{path}: {key} must be a name or a list of names, got {value!r}")
    return tuple(names)


def _role_of_folder(name: str) -> list[str]:
    return [role for folder, role in _ROLES_OF_FOLDERS.items() if name.startswith(f"{folder}/")]


def _leaves(tree: Mapping[str, Any], above: KeyPath = ()) -> Iterator[tuple[KeyPath, Any]]:
    for key, value in tree.items():
        if isinstance(value, Mapping):
            yield from _leaves(value, (*above, key))
        else:
            yield (*above, key), value
