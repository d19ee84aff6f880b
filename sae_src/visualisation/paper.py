"""Sizes and letters of figures that go into papers."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from omnilearn.figures import new_figure

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Width = Literal["single", "double"]
INCHES: dict[Width, float] = {"single": 3.25, "double": 6.75}
"""The widths of a column and of a page with two of them."""
HIGHEST = 9.0
"""Inches: what is left of a page above a caption."""
LETTERS, SMALL_LETTERS = 8.0, 7.0
"""Points: labels, and the numbers at axes."""
LETTER = 0.068
"""Inches that a letter of a label takes, about."""
MARK, OBSERVED, DECODED = "#D55E00", "0.35", "#0072B2"
"""Colours that the colour-blind tell apart (Okabe and Ito 2008): what is pointed at, observations, what is decoded."""


@dataclass(frozen=True)
class Style:
    """How figures are to look.

    Attributes:
        width: inches.
        title: what stands above a figure; empty for nothing.
    """

    width: float
    title: str = ""

    @property
    def above(self) -> float:
        """Inches that the title takes."""
        return 0.25 if self.title else 0.0


def paper_figure(style: Style, height: float, *, head: float = 0.0) -> "Figure":
    """A figure of the width of the style, whose axes fill it; the title is above them.

    Args:
        style: how it looks.
        height: inches, without the title.
        head: inches that stay free below the title.
    """
    total = height + style.above
    figure = new_figure(figsize=(style.width, total), layout="constrained")
    engine = figure.get_layout_engine()
    assert engine is not None
    pads = {"w_pad": 0.02, "h_pad": 0.02, "wspace": 0.02, "hspace": 0.02}
    engine.set(**pads, rect=(0, 0, 1, (height - head) / total))  # type: ignore[call-arg]  # of the constrained one
    if style.title:
        figure.text(0.5, 1 - 0.03 / total, style.title, ha="center", va="top", fontsize=LETTERS)
    return figure
