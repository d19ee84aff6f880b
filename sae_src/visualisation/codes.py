"""The figure `codes`: codes along their two principal axes, coloured by each factor."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch

from omnilearn.errors import UserError
from omnilearn.figures import drawing, in_powers_of_ten
from sae_src.visualisation.paper import DECODED, LETTERS, SMALL_LETTERS, Style, paper_figure
from sae_src.visualisation.paper_figure import ANYTHING, PaperFigure
from sae_src.visualisation.subject import Subject

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.collections import PathCollection
    from matplotlib.colors import Colormap
    from matplotlib.figure import Figure

_LEAST = 3  # observations: two lie on a line
_MOST_NAMED = 10  # values of a factor that are named at its colours


@dataclass(frozen=True)
class _Factor:
    """A factor: its name, what it is in each observation (N,), and the names of its values where these are classes."""

    name: str
    numbers: np.ndarray
    values: list[str]


@drawing
def draw(subject: Subject, style: Style) -> "Figure":
    """Draw a panel for each factor that varies; one without colours where none is known."""
    from sklearn.decomposition import PCA

    test = subject.shown
    order = torch.randperm(len(test), generator=torch.Generator().manual_seed(subject.seed))
    indices = order[: subject.amounts.codes]
    codes = torch.cat([subject.codes(test.batch(some)) for some in indices.split(256)]).float().cpu().numpy()
    axes_found = PCA(2, svd_solver="full").fit(codes)
    (horizontal, first_unit), (vertical, second_unit) = map(in_powers_of_ten, axes_found.transform(codes).T)
    points = np.stack([horizontal, vertical], axis=1)
    factors = _factors(subject, indices)
    count = max(len(factors), 1)
    across = min(count, 3 if style.width > 5 else 2)
    down = -(-count // across)
    side = style.width / max(across, 2)
    figure = paper_figure(style, min(0.25 + side * 0.85 * down, 9.0))
    panels = figure.subplots(down, across, sharex=True, sharey=True, squeeze=False)
    for axes in panels.flat[count:]:
        axes.set_axis_off()
    for axes in panels.flat[:count]:
        axes.tick_params(labelsize=SMALL_LETTERS, length=2)
    if not factors:
        _dots(panels.flat[0], points, DECODED)
    for axes, factor in zip(panels.flat, factors, strict=False):
        _coloured(axes, points, factor)
    first, second = 100 * axes_found.explained_variance_ratio_
    figure.supxlabel(f"first principal axis ({first:.0f}% of the variance){first_unit}", fontsize=LETTERS)
    figure.supylabel(f"second principal axis ({second:.0f}%){second_unit}", fontsize=LETTERS)
    return figure


def _coloured(axes: "Axes", points: np.ndarray, factor: _Factor) -> None:
    import matplotlib

    colours = matplotlib.colormaps["viridis"]
    is_class = 0 < len(factor.values) <= _MOST_NAMED
    dots = _dots(axes, points, factor.numbers, cmap=colours.resampled(len(factor.values)) if is_class else colours)
    if factor.values:
        last = len(factor.values) - 1
        dots.set_clim(-0.5, last + 0.5)
    assert axes.figure is not None
    bar = axes.figure.colorbar(dots, ax=axes, aspect=25, pad=0.02)
    bar.outline.set_visible(False)
    if bar.solids is not None:
        bar.solids.set_alpha(1)
    bar.ax.tick_params(labelsize=SMALL_LETTERS - 1, length=0)
    if factor.values:
        shown = range(0, last + 1, max(1, -(-(last + 1) // _MOST_NAMED)))
        bar.set_ticks(list(shown), labels=[factor.values[place] for place in shown])
    axes.set_title(factor.name, fontsize=LETTERS, pad=2)


def _dots(
    axes: "Axes", points: np.ndarray, colours: np.ndarray | str, cmap: "Colormap | None" = None
) -> "PathCollection":
    across, up = points.T
    return axes.scatter(across, up, c=colours, cmap=cmap, s=3, linewidths=0, alpha=0.8, rasterized=True)


def _factors(subject: Subject, indices: torch.Tensor) -> list[_Factor]:
    """The factors of the data that vary among the observations at `indices`."""
    test = subject.shown
    if test.has_classes:
        known = test.factors(indices).numpy()
    else:
        try:
            known = test.labels(indices).numpy()
        except UserError:
            return []
        if known.ndim == 1:
            known = known[:, None]
    values = test.factor_values or ([] if test.grid is None else test.grid.values)
    names = list(test.factor_names) or ["class"] * known.shape[1]
    found = []
    for place, numbers in enumerate(known.T):
        if len(np.unique(numbers)) > 1:
            name = names[place] if place < len(names) else str(place)
            own = list(values[place]) if place < len(values) else []
            is_class = test.has_classes or any(isinstance(value, str) for value in own)  # beside columns of numbers
            named = [_readable(value) for value in own] if is_class else []
            found.append(_Factor(f"variable {name}" if name.isdigit() else name.replace("_", " "), numbers, named))
    return found


def _readable(value: float | str) -> str:
    return value if isinstance(value, str) else f"{value:.3g}"


def _missing(subject: Subject) -> str:
    if len(subject.shown) < _LEAST:
        return "there are two observations"
    return "codes have one dimension" if subject.model.latent_dim < 2 else ""


FIGURE = PaperFigure("codes", "Codes along their principal axes", draw, ANYTHING, missing=_missing)
