"""Everything that a config can name: importing this module registers it all."""

# ruff: noqa: F401
from omnilearn import criteria, layers, optimisers, schedules
from sae_src import (
    baseline,
    datasets,
    decoders,
    hybrid,
    ladder,
    methods,
    naming,
    priors,
    structure_modules,
    visualise,
)
