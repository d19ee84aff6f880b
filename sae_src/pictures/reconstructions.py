"""The image `rec`: eight observations above their reconstructions."""

import torch

from sae_src.pictures.picture import Picture, Scene


def draw(scene: Scene) -> None:
    """Write the first observations of the batch, or all of a smaller one, and their reconstructions."""
    pairs = torch.cat([scene.result["original"][:8], scene.result["reconstruction"][:8]])
    scene.write_images("rec", pairs, columns=len(pairs) // 2)


PICTURE = Picture("rec", draw)
