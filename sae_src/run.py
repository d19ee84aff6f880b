"""Configs and models of the project from Python."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import omnifig as fig

from omnilearn import assembly
from omnilearn.config import Node, find, keys_given, reject_unknown_keys, reject_unused
from omnilearn.config.exit_codes import show_messages_whole
from omnilearn.config.manager import Manager
from omnilearn.config.registry import load_components
from omnilearn.config.tree import given_keys
from omnilearn.errors import UserError
from omnilearn.evaluation.measures import measure_keys
from omnilearn.layers import Size
from omnilearn.runs.folder import find_run, save_root
from omnilearn.runs.run import pick_checkpoint
from omnilearn.runs.stored_config import read_stored_config, with_override
from omnilearn.training.known_keys import expect_training, reject_unknown_to_training
from sae_src import published_runs
from sae_src.methods import Autoencoder, as_autoencoder
from sae_src.parts import require_parts
from sae_src.saved_run import SavedRun

ROOT = Path(__file__).resolve().parents[1]
# Keys of the FID that are of no effect in a run that measures none.
FID_SKIPS = ("skip_rec_fid", "skip_hyb_fid")


@dataclass(frozen=True)
class Selection:
    """Which run a script is about: three keys that mean the same, as in the published system."""

    load: str | None = None
    path: str | None = None
    resume: str | None = None

    def __post_init__(self) -> None:
        if sum(name is not None for name in (self.load, self.path, self.resume)) != 1:
            raise UserError("which run? --load NAME (a run under the save folder) or a path")

    @property
    def name(self) -> str:
        """The name of the run, or its path."""
        return next(name for name in (self.load, self.path, self.resume) if name is not None)


def create_config(*configs: str, **keys: Any) -> Node:
    """The config that the same words make on the command line; `keys` are config values (a dict opens a table).

    Raises `UserError` where the words do not go together, or where the config of a model has a key that nothing takes.
    """
    project = fig.get_current_project()
    if not isinstance(project.config_manager, Manager):  # nobody has chosen one that finds our components
        project = fig.get_project(ROOT)
    project.activate()  # which says where the components are
    load_components()
    show_messages_whole()
    plain = {key: os.fspath(value) if isinstance(value, os.PathLike) else value for key, value in keys.items()}
    config: Node = project.config_manager.create_config(configs, plain)
    if configs and keys and find(config, "model") is not None:
        reject_unknown_to_training(config)
    return config


def has_configs(config: Node) -> bool:
    """Whether a command line named configs beside its keys."""
    given = {key.split(".")[0] for key in keys_given(config)}
    return any(key not in given and not key.startswith("_") for key in config.root.to_python())


def build_model(*configs: str, shape: Size | None = None, **keys: Any) -> Autoencoder:
    """A freshly initialised model, as the first step of a training run finds it.

    Args:
        configs: names of configs, the first is the strongest: `build_model('hybrid', 'a/conv12', 'm/ae', 'd/vec')`.
        shape: size of an observation; without it the dataset of the configs is asked.
        keys: config values, such as `latent_dim=24` or `**{'model.nonlin': 'mish'}`.

    Raises:
        UserError: where the configs are not known or do not fit together.
    """
    config = create_config(*configs, **keys)
    require_parts(config, data=shape is None and find(config, "din") is None)
    dataset_size = None
    if shape is None and find(config, "din") is None:
        data = assembly.build_data(config)
        shape, dataset_size = data.dataset.din, len(data.subset("train"))
    model = as_autoencoder(assembly.build_model(config, shape, dataset_size=dataset_size))
    expect_training(config)
    reject_unused(config)
    return model


def load_run(
    name: str | Path,
    *,
    saveroot: Path | None = None,
    step: int | None = None,
    override: Mapping[str, Any] | None = None,
) -> SavedRun:
    """A trained run, of this system or of the published one.

    Args:
        name: the name of a run under the save folder, or a path.
        saveroot: the save folder (default: OMNILEARN_SAVE_DIR, else ./trained_nets).
        step: which checkpoint (default: the newest).
        override: config values that replace the stored ones.

    Raises:
        UserError: where there is no such run or checkpoint, the run's config is damaged, or nothing takes an override.
    """
    path = find_run(name, save_root(saveroot))
    stored = read_stored_config(path)
    is_published = published_runs.is_published(stored)
    found = pick_checkpoint(path, step, verify=not is_published)
    step, state = found or (None, None)
    override = dict(override or {})
    if is_published:
        stored = published_runs.translate_config(stored)
        state = None if state is None else published_runs.translate_state(state, path)
    config = create_config(**with_override(stored, override))
    expect_training(config)
    checked = [key for key in given_keys(override) if key.split(".")[0] not in (*measure_keys(), *FID_SKIPS)]
    reject_unknown_keys(config, checked, "override.")
    return SavedRun(path, config, step, state, is_published=is_published, override=override)
