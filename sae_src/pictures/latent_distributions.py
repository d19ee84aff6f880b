"""Figures of latents."""

from typing import TYPE_CHECKING

from torch import Tensor

from omnilearn.figures import drawing, new_figure

if TYPE_CHECKING:
    from matplotlib.figure import Figure


@drawing
def latent_distributions(latent: Tensor, effect: Tensor) -> "Figure":
    """Two violin plots one above the other: the latents (N, D), and the effects (M, D) of moving each of them."""
    figure = new_figure(figsize=(max(6.0, 0.5 * latent.shape[1] + 1.5), 5.5), layout="constrained")
    upper, lower = figure.subplots(2, 1, sharex=True)
    positions = range(latent.shape[1])
    for axes, values, label in ((upper, latent, "latent"), (lower, effect, "effect of a traversal")):
        axes.violinplot(values.detach().float().cpu().numpy(), positions=list(positions), widths=0.8, showmedians=True)
        axes.set_ylabel(label)
        axes.grid(axis="y", alpha=0.3)
    lower.set_xticks(list(positions))
    lower.set_xlabel("dimension")
    upper.set_title("Latents, and how much moving each one changes the output")
    return figure
