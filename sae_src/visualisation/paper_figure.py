"""What a figure of a run is: a function that draws one thing about it."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sae_src.visualisation.paper import Style
from sae_src.visualisation.subject import Subject

if TYPE_CHECKING:
    from matplotlib.figure import Figure

IMAGES = frozenset({"images"})
VECTORS = IMAGES | {"vectors"}
ANYTHING = VECTORS | {""}
"""Outputs that a figure can show: images; short vectors too; or it needs none."""


def _nothing(subject: Subject) -> str:
    return ""


@dataclass(frozen=True)
class PaperFigure:
    """A figure as `fig visualize` knows it: `FIGURE` at the end of each figure's module.

    Attributes:
        name: its name for `--figures`, and that of its file.
        title: what stands above it where titles are asked for.
        draw: draws it, from torch's global generators where it is random.
        shows: the outputs that it can show.
        missing: what keeps it from being drawn of a subject, in words; empty where nothing does.
        animate: makes the animated GIF that goes with it where outputs are images; None without one.
    """

    name: str
    title: str
    draw: "Callable[[Subject, Style], Figure]"
    shows: frozenset[str] = IMAGES
    missing: Callable[[Subject], str] = _nothing
    animate: Callable[[Subject], bytes] | None = None

    def reason_against(self, subject: Subject) -> str:
        """Why it is not drawn of a subject; empty where it is."""
        if subject.kind not in self.shows:
            return "outputs are vectors" if subject.kind else "outputs are neither images nor short vectors"
        return self.missing(subject)

    def has_form(self, form: str, subject: Subject) -> bool:
        """Whether there is a file of the form `png`, `pdf` or `gif` of a subject."""
        return form != "gif" or (self.animate is not None and subject.kind == "images")
