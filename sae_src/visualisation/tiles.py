"""Images in rows with labels, placed in inches: square pixels, letters of one size, no margin that nothing fills."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from torch import Tensor

from omnilearn.figures import drawing, new_figure
from sae_src.visualisation.paper import HIGHEST, LETTER, LETTERS, MARK, SMALL_LETTERS, Style

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_GAP, _EDGE, _LINE = 0.03, 0.03, 0.16  # inches: between images, around everything, of a line of text


@dataclass(frozen=True)
class Row:
    """A row of images.

    Attributes:
        images: the images (N, C, H, W) in [0, 1], of 1 or 3 channels.
        left, right: labels beside them.
        marked: the image with a frame, if any.
        above: a line of text above the row: for its left end, its middle and its right end; empty for no line.
        above_right: a heading in that line, above the labels at the right.
        space: inches that are left free above the row, and above its line of text.
        apart: images after which some more space is left.
    """

    images: Tensor
    left: str = ""
    right: str = ""
    marked: int | None = None
    above: tuple[str, str, str] = ("", "", "")
    above_right: str = ""
    space: float = 0.0
    apart: tuple[int, ...] = ()

    @property
    def head(self) -> float:
        """Inches above the images."""
        return self.space + (_LINE if any(self.above) else 0.0)


@drawing
def tile_figure(rows: Sequence[Row], style: Style) -> "Figure":
    """Rows of images below each other; as wide as the style says, or less where it would be higher than a page."""
    columns = max(len(row.images) for row in rows)
    left = _beside([row.left for row in rows])
    right = _beside([label for row in rows for label in (row.right, row.above_right)])
    extra = _GAP * 3 * max(len(row.apart) for row in rows)
    ratio = rows[0].images.shape[-2] / rows[0].images.shape[-1]
    fixed = 2 * _EDGE + style.above + sum(row.head for row in rows) + _GAP * (len(rows) - 1)
    wide = (style.width - 2 * _EDGE - left - right - extra - _GAP * (columns - 1)) / columns
    wide = max(min(wide, (HIGHEST - fixed) / len(rows) / ratio), 0.08)
    high = wide * ratio
    images_end = _EDGE + left + columns * (wide + _GAP) - _GAP + extra
    size = (images_end + right + _EDGE, fixed + len(rows) * high)
    figure = new_figure(figsize=size)
    axes = figure.add_axes((0, 0, 1, 1))
    axes.set_axis_off()
    top = size[1] - _EDGE
    if style.title:
        axes.text(size[0] / 2, top, style.title, ha="center", va="top", fontsize=LETTERS)
        top -= style.above
    for row in rows:
        top -= row.head
        _write_row(axes, row, (_EDGE + left, images_end, size[0] - _EDGE), top - high / 2, top + 0.03)
        start = _EDGE + left
        for place, image in enumerate(row.images):
            box = (start, start + wide, top - high, top)
            _show(axes, image, box, is_marked=place == row.marked)
            start += wide + _GAP * (4 if place in row.apart else 1)
        top -= high + _GAP
    axes.set(xlim=(0, size[0]), ylim=(0, size[1]), aspect="auto")
    return figure


def _beside(labels: Sequence[str]) -> float:
    """Inches for labels beside images; formulas are as long as what they show."""
    longest = max(len(label.translate(str.maketrans("", "", "${}_"))) for label in labels)
    return LETTER * longest + 0.06 if longest else 0.0


def _write_row(axes: "Axes", row: Row, ends: tuple[float, float, float], middle: float, line: float) -> None:
    start, end, edge = ends
    axes.text(start - 0.05, middle, row.left, ha="right", va="center", fontsize=LETTERS)
    axes.text(edge, middle, row.right, ha="right", va="center", fontsize=SMALL_LETTERS)
    first, centre, last = row.above
    axes.text(start, line, first, ha="left", va="bottom", fontsize=SMALL_LETTERS)
    axes.text((start + end) / 2, line, centre, ha="center", va="bottom", fontsize=SMALL_LETTERS)
    axes.text(end, line, last, ha="right", va="bottom", fontsize=SMALL_LETTERS)
    axes.text(edge, line, row.above_right, ha="right", va="bottom", fontsize=SMALL_LETTERS)


def _show(axes: "Axes", image: Tensor, box: tuple[float, float, float, float], *, is_marked: bool) -> None:
    """An image (C, H, W) within left, right, bottom and top; the PDF holds its own pixels."""
    axes.imshow(pixels(image), extent=box, interpolation="none", cmap="gray", vmin=0, vmax=255)
    if is_marked:
        left, right, bottom, top = box
        around = ([left, right, right, left, left], [bottom, bottom, top, top, bottom])
        axes.plot(*around, color=MARK, linewidth=1.5, solid_joinstyle="miter", clip_on=False)


def pixels(image: Tensor) -> np.ndarray:
    """An image (C, H, W) in [0, 1] as bytes (H, W, 3), or (H, W) for a grey one."""
    values = image.detach().float().clamp(0, 1).mul(255).round().byte().cpu().numpy()
    return values[0] if len(values) == 1 else values.transpose(1, 2, 0)
