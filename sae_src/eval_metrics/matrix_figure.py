"""Matrices as figures: square cells with labels and a colour bar.

Everything is placed in inches: cells stay square, colour bars are as high as what they explain, and nothing is cut off.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from omnilearn.figures import drawing, in_powers_of_ten, new_figure

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.image import AxesImage

_CELL, _SMALL_CELL = 0.34, 0.15  # inches
_LETTER = 0.085  # width of a letter of a label
_MOST_NUMBERS = 256  # cells; more numbers than that are no longer read
_MOST_ACROSS = 4  # panels beside each other
_MISSING = "0.85"  # the grey of cells without a value

Labels = tuple[str, Sequence[str]]
"""What the rows or columns of a matrix are, and a name for each of them."""


@dataclass(frozen=True)
class Look:
    """How values become colours.

    Attributes:
        label: what the values are, at the colour bar.
        high: value of the last colour; None for the largest. The first colour is 0, or the smallest value below it.
        is_signed: zero is the middle colour.
        numbers: write the values into the cells where they are not too many.
    """

    label: str
    high: float | None = None
    is_signed: bool = False
    numbers: bool = True

    def limits(self, values: np.ndarray) -> tuple[float, float]:
        """The values of the first and the last colour, always some way apart."""
        finite = values[np.isfinite(values)]
        if self.is_signed:
            largest = float(np.abs(finite).max(initial=0)) or 1.0
            return -largest, largest
        low = float(finite.min(initial=0))
        high = float(finite.max(initial=low)) if self.high is None else self.high
        return low, high if high > low else low + 1

    @property
    def colours(self) -> str:
        """The name of the colour map."""
        return "RdBu_r" if self.is_signed else "viridis"


@dataclass(frozen=True)
class Matrix:
    """One matrix of a figure: its values (R, C), of which those that are not finite are grey, and its words."""

    values: np.ndarray
    title: str
    rows: Labels
    columns: Labels
    look: Look

    def in_powers_of_ten(self) -> "Matrix":
        """The matrix in units of a power of ten, named at the colour bar, where two decimals would not show it."""
        if self.look.high is not None:
            return self
        values, unit = in_powers_of_ten(self.values)
        return replace(self, values=values, look=replace(self.look, label=self.look.label + unit))


@drawing
def matrix_figure(*matrices: Matrix, titles: bool = False) -> "Figure":
    """Matrices beside each other, each with its own colour bar; `titles` puts one above a matrix that stands alone."""
    matrices = tuple(matrix.in_powers_of_ten() for matrix in matrices)
    left = [0.65 + _LETTER * max(map(len, matrix.rows[1])) for matrix in matrices]
    bottom, top, bar, right = 0.7, 0.4, 0.12, 1.1
    widths = [_CELL * matrix.values.shape[1] for matrix in matrices]
    heights = [_CELL * matrix.values.shape[0] for matrix in matrices]
    size = (sum(left) + sum(widths) + len(matrices) * right, bottom + max(heights) + top)
    figure = new_figure(figsize=size)
    start = 0.0
    for matrix, margin, width, height in zip(matrices, left, widths, heights, strict=True):
        axes = _place(figure, start + margin, bottom, width, height)
        image = draw_matrix(axes, matrix)
        if titles or len(matrices) > 1:
            axes.set_title(matrix.title, fontsize=11)
        beside = _place(figure, start + margin + width + 0.1, bottom, bar, height)
        figure.colorbar(image, cax=beside, label=matrix.look.label)
        start += margin + width + right
    return figure


@drawing
def panel_figure(
    panels: Sequence[np.ndarray], names: Sequence[str], heading: str, rows: str, columns: str, look: Look
) -> "Figure":
    """Square matrices (D, D) in a grid of panels, with one colour bar for all.

    Args:
        panels: the matrices, of one size.
        names: what stands above each.
        heading: above them all; empty for nothing.
        rows: what the rows are.
        columns: what the columns are.
        look: how values become colours; no numbers are written.
    """
    latents = [str(i) for i in range(len(panels[0]))]
    down = -(-len(panels) // _MOST_ACROSS)
    across = -(-len(panels) // down)
    side, gap = max(1.3, _SMALL_CELL * len(latents)), 0.4
    left, bottom, top, right = 0.75, 0.55, 0.7 if heading else 0.35, 1.2
    width, height = across * (side + gap) - gap, down * (side + gap + 0.1) - gap - 0.1
    figure = new_figure(figsize=(left + width + right, bottom + height + top))
    low, high = look.limits(np.stack(panels))
    for place, (values, title) in enumerate(zip(panels, names, strict=True)):
        row, column = divmod(place, across)
        across_from, up_from = left + column * (side + gap), bottom + (down - 1 - row) * (side + gap + 0.1)
        axes = _place(figure, across_from, up_from, side, side)
        matrix = Matrix(values, title, ("", latents), ("", latents), Look(look.label, numbers=False))
        image = draw_matrix(axes, matrix, most_labels=6)
        image.set_clim(low, high)
        axes.set_title(title, fontsize=9)
        axes.tick_params(labelsize=8)
    beside = _place(figure, left + width + 0.15, bottom, 0.13, height)
    figure.colorbar(image, cax=beside, label=look.label)
    total_width, total_height = figure.get_size_inches()
    middle, centre = (left + width / 2) / total_width, (bottom + height / 2) / total_height
    if heading:
        figure.text(middle, 1 - 0.25 / total_height, heading, ha="center", va="center", fontsize=11)
    figure.text(middle, 0.18 / total_height, columns, ha="center", va="center")
    figure.text(0.22 / total_width, centre, rows, ha="center", va="center", rotation="vertical")
    return figure


def draw_matrix(axes: "Axes", matrix: Matrix, *, most_labels: int = 40) -> "AxesImage":
    """Draw a matrix into axes; at most `most_labels` rows and columns get their name, evenly spaced."""
    values, look = matrix.values, matrix.look
    low, high = look.limits(values)
    image = axes.imshow(values, cmap=look.colours, vmin=low, vmax=high, aspect="equal", interpolation="nearest")
    axes.set_facecolor(_MISSING)
    for axis, (label, names) in ((axes.yaxis, matrix.rows), (axes.xaxis, matrix.columns)):
        shown = range(0, len(names), -(-len(names) // most_labels))
        axis.set_ticks(list(shown), [names[i] for i in shown])
        axis.set_label_text(label)
    axes.tick_params(length=0)
    axes.spines[:].set_visible(False)
    if look.numbers and values.size <= _MOST_NUMBERS:
        _write_numbers(axes, values, image)
    return image


def _place(figure: "Figure", left: float, bottom: float, width: float, height: float) -> "Axes":
    """New axes at a place in inches."""
    across, up = figure.get_size_inches()
    return figure.add_axes((left / across, bottom / up, width / across, height / up))


def _write_numbers(axes: "Axes", values: np.ndarray, image: "AxesImage") -> None:
    for (row, column), value in np.ndenumerate(values):
        if np.isfinite(value):
            red, green, blue, _ = image.cmap(image.norm(value))
            is_dark = 0.3 * red + 0.59 * green + 0.11 * blue < 0.5
            text = f"{round(value, 2) + 0.0:.2f}" if abs(value) < 9.995 else f"{value:.0f}"  # 0.0: never -0.00
            axes.text(column, row, text, ha="center", va="center", fontsize=6.5, color="white" if is_dark else "black")
