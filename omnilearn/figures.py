"""matplotlib as this project uses it: figures in memory, without windows, backends or the settings of a folder.

Figures are drawn and encoded with matplotlib's own default settings, so that they look the same everywhere; letters are
TrueType, as publishers ask for.
"""

import importlib
import io
import math
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import wraps
from types import ModuleType
from typing import TYPE_CHECKING, Any, Literal, ParamSpec, TypeVar

if TYPE_CHECKING:
    import numpy as np
    from matplotlib.figure import Figure

P = ParamSpec("P")
R = TypeVar("R")

_BACKEND = "MPLBACKEND"
_EDGE = 0.03  # inches around a trimmed figure
_TRUETYPE = 42  # the number of such fonts in PDF and PostScript; matplotlib's default, 3, is refused by many publishers


def new_figure(**settings: Any) -> "Figure":
    """A figure that no window shows; `settings` are those of matplotlib's `Figure`."""
    with default_settings() as matplotlib:
        figure: Figure = matplotlib.figure.Figure(**settings)
        return figure


def drawing(function: Callable[P, R]) -> Callable[P, R]:
    """Let a function draw with matplotlib's default settings."""

    @wraps(function)
    def drawn(*args: P.args, **kwargs: P.kwargs) -> R:
        with default_settings():
            return function(*args, **kwargs)

    return drawn


def encoded(figure: "Figure", form: Literal["png", "pdf"], *, dots_per_inch: int, trimmed: bool = False) -> bytes:
    """A figure as the content of a file, the same whenever it is written; `trimmed` cuts off empty margins."""
    content = io.BytesIO()
    undated = {"CreationDate": None} if form == "pdf" else None
    edges: dict[str, Any] = {"bbox_inches": "tight", "pad_inches": _EDGE} if trimmed else {}
    with default_settings():
        figure.savefig(content, format=form, dpi=dots_per_inch, metadata=undated, **edges)
    return content.getvalue()


def arranged(figure: "Figure") -> "Figure":
    """The figure with everything in its final place: else the layout moves a little whenever a file is written."""
    with default_settings():
        figure.draw_without_rendering()
        figure.set_layout_engine("none")
    return figure


def in_powers_of_ten(values: "np.ndarray") -> "tuple[np.ndarray, str]":
    """Numbers as a figure writes them, and what to add to their label: a unit such as `($10^{-5}$)` after a space where
    the largest of them is below 0.05 or from 1000, else the numbers as they are and nothing.
    """
    import numpy as np

    largest = float(np.abs(values[np.isfinite(values)]).max(initial=0))
    if not largest or 0.05 <= largest < 1000:
        return values, ""
    power = math.floor(math.log10(largest))
    return values / 10.0**power, f" ($10^{{{power}}}$)"


@contextmanager
def default_settings() -> Iterator[ModuleType]:
    """Run the block with the settings that matplotlib comes with, not those of the user or the current folder; only
    fonts are embedded as TrueType.
    """
    matplotlib = _matplotlib()
    with matplotlib.rc_context({**matplotlib.rcParamsDefault, "pdf.fonttype": _TRUETYPE, "ps.fonttype": _TRUETYPE}):
        yield matplotlib


def _matplotlib() -> ModuleType:
    """matplotlib with its figures, imported when it is first needed.

    It cannot be imported where MPLBACKEND names a backend that is not installed, as notebooks have it for commands that
    they start. No figure here needs a backend, so the name is taken in afterwards, for the notebook itself.
    """
    if "matplotlib" not in sys.modules:
        backend = os.environ.pop(_BACKEND, None)
        try:
            matplotlib = importlib.import_module("matplotlib")
        finally:
            if backend is not None:
                os.environ[_BACKEND] = backend
        if backend:
            with suppress(ValueError):  # not installed: a window could not be opened, and none is
                matplotlib.rcParams["backend"] = backend
    importlib.import_module("matplotlib.figure")
    return sys.modules["matplotlib"]
