"""Everything that a config can name: importing this module registers it all."""

# ruff: noqa: F401
from omnilearn import layers
from omnilearn.data.sets import celeba, cifar, dsprites, mnist, mpi3d, shapes3d, svhn
from omnilearn.data.shapes import dataset
from omnilearn.layers import criteria
from omnilearn.optim import optimisers, schedules
from sae_src import baseline, datasets, decoders, hybrid, ladder, methods, priors, scm, structure_modules
from sae_src.commands import run_naming
from sae_src.pictures import visualiser
from sae_src.sample_quality import measures
