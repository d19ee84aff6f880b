"""Datasets of the paper that need no files: vectors from a random network."""

import torch
from torch import Tensor

from omnilearn.config.registry import Builder, component
from omnilearn.data import Dataset
from omnilearn.layers import Layer


@component("random-net")
class RandomNet(Dataset):
    """Vectors x = net(z) with z ~ N(0, I) and a network with random weights that never change.

    The seed decides the network and the samples, whatever they are used for: there is no separate test set, and the
    test mode gives all the observations, those trained on included (kept from the published system).

    Args:
        num_samples: number of observations.
        num_nodes: number of normal variables z, the factors.
        out_dim: length of an observation (num_nodes where `net` is None).
        net: builder of the network; None for the identity.
        seed: seed of the samples; the weights come from torch's global generator.
    """

    config = "d/vec"

    def __init__(
        self,
        num_samples: int = 100_000,
        num_nodes: int = 8,
        out_dim: int = 100,
        *,
        net: Builder[Layer] | None = None,
        seed: int = 0,
    ) -> None:
        for name, value in (("num_samples", num_samples), ("num_nodes", num_nodes), ("out_dim", out_dim)):
            if value < 1:
                raise ValueError(f"{name} must be at least 1, got {value}")
        self.num_samples, self.num_nodes, self.seed = num_samples, num_nodes, seed
        self.net = None if net is None else net(din=num_nodes, dout=out_dim).requires_grad_(False)
        self.din = num_nodes if self.net is None else out_dim
        self.factor_names = [str(i) for i in range(num_nodes)]
        self._variables: Tensor | None = None
        self._observations: Tensor | None = None

    def __len__(self) -> int:
        return self.num_samples

    @property
    def variables(self) -> Tensor:
        """The variables z (N, num_nodes) behind the observations, on the CPU."""
        if self._variables is None:
            self._variables = self.draw_variables()
        return self._variables

    def draw_variables(self) -> Tensor:
        """Draw the variables z (N, num_nodes) of all observations; the same at every call."""
        generator = torch.Generator().manual_seed(self.seed)
        return torch.randn(self.num_samples, self.num_nodes, generator=generator)

    @property
    def observations(self) -> Tensor:
        """All observations (N, *din), on the dataset's device."""
        if self._observations is None:
            self._observations = self.observe(self.variables)
        if self._observations.device != self.device:
            self._observations = self._observations.to(self.device)
        return self._observations

    def observe(self, variables: Tensor) -> Tensor:
        """The observations (B, *din) of variables (B, num_nodes), on the CPU."""
        return variables if self.net is None else self.net(variables)

    def labels(self, indices: Tensor) -> Tensor:
        """The variables (B, num_nodes), float32, behind the observations at `indices` (B,)."""
        return self.variables.index_select(0, indices.cpu())

    def batch(self, indices: Tensor) -> Tensor:
        """The observations (B, *din) at `indices` (B,)."""
        return self.observations.index_select(0, indices.to(self.device, non_blocking=True))
