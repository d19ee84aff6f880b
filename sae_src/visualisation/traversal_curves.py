"""Latent traversals of vectors: a panel for each latent, with a curve for each of its values."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import torch

from omnilearn.figures import drawing, in_powers_of_ten
from sae_src.visualisation.paper import LETTERS, SMALL_LETTERS, Style, paper_figure
from sae_src.visualisation.subject import Subject

if TYPE_CHECKING:
    from matplotlib.figure import Figure


@drawing
def traversal_curves(subject: Subject, style: Style, places: Sequence[int]) -> "Figure":
    """How the output changes from that of an observation as each latent moves from its least to its largest code.

    Args:
        subject: whose outputs are vectors.
        style: how it looks.
        places: which of the explored latents, in the order of their panels.
    """
    import matplotlib
    from matplotlib.cm import ScalarMappable

    found = subject.exploration
    across = min(len(places), 4 if style.width > 5 else 2)
    down = -(-len(places) // across)
    figure = paper_figure(style, 0.4 + 0.95 * down)
    panels = figure.subplots(down, across, sharex=True, sharey=True, squeeze=False)
    colours = matplotlib.colormaps["viridis"]
    steps = found.values.shape[-1]
    outputs = found.images[0, list(places)].cpu()
    own = outputs[torch.arange(len(places)), found.home[0, list(places)].cpu()]
    changes, unit = in_powers_of_ten((outputs - own[:, None]).numpy())
    for axes, place, change in zip(panels.flat, places, changes, strict=False):
        for step in range(steps):
            axes.plot(change[step], color=colours(step / (steps - 1)), linewidth=0.6)
        label = f"$z_{{{found.latents[place]}}}$  {float(subject.strength[place]):.2f}"
        axes.set_title(label, fontsize=LETTERS, loc="left", pad=2)
        axes.tick_params(labelsize=SMALL_LETTERS, length=2)
    for axes in panels.flat[len(places) :]:
        axes.set_axis_off()
    bar = figure.colorbar(ScalarMappable(cmap=colours), ax=panels, ticks=[0, 1], aspect=30, pad=0.01)
    bar.ax.set_yticklabels(["least\ncode", "largest\ncode"], fontsize=SMALL_LETTERS)
    figure.supxlabel("element", fontsize=LETTERS)
    figure.supylabel(f"change of the output{unit}", fontsize=LETTERS)
    return figure
