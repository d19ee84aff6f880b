"""The parts of an experiment from its config, in the order and with the seeds of the published system.

1. Everything is seeded, the dataset is built, and its split is drawn.
2. Everything is seeded again, and the model is built: encoder first to last layer, decoder last to first.
3. Everything is seeded once more; training draws its noise from there.
"""

from typing import Any

from torch.nn import Parameter

from omnilearn.config import Node, build, call, find, read_key
from omnilearn.config.components import component_of
from omnilearn.config.nodes import says_type
from omnilearn.config.recorder import recorder_of
from omnilearn.config.signatures import parameters
from omnilearn.data import Data, Dataset, Loading
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
    recorder_of(config).declare(config, {"dataset": Dataset})
    node = find(config, "dataset")
    if node is None or not says_type(node):
        raise ConfigError("there is no dataset: name a config of d/, such as d/vec")
    loading = call(Loading, node, _inherit=False)
    seed_everything(seed_of(node))
    dataset = build(node, Dataset)
    return loading.cut(dataset)


def build_model(config: Node, din: Size | None = None, *, dataset_size: int | None = None) -> Model:
    """The model of a config, on the CPU.

    Args:
        config: the config.
        din: size of the observations (default: the config's own `din`).
        dataset_size: number of observations to train on, for a method that asks for it (`takes_dataset_size`).
    """
    recorder_of(config).declare(config, {"model": Model})
    node = find(config, "model")
    if node is None or not says_type(node):
        raise ConfigError("there is no model: name an architecture of a/ and a method of m/, such as a/conv12 m/ae")
    seed = seed_of(node)
    seed_everything(seed)
    found: dict[str, Any] = {} if din is None else {"din": din, "dout": din}
    if dataset_size is not None and takes_dataset_size(config):
        found["dataset_size"] = dataset_size
    model = build(node, Model, **found)
    seed_everything(seed)
    return model


def takes_dataset_size(config: Node) -> bool:
    """Whether the model of a config asks for the number of observations to train on, and the config does not say it."""
    node = find(config, "model")
    kind = None if node is None else component_of(node)
    if node is None or kind is None or "dataset_size" not in parameters(kind):
        return False
    return find(node, "dataset_size") is None


def build_optimisers(config: Node, model: Model) -> dict[str, Optimiser]:
    """The optimisers of a model, by the names of the losses that they lower.

    `loss` has the optimiser `model.optim` of the config, for all parameters but those of the parts `trained_apart`. The
    loss of such a part, `PART_loss`, has `model.PART.optim`, for the parameters of the part. What is frozen has none.
    """
    apart = {f"{name}_loss": model.get_submodule(name) for name in model.trained_apart}
    others = {parameter for part in apart.values() for parameter in part.parameters()}
    optimisers = {"loss": _optimiser(config, "model", [p for p in model.parameters() if p not in others])}
    for name, (loss, part) in zip(model.trained_apart, apart.items(), strict=True):
        if name in model.frozen:
            continue
        optimisers[loss] = _optimiser(config, f"model.{name}", list(part.parameters()))
    return optimisers


def _optimiser(config: Node, place: str, params: list[Parameter]) -> Optimiser:
    above = find(config, place)
    node = None if above is None else find(above, "optim")
    if node is None:
        raise ConfigError(f"there is no optimiser: set {place}.optim, for example --{place}.optim._type adam")
    return build(node, Optimiser, params=[p for p in params if p.requires_grad])
