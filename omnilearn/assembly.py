"""The parts of an experiment from its config, in the order and with the seeds of the published system.

1. Everything is seeded, the dataset is built, and its split is drawn.
2. Everything is seeded again, and the model is built: encoder first to last layer, decoder last to first.
3. Everything is seeded once more; training draws its noise from there.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

import torch
from torch import nn

from omnilearn.config import Node, build, call, find
from omnilearn.data import BatchOrder, Dataset, Part, split
from omnilearn.errors import ConfigError, UserError
from omnilearn.layers import Size
from omnilearn.optimisers import Optimiser
from omnilearn.randomness import LARGEST_SEED, seed_everything


@dataclass(frozen=True)
class Loading:
    """How a dataset is cut into parts and batches."""

    batch_size: int = 128
    shuffle: bool = True
    drop_last: bool = False
    split: Mapping[str, float] = field(default_factory=dict)
    shuffle_split: bool = True

    def __post_init__(self) -> None:
        if self.batch_size < 1:
            raise UserError(f"dataset.batch_size must be at least 1, got {self.batch_size}")

    def training_order(self, part: Part, seed: int) -> BatchOrder:
        """The batches to train on, the first epoch shuffled by `seed`."""
        return BatchOrder(len(part), self.batch_size, seed, shuffle=self.shuffle, drop_last=self.drop_last)

    def evaluation_order(self, part: Part, seed: int) -> BatchOrder:
        """The batches of one pass, shuffled by `seed`; a part smaller than a batch is one batch.

        Published evaluations leave out a last batch that is not full (9,984 of 10,000), and so does `drop_last` here.
        """
        drop_last = self.drop_last and len(part) >= self.batch_size
        return BatchOrder(len(part), self.batch_size, seed, shuffle=self.shuffle, drop_last=drop_last)


@dataclass(frozen=True)
class Data:
    """A dataset cut into parts, and how its batches are made."""

    parts: Mapping[str, Part]
    loading: Loading

    @property
    def dataset(self) -> Dataset:
        """The dataset of all parts."""
        return self.parts["train"].dataset

    def has_part(self, mode: str) -> bool:
        """Whether `part` knows that name."""
        return mode in self.parts or mode in ("test", "full")

    def part(self, mode: str) -> Part:
        """`train`, `val` or another part by name; `test` is the dataset's own test set; `full` all there is."""
        if mode in self.parts:
            return self.parts[mode]
        if mode in ("test", "full"):
            dataset = self.dataset.in_mode(mode)
            return Part(dataset, torch.arange(len(dataset)))
        raise UserError(f"mode: there is no part '{mode}': there are {', '.join((*self.parts, 'test', 'full'))}")


@dataclass(frozen=True)
class _Seeded:
    """The key that seeds whatever is built at a node."""

    seed: int = 0

    def __post_init__(self) -> None:
        if not 0 <= self.seed <= LARGEST_SEED:
            raise ConfigError(f"seed: must be between 0 and {LARGEST_SEED}, got {self.seed}")


def seed_of(config: Node) -> int:
    """The `seed` that a config node sees (default 0).

    Raises `ConfigError` where it is not between 0 and 2^32 - 1.
    """
    return call(_Seeded, config).seed


def build_data(config: Node) -> Data:
    """The dataset of a config, cut into its parts."""
    node = find(config, "dataset")
    if node is None or node.has_payload or "_type" not in node:
        raise ConfigError("there is no dataset: name a config of d/, such as d/vec")
    loading = call(Loading, node, _inherit=False)
    seed_everything(seed_of(node))
    dataset = build(node, Dataset)
    return Data(split(dataset, loading.split, shuffle=loading.shuffle_split), loading)


def build_model(config: Node, din: Size | None = None) -> nn.Module:
    """The model of a config for observations of size `din` (default: the config's own `din`), on the CPU."""
    node = find(config, "model")
    if node is None or node.has_payload or "_type" not in node:
        raise ConfigError("there is no model: name an architecture of a/ and a method of m/, such as a/conv12 m/ae")
    seed = seed_of(node)
    seed_everything(seed)
    model = build(node, nn.Module) if din is None else build(node, nn.Module, din=din, dout=din)
    seed_everything(seed)
    return model


def build_optimiser(config: Node, model: nn.Module) -> Optimiser:
    """The optimiser `model.optim` of a config for all parameters of a model."""
    model_node = find(config, "model")
    node = None if model_node is None else find(model_node, "optim")
    if node is None:
        raise ConfigError("there is no optimiser: set model.optim, for example --model.optim._type adam")
    return build(node, Optimiser, params=[p for p in model.parameters() if p.requires_grad])


def pick_device(name: str | None) -> torch.device:
    """The device of that name; by default the GPU where there is one, else the CPU.

    Raises `UserError` for a device that this machine does not have.
    """
    if name is None:
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    try:
        device = torch.device(name)
        if device.type not in ("cpu", "cuda"):
            raise UserError(f"device: expected cpu, cuda or cuda:N, got '{name}'")
        torch.empty(0, device=device)
    except (RuntimeError, AssertionError) as error:
        first_line = str(error).split("\n")[0]
        raise UserError(f"device: cannot use '{name}' on this machine: {first_line}") from None
    return device


def to_device(network: nn.Module, device: torch.device) -> nn.Module:
    """A network on its device, with the channels of its convolutions last in memory.

    Images go through them in two thirds of the time on a CPU, and faster on a GPU too; vectors do not mind.
    """
    return network.to(device, memory_format=torch.channels_last)
