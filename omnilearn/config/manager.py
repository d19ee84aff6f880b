"""Config files and a command line to one tree: which files and in which order is omnifig's, how they merge ours."""

import copy
import os
import shlex
import sys
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from omnibelt import unspecified_argument
from omnifig.config import ConfigManager

from omnilearn.config.command_line import spelled_command_line, split_command_line
from omnilearn.config.config_files import RESERVED, ConfigFile, chosen_keys, read_config_file
from omnilearn.config.creator import TypedCreator
from omnilearn.config.effects import check_effects, holding, merged_files
from omnilearn.config.nodes import Node, Project
from omnilearn.config.placeholders import filled
from omnilearn.config.recorder import Recorder, recorder_of
from omnilearn.config.registry import register_with
from omnilearn.config.roles import check_roles
from omnilearn.config.tree import given_keys, merged, nested, without_removed
from omnilearn.errors import ConfigError, did_you_mean

_KEYS_OF_RUNS = ("--load", "--runs", "--resume")


class Manager(ConfigManager):
    """omnifig's config manager with plain merging, strict YAML and components built by `TypedCreator`.

    Attributes:
        keys: the tables of the values that the bases of a config may depend on.
        notes: what there is to say about these.
        tables: what the files of a config say, each read once.
    """

    keys: dict[str, Any]
    notes: dict[str, None]
    tables: dict[Path, dict[str, Any]]

    def __init__(self, project: Project) -> None:
        super().__init__(project)
        self.keys, self.notes, self.tables = {}, {}, {}

    def create_config(
        self,
        configs: str | Sequence[str | Path] | None = None,
        data: Mapping[str, Any] | None = None,
        *,
        project: Any = unspecified_argument,
    ) -> Node:
        """Merge named configs (the first is the strongest) and then `data` over them into one config."""
        given = nested(data or {})
        asked = copy.copy(self)  # which files there are may depend on the keys, and one manager serves many configs
        asked.keys, asked.notes, asked.tables = given, {}, {}
        return asked._create_config(configs, given, project)

    def _create_config(self, configs: str | Sequence[str | Path] | None, given: dict[str, Any], project: Any) -> Node:
        names = [self._name_of(name) for name in ([configs] if isinstance(configs, str | Path) else configs or ())]
        for name in names:  # the strongest first, each below what is there
            self.keys = merged(self._read(name, self.find_config_path(name)).values, self.keys)
        for key in RESERVED:
            if key in given:
                raise ConfigError(f"{key} is not a key: it stands in config files; name configs instead")
        files = self.files_of(names)
        check_roles(names, files)
        check_effects(names, files, self.files_of)
        said = merged_files(files)
        config = super().create_config(None, without_removed(merged(said, given)), project=project)
        named = {name: holding(name, files, said) for name in names}
        keys = given_keys(given)
        config.reporter = Recorder(keys, named, [*chosen_keys(files), *keys])
        config.settings["creator"] = "typed"
        for note in self.notes:
            print(f"note: {note}", file=sys.stderr)
        return config

    def files_of(self, names: Sequence[str]) -> dict[str, ConfigFile]:
        """The configs of these names and everything that they build on, the strongest first."""
        return {name: self._file(name) for name in self._order(names)}

    def load_raw_config(self, path: str | Path) -> dict[str, Any]:
        """What one YAML file builds on, for omnifig to put the files in order."""
        return {"_base": list(self._bases_of(self._read(str(path), Path(path))))}

    def find_config_path(self, name: str | Path, default: Any = unspecified_argument) -> Path:
        """The file of a config: a registered name first, else a path."""
        if isinstance(name, str) and name in self._known():
            return Path(self.find_project_config_entry(name).path)
        if isinstance(name, Path) or str(name).endswith((".yaml", ".yml")):
            if Path(name).is_file():
                return Path(name)
            stem = str(name).rpartition(".")[0]
            hint = f": the config is called {stem}" if stem in self._known() else did_you_mean(stem, self._known())
            raise ConfigError(f"no config file {name}{hint}")
        if default is not unspecified_argument:
            return default
        raise ConfigError(f"no config named '{name}'{did_you_mean(str(name), self._known())}")

    def parse_argv(self, argv: Sequence[str], script_name: Any = unspecified_argument) -> Node:
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
        self._check_words(words, script_name)
        config = self.create_config(words, keys)
        recorder_of(config).note_spelled(spelled_command_line(argv)[1])
        for key, value in meta.items():
            config.push(f"_meta.{key}", value, silent=True)
        if script_name == "_" and config.pull("_meta.script_name", None, silent=True) is None:
            raise ConfigError("which script? no config names one: fig -h lists scripts and configs")
        return config

    def _file(self, name: str) -> ConfigFile:
        file = self._read(name, self.find_config_path(name))
        return replace(file, bases=self._bases_of(file))

    def _read(self, name: str, path: Path) -> ConfigFile:
        return read_config_file(name, path, self.tables)

    def _bases_of(self, file: ConfigFile) -> tuple[str, ...]:
        """The names of what a file builds on, as the keys have it."""
        keys, known = merged(dict(file.values), self.keys), self._known()
        return tuple(
            self._name_of(filled(base, keys, known, lambda note: self.notes.update({note: None})))
            for base in file.bases
        )

    def _name_of(self, name: str | Path) -> str:
        """The registered name of a config that is given as a path; any other name as it is."""
        if str(name) in self._known():
            return str(name)
        path = self.find_config_path(name).resolve()
        entries = self.project.iterate_artifacts("config")
        return next((entry.name for entry in entries if Path(entry.path).resolve() == path), os.path.normpath(name))

    def _order(self, names: Sequence[str]) -> list[str]:
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

    def _check_words(self, words: Sequence[str], script: Any) -> None:
        """Refuse what is no config; it may be meant for a run, which scripts name by a key."""
        for word in words:
            try:
                self.find_config_path(word)
            except ConfigError as error:
                key = next((key for key in _KEYS_OF_RUNS if f"{key} " in self._help_of(script)), None)
                is_helpful = key is None or "did you mean" in str(error) or word.endswith((".yaml", ".yml"))
                hint = "" if is_helpful else f"; a run goes after a key: {key} {shlex.quote(word)}"
                raise ConfigError(f"{error}{hint}") from None

    def _help_of(self, script: str) -> str:
        entries: list[Any] = [entry for entry in self.project.iterate_artifacts("script") if entry.name == script]
        return next((entry.fn.__doc__ or "" for entry in entries), "")

    def _check_script(self, name: str) -> None:
        scripts = [entry.name for entry in self.project.iterate_artifacts("script")]
        if name not in scripts and (name in self._known() or name.endswith((".yaml", ".yml"))):
            raise ConfigError(f"no script named '{name}': a script comes before the configs, such as fig train {name}")
        if name not in scripts:
            hint = did_you_mean(name, scripts) or f"; there are {', '.join(sorted(scripts))}"
            raise ConfigError(f"no script named '{name}'{hint}")


def install(project: Project) -> None:
    """Make an omnifig project build its configs this way, and give it every registered component."""
    if not isinstance(project.config_manager, Manager):
        manager = Manager(project)
        manager.registry = project.config_manager.registry
        project.config_manager = manager
        project.register_artifact("creator", "typed", TypedCreator, description=None)
    register_with(project)
