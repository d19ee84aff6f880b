"""What draws pictures of a model for TensorBoard."""

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Any

from torch import nn

from omnilearn.tensorboard.writer import TensorBoardWriter


class Visualiser(ABC):
    """Draws pictures of what a model made of a batch.

    Attributes:
        freq: training steps between pictures; None for none during training.

    Raises `ValueError` for a `freq` below 1.
    """

    def __init__(self, freq: int | None = 1000) -> None:
        if freq is not None and freq < 1:
            raise ValueError(f"freq must be at least 1, or null for never, got {freq}")
        self.freq = freq

    @abstractmethod
    def draw(
        self,
        model: nn.Module,
        result: dict[str, Any],
        writer: TensorBoardWriter,
        pattern: str,
        step: int,
        *,
        thorough: bool,
        stop: Callable[[], BaseException | None] = lambda: None,
    ) -> dict[str, Any]:
        """Write pictures of `result`, which the model's `losses` returned.

        Args:
            model: in evaluation mode.
            result: what its `losses` returned for a batch.
            writer: where the pictures go.
            pattern: makes a picture's name its tag, see `tag_of`.
            step: the training step that they belong to.
            thorough: draw the slow pictures too.
            stop: asked before every piece of work, none of which takes longer than a batch of training; an exception
                that it returns is raised.

        Returns what was computed on the way and is worth keeping.
        """
