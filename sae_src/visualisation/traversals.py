"""The figure `traversals`: what happens to an output as one latent moves, the latents that respond most first."""

from typing import TYPE_CHECKING

import torch

from omnilearn.tensorboard.writer import gif
from sae_src.pictures.images import labelled, resized
from sae_src.pictures.traversals import animation_frames
from sae_src.report.observations import FactorTraversal
from sae_src.visualisation.paper import Style
from sae_src.visualisation.paper_figure import VECTORS, PaperFigure
from sae_src.visualisation.subject import Subject
from sae_src.visualisation.tiles import Row, tile_figure
from sae_src.visualisation.traversal_curves import traversal_curves

if TYPE_CHECKING:
    from matplotlib.figure import Figure

MOST_LATENTS = 16
_FRAMES_PER_SECOND = 8


def draw(subject: Subject, style: Style) -> "Figure":
    """Draw a row for each latent, from its least to its largest code, and below them the traversals of the factors."""
    if subject.kind == "vectors":
        return traversal_curves(subject, style, subject.order[:MOST_LATENTS])
    found = subject.exploration
    rows = []
    for rank, place in enumerate(subject.order[:MOST_LATENTS]):
        rows.append(
            Row(
                found.images[0, place],
                f"$z_{{{found.latents[place]}}}$",
                f"{float(subject.strength[place]):.2f}",
                marked=int(found.home[0, place]),
                above=("least code", "decoded", "largest code") if rank == 0 else ("", "", ""),
                above_right="" if rank else "response",
            )
        )
    for rank, factor in enumerate(subject.explored.factors):
        images, home = _at_most(factor, subject.amounts.steps)
        above = ("first value", "observations", "last value") if rank == 0 else ("", "", "")
        rows.append(Row(images, factor.name.replace("_", " "), marked=home, above=above, space=0 if rank else 0.1))
    return tile_figure(rows, style)


def animate(subject: Subject) -> bytes:
    """An animated GIF with a tile for each latent in the order of the figure, there and back."""
    places = subject.order[:MOST_LATENTS]
    images = subject.exploration.images[0, places]
    tiles = resized(images.flatten(0, 1)).unflatten(0, images.shape[:2]).float().cpu()
    names = [f"z{subject.exploration.latents[place]}" for place in places]
    frames = animation_frames(
        torch.stack([labelled(tile, name) for tile, name in zip(tiles, names, strict=True)])[None]
    )
    return gif(torch.cat([frames, frames[1:-1].flip(0)]), _FRAMES_PER_SECOND)


def _at_most(factor: FactorTraversal, steps: int) -> "tuple[torch.Tensor, int]":
    """A factor's traversal of the first observation with that many images at most, and which is the observation."""
    images, home = factor.images[0], factor.home[0]
    if len(images) <= steps:
        return images, home
    places = torch.linspace(0, len(images) - 1, steps).round().long()
    nearest = int((places - home).abs().argmin())
    places[nearest] = home
    return images[places], nearest


FIGURE = PaperFigure("traversals", "Latent traversals", draw, VECTORS, animate=animate)
