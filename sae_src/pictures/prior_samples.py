"""The image `gen-prior`: 16 samples from the prior, of methods that have one."""

from sae_src.pictures.picture import Picture, Scene


def draw(scene: Scene) -> None:
    """Write decoded draws of the prior."""
    if scene.model.prior is not None:
        scene.write_images("gen-prior", scene.decode(scene.model.sample_prior(16)), columns=4)


PICTURE = Picture("gen-prior", draw)
