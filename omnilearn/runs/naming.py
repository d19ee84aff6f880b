"""The names of runs, and of the results in them."""

import re
from abc import ABC, abstractmethod
from pathlib import Path

from torch import nn

from omnilearn.errors import UserError

_LONGEST = 200  # bytes; endings and dates come behind it
# Files and folders of a run and of its checkpoints, what ends like one of them, and the curves of a training.
_OF_THE_RUN = re.compile(
    r"config|info|checksums|model|training|figures"
    r"|(damaged-)?ckpt.*|events\..*|.*tfevents.*"
    r"|.*\.(json|ya?ml|pth|tar|png|pdf|tmp|gone|part|lock)"
    r"|lr|(.*[_-])?loss|time[_-].*|model[_-](optim[_-])?str"
)


class RunNaming(ABC):
    """Names a run after what it trains."""

    @abstractmethod
    def base_name(self, model: nn.Module, *, dataset: str, method: str) -> str:
        """The name without the date; `dataset` and `method` are the names of the components."""

    def model_name(self, model: nn.Module, *, method: str) -> str:
        """What the model is called in tables; `method` is the name of its component."""
        return method


class PlainNaming(RunNaming):
    """The dataset and the method."""

    def base_name(self, model: nn.Module, *, dataset: str, method: str) -> str:
        """`{dataset}_{method}`."""
        return f"{dataset}_{method}"


def check_ident(key: str, ident: str) -> None:
    """Refuse what cannot be the name of results, in files and in the tags of TensorBoard, or is another name there."""
    if not ident or Path(ident).name != ident or ident.startswith(".") or any(sign in ident for sign in "{}\\"):
        raise UserError(f"{key}: '{ident}' is not a file name")
    if not ident.isprintable() or ident != ident.strip() or len(ident.encode()) > _LONGEST:
        raise UserError(f"{key}: {ident!r} is not a file name: take at most {_LONGEST} letters, digits and signs")
    if _OF_THE_RUN.fullmatch(ident.lower()):
        raise UserError(f"{key}: '{ident}' is a name that a run uses itself; choose another one")
