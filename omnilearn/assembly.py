"""The parts of an experiment from its config, in the order and with the seeds of the published system.

1. Everything is seeded, the dataset is built, and its split is drawn.
2. Everything is seeded again, and the model is built: encoder first to last layer, decoder last to first.
3. Everything is seeded once more; training draws its noise from there.
"""

from omnilearn.config import Node, build, call, find, read_key
from omnilearn.data import Data, Dataset, Loading, split
from omnilearn.errors import ConfigError
from omnilearn.layers import Size
from omnilearn.model import Model
from omnilearn.optim.optimisers import Optimiser
from omnilearn.randomness import LARGEST_SEED, seed_everything


def seed_of(config: Node) -> int:
    """The `seed` that a config node sees (default 0).

    Raises `ConfigError` where it is not between 0 and 2^32 - 1.
    """
    seed = read_key(config, "seed", int, 0)
    if not 0 <= seed <= LARGEST_SEED:
        raise ConfigError(f"seed: must be between 0 and {LARGEST_SEED}, got {seed}")
    return seed


def build_data(config: Node) -> Data:
    """The dataset of a config, cut into its subsets."""
    node = find(config, "dataset")
    if node is None or node.has_payload or "_type" not in node:
        raise ConfigError("there is no dataset: name a config of d/, such as d/vec")
    loading = call(Loading, node, _inherit=False)
    seed_everything(seed_of(node))
    dataset = build(node, Dataset)
    return Data(split(dataset, loading.split, shuffle=loading.shuffle_split), loading)


def build_model(config: Node, din: Size | None = None) -> Model:
    """The model of a config for observations of size `din` (default: the config's own `din`), on the CPU."""
    node = find(config, "model")
    if node is None or node.has_payload or "_type" not in node:
        raise ConfigError("there is no model: name an architecture of a/ and a method of m/, such as a/conv12 m/ae")
    seed = seed_of(node)
    seed_everything(seed)
    model = build(node, Model) if din is None else build(node, Model, din=din, dout=din)
    seed_everything(seed)
    return model


def build_optimiser(config: Node, model: Model) -> Optimiser:
    """The optimiser `model.optim` of a config for all parameters of a model."""
    model_node = find(config, "model")
    node = None if model_node is None else find(model_node, "optim")
    if node is None:
        raise ConfigError("there is no optimiser: set model.optim, for example --model.optim._type adam")
    return build(node, Optimiser, params=[p for p in model.parameters() if p.requires_grad])
