"""The figure `interpolations`: decoded codes on the straight line between those of two observations."""

from typing import TYPE_CHECKING

import torch

from sae_src.visualisation.paper import Style
from sae_src.visualisation.paper_figure import PaperFigure
from sae_src.visualisation.subject import Subject
from sae_src.visualisation.tiles import Row, tile_figure

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_MOST_PAIRS = 4


def draw(subject: Subject, style: Style) -> "Figure":
    """Draw a row for each pair: an observation, decoded codes from its own to the other's, the other one."""
    seen = subject.observations
    pairs = min(len(seen) // 2, _MOST_PAIRS)
    first, second = seen[0 : 2 * pairs : 2], seen[1 : 2 * pairs : 2]
    start, end = subject.codes(first), subject.codes(second)
    weights = torch.linspace(0, 1, subject.amounts.steps, device=start.device)[:, None]
    between = subject.outputs(torch.lerp(start[:, None], end[:, None], weights))
    rows = []
    for pair in range(pairs):
        images = torch.cat([first[pair, None], between[pair], second[pair, None]])
        above = ("observation", "decoded", "observation") if pair == 0 else ("", "", "")
        rows.append(Row(images, above=above, apart=(0, len(images) - 2)))
    return tile_figure(rows, style)


def _missing(subject: Subject) -> str:
    return "it needs two observations" if len(subject.observations) < 2 else ""


FIGURE = PaperFigure("interpolations", "Interpolations", draw, missing=_missing)
