"""The figure `response-map`: the field of responses over the plane of two latents (Leeb et al., NeurIPS 2022)."""

from typing import TYPE_CHECKING

import numpy as np

from omnilearn.errors import UserError
from omnilearn.figures import drawing, in_powers_of_ten
from sae_src.latent_responses.response_maps import divergence, magnitude, mean_curvature, response_map
from sae_src.report.exploration import BATCH_SIZE
from sae_src.visualisation.paper import LETTERS, MARK, SMALL_LETTERS, Style, paper_figure
from sae_src.visualisation.paper_figure import ANYTHING, PaperFigure
from sae_src.visualisation.subject import Subject

if TYPE_CHECKING:
    from matplotlib.figure import Figure


@drawing
def draw(subject: Subject, style: Style) -> "Figure":
    """Draw magnitude, divergence and mean curvature beside each other, around the code of an observation."""
    dims = _dims(subject)
    spread = subject.codes(subject.explored.encoded)[:, list(dims)]
    base = subject.codes(subject.explored.explored)[0]
    extent = subject.amounts.extent or float(spread.abs().max()) or 1.0
    model, points = subject.model, subject.amounts.points
    found = response_map(base, model.encode, model.decode, dims, extent=extent, steps=points, batch_size=BATCH_SIZE)
    cell = 2 * extent / (points - 1)
    maps = {
        "magnitude": magnitude(found),
        "divergence": divergence(found) / cell,
        "mean curvature": mean_curvature(found) / cell,
    }
    (edge, *own), unit = in_powers_of_ten(np.array([extent + cell / 2, *base[list(dims)].tolist()]))
    is_wide = style.width > 5
    figure = paper_figure(style, 0.33 * style.width + 0.68 if is_wide else 2.0 * style.width)
    grid = figure.subplots(1 if is_wide else 3, 3 if is_wide else 1, sharex=True, sharey=True, squeeze=False)
    panels = list(grid.flat)
    for axes, (name, values) in zip(panels, maps.items(), strict=True):
        # The first latent goes from left to right, the second one upwards.
        shown, own_unit = in_powers_of_ten(values.cpu().numpy().T)
        high = float(np.quantile(np.abs(shown), 0.99)) or 1.0  # single cells at folds would leave the rest one colour
        limits = {"vmin": 0, "vmax": high} if name == "magnitude" else {"vmin": -high, "vmax": high}
        colours = "viridis" if name == "magnitude" else "RdBu_r"
        box = (-edge, edge, -edge, edge)
        image = axes.imshow(shown, extent=box, origin="lower", cmap=colours, interpolation="nearest", **limits)
        axes.plot(*own, "+", color=MARK, markersize=7, markeredgewidth=1.5)
        axes.set_xlabel(f"$z_{{{dims[0]}}}${unit}", fontsize=LETTERS)
        axes.tick_params(labelsize=SMALL_LETTERS, length=2)
        axes.label_outer()
        place, beyond = ("top" if is_wide else "right"), ("max" if name == "magnitude" else "both")
        bar = figure.colorbar(image, ax=axes, location=place, aspect=25, pad=0.02, extend=beyond)
        bar.set_label(f"{name}{own_unit}", fontsize=LETTERS)
        bar.ax.tick_params(labelsize=SMALL_LETTERS, length=2)
    for axes in panels[:1] if is_wide else panels:
        axes.set_ylabel(f"$z_{{{dims[1]}}}${unit}", fontsize=LETTERS)
    return figure


def _dims(subject: Subject) -> tuple[int, int]:
    """The latents of the plane: those asked for, else the two that respond most."""
    if subject.amounts.latents is not None:
        for latent in subject.amounts.latents:
            if not 0 <= latent < subject.model.latent_dim:
                raise UserError(f"latents: there is no latent {latent}, they are 0 to {subject.model.latent_dim - 1}")
        return subject.amounts.latents
    first, second = subject.order[:2]
    return subject.exploration.latents[first], subject.exploration.latents[second]


def _missing(subject: Subject) -> str:
    return "it needs two latents" if subject.model.latent_dim < 2 else ""


FIGURE = PaperFigure("response-map", "Response map", draw, ANYTHING, missing=_missing)
