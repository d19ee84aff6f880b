"""A run read back from its folder: its config, its model, its data."""

from collections.abc import Mapping
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
from omnilearn.runs.checkpoint import (
    checkpoint_path,
    checkpoint_steps,
    load_model_state,
    newest_undamaged,
    undamaged_model,
)
from omnilearn.runs.info import is_completed
from omnilearn.tensorboard.visualiser import Visualiser


@dataclass
class Run:
    """A trained model and what it was trained with; all but the checkpoint is read when it is first asked for.

    Attributes:
        path: the folder of the run.
        config: its config.
        step: the checkpoint to use, by its training steps; None for a run that has none yet.
        state: the state of the model in that checkpoint, which may be gone by now; None for a run that has none yet.
        is_published: written by the published system rather than by this one.
        override: config values that replaced the stored ones.
    """

    path: Path
    config: Node = field(repr=False)
    step: int | None
    state: Mapping[str, Any] | None = field(default=None, repr=False)  # of a million numbers
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
            gone = is_completed(self.path, 1, None)
            raise UserError(f"{self.path} has no checkpoint {'any more: its weights are gone' if gone else 'yet'}")
        return checkpoint_path(self.path, self.step)

    @cached_property
    def model(self) -> Model:
        """The trained model in evaluation mode, on the CPU, without gradients (`requires_grad_` gives them back)."""
        model = build_model(self.config)
        checkpoint = self.checkpoint
        assert self.state is not None
        try:
            model.load_state_dict(self.state["model"])
        except (RuntimeError, KeyError, TypeError, AttributeError) as error:
            lines = [line.strip() for line in str(error).splitlines() if line.strip()]
            raise UserError(f"{checkpoint}: does not fit the config of the run: {' '.join(lines[:2])}") from None
        model.set_step(self.step or 0)
        return model.eval().requires_grad_(False)

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


def pick_checkpoint(path: Path, wanted: int | None = None, *, verify: bool = True) -> tuple[int, dict[str, Any]] | None:
    """The checkpoint to load, by its step, and its model: the one asked for, else the newest that is undamaged.

    None where there is none at all. Raises `UserError` where the one asked for is missing or damaged, or all are
    damaged. Only checkpoints that have checksums are checked against them (`verify`); those of the published system
    have none.
    """
    if wanted is None and verify:
        return newest_undamaged(path)
    steps = checkpoint_steps(path)
    if wanted is None:
        return (steps[-1], load_model_state(checkpoint_path(path, steps[-1]))) if steps else None
    if wanted not in steps:
        raise UserError(f"{path} has no checkpoint of step {wanted}: there are {', '.join(map(str, steps)) or 'none'}")
    checkpoint = checkpoint_path(path, wanted)
    try:
        return wanted, undamaged_model(checkpoint) if verify else load_model_state(checkpoint)
    except UserError as problem:
        raise UserError(f"{checkpoint} is damaged: {problem}") from problem
