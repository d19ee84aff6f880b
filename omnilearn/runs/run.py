"""A run read back from its folder: its config, its model, its data."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from omnilearn.assembly import build_data, build_model
from omnilearn.config import Node, find, read
from omnilearn.data import Subset
from omnilearn.data.loading import Data
from omnilearn.errors import UserError
from omnilearn.model import Model
from omnilearn.runs.checkpoint import checkpoint_path, checkpoint_steps, damage, load_model_state, newest_undamaged
from omnilearn.tensorboard.visualiser import Visualiser


@dataclass
class Run:
    """A trained model and what it was trained with; everything is read when it is first asked for.

    Attributes:
        path: the folder of the run.
        config: its config.
        step: the checkpoint to use, by its training steps; None for a run that has none yet.
        read_state: reads the state of the model from that checkpoint's folder.
        is_published: written by the published system rather than by this one.
        override: config values that replaced the stored ones.
    """

    path: Path
    config: Node
    step: int | None
    read_state: Callable[[Path], dict[str, Any]] = load_model_state
    is_published: bool = False
    override: Mapping[str, Any] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """The name of the folder."""
        return self.path.name

    @property
    def checkpoint(self) -> Path:
        """The folder of the checkpoint; `UserError` where there is none."""
        if self.step is None:
            raise UserError(f"{self.path} has no checkpoint yet")
        return checkpoint_path(self.path, self.step)

    @cached_property
    def model(self) -> Model:
        """The trained model in evaluation mode, on the CPU."""
        model = build_model(self.config)
        state = self.read_state(self.checkpoint)
        try:
            model.load_state_dict(state["model"])
        except (RuntimeError, KeyError, TypeError, AttributeError) as error:
            lines = [line.strip() for line in str(error).splitlines() if line.strip()]
            raise UserError(f"{self.checkpoint}: does not fit the config of the run: {' '.join(lines[:2])}") from None
        return model.eval()

    @cached_property
    def data(self) -> Data:
        """The data, cut into the same subsets as for training."""
        return build_data(self.config)

    @cached_property
    def visualiser(self) -> Visualiser | None:
        """What draws pictures of this model."""
        node = find(self.config, "viz")
        return None if node is None else read(node, Visualiser | None)

    def dataset(self, mode: str = "train") -> Subset:
        """The observations of a subset of the data: `train`, `val`, `test` or `full`."""
        return self.data.subset(mode)


def pick_step(path: Path, wanted: int | None = None, *, verify: bool = True) -> int | None:
    """The step of the checkpoint to load: the one asked for, else the newest that is undamaged, else None.

    Raises `UserError` where the one asked for is missing or damaged, or all are damaged. Only checkpoints that have
    checksums are looked into (`verify`); those of the published system have none.
    """
    steps = checkpoint_steps(path)
    if wanted is None:
        return newest_undamaged(path) if verify else steps[-1] if steps else None
    if wanted not in steps:
        raise UserError(f"{path} has no checkpoint of step {wanted}: there are {', '.join(map(str, steps)) or 'none'}")
    problem = damage(checkpoint_path(path, wanted)) if verify else None
    if problem is not None:
        raise UserError(f"{checkpoint_path(path, wanted)} is damaged: {problem}")
    return wanted
