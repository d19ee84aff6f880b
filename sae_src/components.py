"""Everything that a config can name: importing this module registers it all."""

from omnilearn import criteria, layers, optimisers, schedules
from sae_src import baseline, datasets, decoders, hybrid, ladder, methods, priors, structure_modules

__all__ = [
    "baseline",
    "criteria",
    "datasets",
    "decoders",
    "hybrid",
    "ladder",
    "layers",
    "methods",
    "optimisers",
    "priors",
    "schedules",
    "structure_modules",
]
