"""What draws pictures of a model for TensorBoard."""

from abc import ABC, abstractmethod
from typing import Any

from torch import nn

from omnilearn.tensorboard.writer import TensorBoardWriter
from omnilearn.training.settings import Frequency, check_frequency


class Visualiser(ABC):
    """Draws pictures of what a model made of a batch.

    Attributes:
        freq: training steps between pictures; None for none during training.
    """

    def __init__(self, freq: Frequency = 1000) -> None:
        check_frequency("viz.freq", freq)
        self.freq = freq

    @abstractmethod
    def draw(
        self, model: nn.Module, result: dict[str, Any], records: TensorBoardWriter, *, thorough: bool
    ) -> dict[str, Any]:
        """Write pictures of `result`, which the model's `losses` returned, to the records.

        `thorough` asks for the slow ones too. Returns what was computed on the way and is worth keeping.
        """
