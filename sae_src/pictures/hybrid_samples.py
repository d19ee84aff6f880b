"""The image `gen-hybrid`: 16 hybrid samples, of methods that are hybrid."""

from sae_src.hybrid import Hybrid
from sae_src.pictures.picture import Picture, Scene


def draw(scene: Scene) -> None:
    """Write decoded hybrids, once there are latents to recombine."""
    if isinstance(scene.model, Hybrid) and scene.model.has_latents:
        scene.write_images("gen-hybrid", scene.decode(scene.model.sample_hybrid(16)), columns=4)


PICTURE = Picture("gen-hybrid", draw)
