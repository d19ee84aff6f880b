"""Everything that a config can name, one line each: importing this module registers it all."""

# ruff: noqa: F401
import omnilearn.data.sets.celeba
import omnilearn.data.sets.cifar
import omnilearn.data.sets.dsprites
import omnilearn.data.sets.mnist
import omnilearn.data.sets.mpi3d
import omnilearn.data.sets.shapes3d
import omnilearn.data.sets.svhn
import omnilearn.data.shapes.dataset
import omnilearn.layers.conv
import omnilearn.layers.criteria
import omnilearn.layers.dense
import omnilearn.layers.gaussian_output
import omnilearn.layers.multilayer
import omnilearn.optim.optimisers
import omnilearn.optim.schedules
import sae_src.baseline
import sae_src.commands.run_naming
import sae_src.datasets
import sae_src.decoders
import sae_src.hybrid
import sae_src.ladder
import sae_src.methods
import sae_src.pictures.visualiser
import sae_src.priors
import sae_src.sample_quality.measures
import sae_src.scm
import sae_src.structure_modules
