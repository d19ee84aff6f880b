"""The reference batches of losses."""

import pytest
import torch

from omnilearn.layers import Layer
from tests.sae_src.further_methods.methods import METHODS, posterior_of
from tests.sae_src.metrics.reference import MORE, array

SETS = ("formula", "random")


every_set = pytest.mark.parametrize("name", SETS)


every_method = pytest.mark.parametrize("method", METHODS)


def tensor(name: str, key: str) -> torch.Tensor:
    return torch.tensor(array(f"loss_{name}_{key}"))


def reference_batch(name: str):
    """Posteriors, samples of them and the reference numbers of a set."""
    return posterior_of(tensor(name, "mu"), tensor(name, "logvar")), tensor(name, "z"), MORE["losses"][name]


def total(penalties) -> float:
    return sum(float(weight) * value.item() for weight, value in penalties.values())


class ReferenceDiscriminator(Layer):
    """The discriminator of the reference numbers."""

    def __init__(self, name: str) -> None:
        super().__init__()
        for key in ("W1", "b1", "W2", "b2"):
            self.register_parameter(key, torch.nn.Parameter(tensor(name, f"disc_{key}")))

    def forward(self, latents: torch.Tensor) -> torch.Tensor:
        return torch.nn.functional.leaky_relu(latents @ self.W1 + self.b1, 0.2) @ self.W2 + self.b2
