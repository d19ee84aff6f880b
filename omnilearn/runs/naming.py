"""The names of runs, and of the results in them."""

from abc import ABC, abstractmethod
from pathlib import Path

from torch import nn

from omnilearn.errors import UserError


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


def check_ident(key: str, ident: str) -> None:
    """Refuse what cannot be the name of results, in files and in the tags of TensorBoard."""
    if not ident or Path(ident).name != ident or ident.startswith(".") or any(sign in ident for sign in "{}"):
        raise UserError(f"{key}: '{ident}' is not a file name")
