"""The figure `reconstructions`: observations above what the model makes of them."""

from typing import TYPE_CHECKING

import torch

from omnilearn.figures import drawing, in_powers_of_ten
from sae_src.visualisation.paper import DECODED, LETTERS, OBSERVED, SMALL_LETTERS, Style, paper_figure
from sae_src.visualisation.paper_figure import VECTORS, PaperFigure
from sae_src.visualisation.subject import Subject
from sae_src.visualisation.tiles import Row, tile_figure

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_COLUMNS, _PANELS = 8, 4
_LEGEND = 0.18  # inches


def draw(subject: Subject, style: Style) -> "Figure":
    """Draw images in pairs of rows; vectors as curves, a panel for each."""
    if subject.kind == "vectors":
        return _curves(subject, style)
    seen = subject.observations
    found = subject.outputs(subject.codes(seen))
    rows = []
    for start in range(0, len(seen), _COLUMNS):
        some = slice(start, start + _COLUMNS)
        rows.append(Row(seen[some], "observation", space=0.08 if start else 0.0))
        rows.append(Row(found[some], "reconstruction"))
    return tile_figure(rows, style)


@drawing
def _curves(subject: Subject, style: Style) -> "Figure":
    observed = subject.observations[:_COLUMNS]
    pairs = torch.stack([observed, subject.outputs(subject.codes(observed))]).cpu()
    (seen, found), unit = in_powers_of_ten(pairs.numpy())
    across = min(len(seen), _PANELS if style.width > 5 else 2)
    down = -(-len(seen) // across)
    height = 0.35 + 0.95 * down
    figure = paper_figure(style, height, head=_LEGEND)
    panels = figure.subplots(down, across, sharex=True, sharey=True, squeeze=False)
    for axes, observation, reconstruction in zip(panels.flat, seen, found, strict=False):
        axes.plot(observation, color=OBSERVED, linewidth=0.8, label="observation")
        axes.plot(reconstruction, color=DECODED, linewidth=0.8, linestyle="--", label="reconstruction")
        axes.tick_params(labelsize=SMALL_LETTERS, length=2)
    for axes in panels.flat[len(seen) :]:
        axes.set_axis_off()
    handles, labels = panels.flat[0].get_legend_handles_labels()
    figure.legend(
        handles,
        labels,
        loc="upper right",
        bbox_to_anchor=(1, height / (height + style.above)),
        borderaxespad=0,
        ncols=2,
        fontsize=SMALL_LETTERS,
        frameon=False,
    )
    figure.supxlabel("element", fontsize=LETTERS)
    figure.supylabel(f"value{unit}", fontsize=LETTERS)
    return figure


FIGURE = PaperFigure("reconstructions", "Reconstructions", draw, VECTORS)
