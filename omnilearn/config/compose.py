"""Config files to one tree: which files and in which order is omnifig's; how two trees merge is written here.

Tables merge key by key, a table of numbered keys changes single items of a list, anything else replaces: lists replace
whole. `_x_` removes a key. Dashes and underscores in keys are the same, dots open tables.
"""

import copy
import inspect
from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from omnibelt import unspecified_argument
from omnifig.config import ConfigManager

from omnilearn.config.build import Node, TypedCreator, address_of, suggestion
from omnilearn.config.yaml_text import load_yaml
from omnilearn.errors import ConfigError

_REMOVED = "_x_"


class Recorder(Node.Reporter):
    """Prints nothing; remembers which keys were given on the command line and which parameters were asked for."""

    def __init__(self, given: Sequence[str] = ()) -> None:
        super().__init__()
        self.given = tuple(given)
        self.declared: dict[tuple[str, str], Any] = {}
        self.sections: set[tuple[str, str]] = set()

    def declare(self, node: Node, known: Mapping[str, inspect.Parameter], *, inherit: bool = True) -> None:
        """Note that something built at `node` takes these parameters; a section that does not `inherit` only there."""
        address = address_of(node)
        if not inherit:
            self.sections.update((address, name) for name in known)
        self.declared.update({(address, name): parameter.annotation for name, parameter in known.items()})

    @staticmethod
    def log(*msg: str, end: str = "\n", sep: str = " ", silent: bool | None = None) -> str:
        """Print nothing."""
        return sep.join(map(str, msg)) + end


class Manager(ConfigManager):
    """omnifig's config manager with plain merging, strict YAML and components built by `TypedCreator`."""

    def create_config(self, configs=None, data=None, *, project=unspecified_argument) -> Node:
        """Merge named configs (the first is the strongest) and then `data` over them into one config."""
        names = [configs] if isinstance(configs, str) else list(configs or ())
        given = nested(data or {})
        tree: Any = {}
        for name in reversed(self._order(names)):
            tree = merged(tree, self.load_raw_config(self.find_config_path(name)))
        tree = without_removed(merged(tree, given))
        tree.pop("_base", None)
        config = super().create_config(None, tree, project=project)
        config.reporter = Recorder(given_keys(given))
        config.settings["creator"] = "typed"
        return config

    def load_raw_config(self, path) -> dict[str, Any]:
        """Read one YAML file, dotted keys opened; its top level must be a table."""
        return read_config(Path(path))

    def find_config_path(self, name, default=unspecified_argument) -> Path:
        """The file of a config: a registered name first, else a path."""
        if isinstance(name, str) and name in self._known():
            return Path(self.find_project_config_entry(name).path)
        if isinstance(name, Path) or str(name).endswith((".yaml", ".yml")):
            if Path(name).is_file():
                return Path(name)
            raise ConfigError(f"no config file {name}")
        if default is not unspecified_argument:
            return default
        raise ConfigError(f"no config named '{name}'{suggestion(str(name), self._known())}")

    def parse_argv(self, argv, script_name=unspecified_argument) -> Node:
        """The config of a command line: `SCRIPT CONFIG ... --key value ...`."""
        meta: dict[str, Any] = {}
        for behavior in self.project.behaviors():
            changed = behavior.parse_argv(meta, argv, script_name=script_name)
            argv = argv if changed is None else changed
        words, keys = split_command_line(argv)
        if script_name in (None, unspecified_argument) and words:
            script_name = words.pop(0)
            if script_name != "_":
                self._check_script(script_name)
                meta["script_name"] = script_name
        config = self.create_config(words, keys)
        for key, value in meta.items():
            config.push(f"_meta.{key}", value, silent=True)
        if script_name == "_" and config.pull("_meta.script_name", None, silent=True) is None:
            raise ConfigError("which script? no config names one: fig -h lists scripts and configs")
        return config

    def _order(self, names: list) -> list[str]:
        """The configs and everything they build on, the strongest first (omnifig's C3 order)."""
        for index, name in enumerate(names):
            if name in names[:index]:
                raise ConfigError(f"the config '{name}' is named twice")
        try:
            return list(super().create_config(names).cro)
        except TypeError as error:
            if "resolution" not in str(error) and "duplicate" not in str(error):
                raise
            listed = " ".join(map(str, names))
            raise ConfigError(
                f"the configs cannot be put in this order: {listed}. "
                "A config must stand before the ones it builds on; leave out those that another one brings along"
            ) from None
        except self.ConfigCycleError as error:
            raise ConfigError(f"configs build on each other in a circle: {error}") from None

    def _known(self) -> list[str]:
        return [entry.name for entry in self.project.iterate_artifacts("config")]

    def _check_script(self, name: str) -> None:
        scripts = [entry.name for entry in self.project.iterate_artifacts("script")]
        if name not in scripts:
            close = get_close_matches(name, scripts, n=1)
            hint = f" (did you mean {close[0]}?)" if close else f"; there are {', '.join(sorted(scripts))}"
            raise ConfigError(f"no script named '{name}'{hint}")


def read_config(path: Path) -> dict[str, Any]:
    """The tables of a config file, with dotted keys opened and underscores in keys.

    Raises `ConfigError` naming the file where it cannot be read, is not valid YAML or is not a table.
    """
    try:
        data = load_yaml(path.read_text(encoding="utf-8"), str(path))
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path}: cannot be read as a config: {error}") from error
    if data is not None and not isinstance(data, dict):
        raise ConfigError(f"{path}: the top level must be a table of keys, not a {type(data).__name__}")
    return nested(data or {})


def split_command_line(argv: Sequence[str]) -> tuple[list[str], dict[str, Any]]:
    """The leading words of a command line, and the keys after them with their values parsed as YAML."""
    words, keys, waiting = [], {}, None
    for term in argv:
        if term.startswith("--"):
            if waiting is not None:
                keys[waiting] = True
            waiting, equals, value = term[2:].partition("=")
            if not waiting or waiting[0] in "-.":
                raise ConfigError(f"{term}: a key is missing after --")
            if waiting == "_base":
                raise ConfigError("--_base: name configs before the keys, after the script")
            if equals:
                keys[waiting], waiting = parse_value(value, waiting), None
        elif waiting is not None:
            keys[waiting], waiting = parse_value(term, waiting), None
        elif keys:
            raise ConfigError(f"'{term}' stands after the keys: configs come first, and a key takes one value")
        elif term.startswith("-"):
            raise ConfigError(f"unknown flag {term} (keys are written --key value)")
        else:
            words.append(term)
    if waiting is not None:
        keys[waiting] = True
    return words, keys


def parse_value(text: str, key: str) -> Any:
    """A value given on the command line: YAML where it is YAML, else text."""
    try:
        return load_yaml(text, f"--{key}")
    except ConfigError:
        if text.startswith(("[", "{", "!")):
            raise
        return text


def nested(data: Any) -> Any:
    """`data` with dotted keys opened into tables and dashes in keys turned into underscores."""
    if isinstance(data, Mapping):
        tree: dict[str, Any] = {}
        for key, value in data.items():
            branch = nested(value)
            for part in reversed(str(key).replace("-", "_").split(".")):
                branch = {part: branch}
            tree = merged(tree, branch)
        return tree
    if isinstance(data, list | tuple):
        return [nested(item) for item in data]
    return data


def merged(low: Any, high: Any) -> Any:
    """`high` over `low`, neither of them changed."""
    if isinstance(low, dict) and isinstance(high, dict):
        kept = {key: merged(value, high[key]) if key in high else copy.deepcopy(value) for key, value in low.items()}
        return kept | {key: copy.deepcopy(value) for key, value in high.items() if key not in low}
    if isinstance(low, list) and isinstance(high, dict) and high and all(key.isdigit() for key in high):
        items = copy.deepcopy(low)
        for key, value in sorted(high.items(), key=lambda pair: int(pair[0])):
            index = int(key)
            if index > len(items):
                raise ConfigError(f"there is no item {index} in a list of {len(low)}")
            items[index : index + 1] = [merged(items[index], value) if index < len(items) else copy.deepcopy(value)]
        return items
    return copy.deepcopy(high)


def without_removed(tree: Any) -> Any:
    """`tree` without the keys and items whose value is `_x_`."""
    if isinstance(tree, str) and tree == "__x__":
        raise ConfigError("__x__ is no value: _x_ removes a key")
    if isinstance(tree, dict):
        return {key: without_removed(value) for key, value in tree.items() if value != _REMOVED}
    if isinstance(tree, list):
        return [without_removed(item) for item in tree if item != _REMOVED]
    return tree


def given_keys(tree: Mapping[str, Any]) -> list[str]:
    """The dotted keys of all values in a tree, without those for omnifig itself."""
    return [key for key in _leaves(nested(tree)) if not key.startswith("_")]


def _leaves(tree: Any, prefix: str = "") -> list[str]:
    if isinstance(tree, dict) and tree:
        return [leaf for key, value in tree.items() for leaf in _leaves(value, f"{prefix}{key}.")]
    return [prefix.rstrip(".")] if prefix else []


def install(project) -> None:
    """Make an omnifig project build its configs this way, and give it every registered component."""
    from omnilearn.config.registry import register_with

    if not isinstance(project.config_manager, Manager):
        manager = Manager(project)
        manager.registry = project.config_manager.registry
        project.config_manager = manager
        project.register_artifact("creator", "typed", TypedCreator, description=None)
    register_with(project)
