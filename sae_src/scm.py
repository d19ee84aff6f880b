"""Linear structural causal models: random ones, the data they generate, and interventions on them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple

import torch
from torch import Tensor

from omnilearn.config.registry import Builder, component
from omnilearn.layers import Layer
from omnilearn.randomness import next_epoch_seed, seed_everything
from sae_src.datasets import RandomNet

# normal: N(0, 1); gaussian: N(0, s^2) with s from 0.1 for the first variable to 3 for the last; exponential: rate 1.
Noise = Literal["normal", "gaussian", "exponential"]

_LARGEST_WEIGHT, _SMALLEST_WEIGHT = 5.0, 0.5
_LARGEST_VALUE = 5.0  # of an intervention


@dataclass(frozen=True)
class LinearSCM:
    """Variables x_i = sum_j W[j, i] x_j + noise_i on an acyclic graph.

    Attributes:
        weights: W (n, n), float32; an entry other than 0 is an edge from its row to its column.
        order: the variables, causes before effects.
        noise: distribution of the noise.
        seed: the seed that the graph and the weights were drawn with.
    """

    weights: Tensor
    order: tuple[int, ...]
    noise: Noise = "normal"
    seed: int = 0

    @property
    def adjacency(self) -> Tensor:
        """Whether there is an edge (n, n) from the variable of the row to that of the column."""
        return self.weights != 0

    def sample(
        self, count: int, interventions: Mapping[int, float] | None = None, *, generator: torch.Generator | None = None
    ) -> Tensor:
        """Draw the variables (count, n).

        A variable with an intervention has that value in every sample, whatever its causes: do(x_i = value). The noise
        of the other variables is the same with and without interventions for the same state of the generator.

        Args:
            count: number of samples.
            interventions: value of each variable that is intervened on.
            generator: where the noise comes from; by default torch's global generator.
        """
        noise = self._draw_noise(count, generator)
        values = torch.zeros_like(noise)
        for i in self.order:
            if interventions is not None and i in interventions:
                values[:, i] = interventions[i]
            else:
                values[:, i] = values @ self.weights[:, i] + noise[:, i]
        return values

    def _draw_noise(self, count: int, generator: torch.Generator | None) -> Tensor:
        size = (count, len(self.order))
        if self.noise == "exponential":
            return torch.empty(size).exponential_(generator=generator)
        noise = torch.randn(size, generator=generator)
        return noise * torch.linspace(0.1, 3, size[1]) if self.noise == "gaussian" else noise


def random_scm(num_nodes: int, seed: int, noise: Noise = "normal") -> LinearSCM:
    """A random linear model on a directed Erdos-Renyi graph with one expected cause for each variable.

    Seeds follow each other from `seed` on, as those of epochs do, until one gives a graph without a cycle; that one
    then seeds python, numpy and torch, whose global generator draws the weights: uniform in (-5, 5), at least 0.5 in
    size.
    """
    import networkx as nx

    probability = {1: 0.0, 2: 0.8}.get(num_nodes, 1 / max(num_nodes - 1, 1))
    while True:
        seed = next_epoch_seed(seed)
        graph = nx.fast_gnp_random_graph(num_nodes, probability, seed=seed, directed=True)
        if nx.is_directed_acyclic_graph(graph):
            break
    seed_everything(seed)
    order = tuple(nx.topological_sort(graph))
    weights = torch.zeros(num_nodes, num_nodes)
    for effect in order:
        for cause in graph.predecessors(effect):
            weights[cause, effect] = _draw_weight()
    return LinearSCM(weights, order, noise, seed)


def _draw_weight() -> float:
    while True:
        weight = torch.empty(()).uniform_(-_LARGEST_WEIGHT, _LARGEST_WEIGHT).item()
        if abs(weight) >= _SMALLEST_WEIGHT:
            return weight


@component("random-scm")
class RandomSCM(RandomNet):
    """Vectors x = net(z) where the variables z follow a random linear structural causal model.

    As with `RandomNet` there is no separate test set.

    Args:
        num_samples: number of observations.
        num_nodes: number of variables z, the factors.
        out_dim: length of an observation (num_nodes where `net` is None).
        net: builder of the network; None for the identity.
        seed: seed of the model and of the samples; the network's weights come from torch's global generator.
        noise: distribution of the noise of each variable.

    Attributes:
        scm: the model.
    """

    config = "d/scm"

    def __init__(
        self,
        num_samples: int = 100_000,
        num_nodes: int = 8,
        out_dim: int = 100,
        *,
        net: Builder[Layer] | None = None,
        seed: int = 0,
        noise: Noise = "normal",
    ) -> None:
        super().__init__(num_samples, num_nodes, out_dim, net=net, seed=seed)
        self.scm = random_scm(num_nodes, seed, noise)

    def draw_variables(self) -> Tensor:
        """Draw the variables z (N, num_nodes) of all observations; the same at every call."""
        return self.scm.sample(self.num_samples, generator=torch.Generator().manual_seed(self.scm.seed))


class Intervened(NamedTuple):
    """Samples under an intervention: variables (B, num_nodes), and their observations (B, *din) on the CPU."""

    variables: Tensor
    observations: Tensor


@component("scm-interventions")
class SCMInterventions:
    """Draws from a random structural causal model under interventions.

    Noise and values come from torch's global generator.

    Args:
        dataset: the data of the model.
        batch_size: samples drawn at a time where no other number is asked for.
    """

    def __init__(self, dataset: RandomSCM, *, batch_size: int = 128) -> None:
        if batch_size < 1:
            raise ValueError(f"batch_size must be at least 1, got {batch_size}")
        self.dataset, self.batch_size = dataset, batch_size

    @property
    def adjacency(self) -> Tensor:
        """Whether there is an edge (n, n) from the variable of the row to that of the column."""
        return self.dataset.scm.adjacency

    def intervene(self, node: int, value: float | None = None, *, count: int | None = None) -> Intervened:
        """Draw `count` samples with one variable set to `value`, by default one value uniform in (-5, 5) for all."""
        self._check(node)
        return self._draw({node: _draw_value() if value is None else value}, count)

    def full_intervention(
        self, node: int, values: Sequence[float] | None = None, *, count: int | None = None
    ) -> Intervened:
        """Draw `count` samples with every variable but `node` set to a value, so that only its noise remains.

        Args:
            node: the variable that keeps its mechanism.
            values: the value of each variable, that of `node` ignored; by default uniform in (-5, 5).
            count: number of samples; by default the batch size.
        """
        self._check(node)
        nodes = self.dataset.num_nodes
        if values is None:
            values = [_draw_value() for _ in range(nodes)]
        if len(values) != nodes:
            raise ValueError(f"expected {nodes} values, got {len(values)}")
        return self._draw({i: float(values[i]) for i in range(nodes) if i != node}, count)

    def _draw(self, interventions: Mapping[int, float], count: int | None) -> Intervened:
        variables = self.dataset.scm.sample(count or self.batch_size, interventions)
        return Intervened(variables, self.dataset.observe(variables))

    def _check(self, node: int) -> None:
        if not 0 <= node < self.dataset.num_nodes:
            raise ValueError(f"node must be from 0 to {self.dataset.num_nodes - 1}, got {node}")


def _draw_value() -> float:
    return torch.empty(()).uniform_(-_LARGEST_VALUE, _LARGEST_VALUE).item()
