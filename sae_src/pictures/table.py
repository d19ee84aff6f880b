"""The pictures: one line for the module of each. All else stands in the module, see `sae_src.pictures.picture`."""

from collections.abc import Mapping
from importlib import import_module

from sae_src.pictures.picture import Picture

_MODULES = (
    "sae_src.pictures.hybrid_samples",
    "sae_src.pictures.latents",
    "sae_src.pictures.prior_samples",
    "sae_src.pictures.reconstructions",
    "sae_src.pictures.traversals",
)


def all_pictures() -> Mapping[str, Picture]:
    """Every picture by its name, in the order of the table; the modules are imported when this is first called."""
    pictures = [import_module(module).PICTURE for module in _MODULES]
    assert all(isinstance(picture, Picture) for picture in pictures)
    named = {picture.name: picture for picture in pictures}
    assert len(named) == len(pictures), "two pictures of one name"
    return named
