"""A project of a user's own, elsewhere: it finds the configs and components of this one beside its own.

Its `.omnifig.yml` names `module: sae_src.figboot`, and under `components` the modules that register its own parts.
These are imported before the first script runs, not with the project, so that help is quick; and by their ordinary
names, so that objects of their classes can be pickled.
"""

import sys
from pathlib import Path

import omnifig as fig

from omnilearn.config import components_in
from omnilearn.errors import ConfigError


def join_projects(project: fig.GeneralProject, own: Path) -> None:
    """Give a project what the one in the folder `own` has, and note its own components.

    A config of the project goes before one of the same name here. Raises `ConfigError` where `components` is not a list
    of modules.
    """
    if project.root is None or project.root.resolve() == own:
        return
    known = {entry.name for entry in project.iterate_artifacts("config")}
    for path in sorted((own / "config").rglob("*.yaml")):
        name = path.relative_to(own / "config").with_suffix("").as_posix()
        if name not in known:
            project.register_config(name, path)
    modules = project.data.get("components", [])
    modules = [modules] if isinstance(modules, str) else modules
    if not isinstance(modules, list) or not all(isinstance(module, str) for module in modules):
        raise ConfigError(f"{project.info_path}: components must be the name of a module, or a list, got {modules!r}")
    if modules and str(project.root) not in sys.path:
        sys.path.append(str(project.root))  # at the end: nothing there hides a library
    for module in modules:
        components_in(module)
