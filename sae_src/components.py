"""Everything that a config can name: importing this module registers it all."""

# ruff: noqa: F401
from omnilearn import criteria, layers, optimisers, schedules
from omnilearn.data import celeba, cifar, dsprites, mnist, mpi3d, shapes, shapes3d, svhn
from sae_src import (
    baseline,
    datasets,
    decoders,
    hybrid,
    ladder,
    methods,
    naming,
    priors,
    sample_distances,
    scm,
    structure_modules,
    visualise,
)
