"""Latent traversals: what happens to the output as one latent moves while the others stay."""

from collections.abc import Callable

import torch
from torch import Tensor

from sae_src.methods import mean_of
from sae_src.pictures.images import as_images, middle_factors
from sae_src.pictures.latent_distributions import latent_distributions
from sae_src.pictures.picture import Picture, Scene

SAMPLES, STEPS = 16, 20
FRAMES_PER_SECOND = 12


def traverse(latent: Tensor, decode: Callable[[Tensor], Tensor], steps: int = STEPS) -> Tensor:
    """Decode latents (N, D) with each dimension in turn moved from its minimum to its maximum over the N samples.

    Returns (N, D, steps, *output size). No gradients.
    """
    count, dimensions = latent.shape
    weights = torch.linspace(0, 1, steps, device=latent.device, dtype=latent.dtype)
    low, high = latent.amin(dim=0), latent.amax(dim=0)
    columns = []
    with torch.no_grad():
        for dimension in range(dimensions):
            moved = latent.unsqueeze(1).repeat(1, steps, 1)
            moved[:, :, dimension] = low[dimension] + weights * (high[dimension] - low[dimension])
            outputs = decode(moved.view(count * steps, dimensions))
            columns.append(outputs.view(count, steps, *outputs.shape[1:]))
    return torch.stack(columns, dim=1)


def effects(traversals: Tensor) -> Tensor:
    """How much moving each dimension changes the image: (N, D, steps, C, H, W) to (N, D).

    The absolute difference between images half a traversal apart: maximum over channels, mean over steps and pixels.
    """
    half = traversals.shape[2] // 2
    difference = (traversals[:, :, half:] - traversals[:, :, :-half]).abs()
    return difference.amax(dim=3).mean(dim=(2, 3, 4))


def animation_frames(traversals: Tensor, sample: int = 1) -> Tensor:
    """The traversals of one sample as frames (steps, C, height, width), with a tile for each dimension."""
    tiles = traversals[min(sample, len(traversals) - 1)]  # D, steps, C, H, W
    rows, columns = middle_factors(len(tiles))
    _, steps, channels, height, width = tiles.shape
    grid = tiles.view(rows, columns, steps, channels, height, width)
    return grid.permute(2, 3, 0, 4, 1, 5).reshape(steps, channels, rows * height, columns * width)


def draw(scene: Scene) -> dict[str, Tensor]:
    """Write the figure `distrib` and the animation `traversals`; returns `diffs` (16, D), the effects."""
    latent = mean_of(scene.result["latent"])
    traversals = traverse(latent[:SAMPLES], lambda moved: as_images(scene.decode(moved)))
    scene.may_stop()
    effect = effects(traversals)
    scene.may_stop()
    scene.writer.figure(scene.tag("distrib"), latent_distributions(latent, effect), scene.step)
    scene.may_stop()
    shown = scene.to_look_at(traversals[:2].flatten(0, 2))  # the animation shows the second sample
    frames = animation_frames(shown.unflatten(0, (-1, *traversals.shape[1:3])))
    scene.writer.animation(scene.tag("traversals"), frames, FRAMES_PER_SECOND, scene.step, before_each=scene.may_stop)
    return {"diffs": effect}


PICTURE = Picture("traversals", draw, is_slow=True)
