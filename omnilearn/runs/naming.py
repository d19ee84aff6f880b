"""How a run gets its name."""

from abc import ABC, abstractmethod

from torch import nn


class RunNaming(ABC):
    """Names a run after what it trains."""

    @abstractmethod
    def base_name(self, model: nn.Module, *, dataset: str, method: str) -> str:
        """The name without the date; `dataset` and `method` are the names of the components."""


class PlainNaming(RunNaming):
    """The dataset and the method."""

    def base_name(self, model: nn.Module, *, dataset: str, method: str) -> str:
        """`{dataset}_{method}`."""
        return f"{dataset}_{method}"
