"""The reference batches and numbers of losses, and how they are compared.

The numbers were computed in double precision, with z = mu + exp(logvar / 2) eps, and have ten digits.
"""

from types import SimpleNamespace

import numpy as np
import pytest
import torch
from torch.nn import functional as F

from sae_src import kl_decomposition
from tests.sae_src.metrics.reference import MORE, array

SETS = ("formula", "random")


ESTIMATORS = {"mws": "mws", "mss": "mss_paper", "published": "mss_published_matrix"}


every_set = pytest.mark.parametrize("name", SETS)


def assert_close(actual, expected, tolerance=1e-9) -> None:
    """Close relative to max(1, |value|)."""
    actual = actual.detach().numpy() if isinstance(actual, torch.Tensor) else np.asarray(actual)
    np.testing.assert_allclose(actual, np.asarray(expected, dtype=float), rtol=tolerance, atol=tolerance)


def tensor(set_name: str, name: str, dtype=torch.float64) -> torch.Tensor:
    values = torch.tensor(array(f"loss_{set_name}_{name}"))
    return values.to(dtype) if values.is_floating_point() else values


def batch(name: str, dtype=torch.float64) -> SimpleNamespace:
    """Means and log variances with gradients, the samples that they make, and the reference numbers of a set."""
    mu, logvar = (tensor(name, key, dtype).requires_grad_() for key in ("mu", "logvar"))
    scale = (logvar / 2).exp()
    samples = mu + scale * tensor(name, "eps", dtype)
    expected = MORE["losses"][name]
    return SimpleNamespace(mu=mu, logvar=logvar, scale=scale, samples=samples, expected=expected)


def gradients(loss: torch.Tensor, *inputs: torch.Tensor) -> list[torch.Tensor]:
    found = torch.autograd.grad(loss, inputs, allow_unused=True, retain_graph=True)
    return [torch.zeros_like(each) if grad is None else grad for each, grad in zip(inputs, found, strict=True)]


def assert_gradients(loss: torch.Tensor, inputs: dict[str, torch.Tensor], expected: dict, tolerance=1e-9) -> None:
    for (name, each), grad in zip(inputs.items(), gradients(loss, *inputs.values()), strict=True):
        assert_close(grad, torch.zeros_like(each) if expected[name] is None else expected[name], tolerance)


def weights(batch_size: int, dataset_size: int, estimator: str) -> torch.Tensor:
    like = torch.zeros(1, dtype=torch.float64)
    return kl_decomposition._log_weights(batch_size, dataset_size, estimator, like).exp()


def logits_of(name: str, samples: torch.Tensor, weights: dict[str, torch.Tensor]) -> torch.Tensor:
    hidden = F.leaky_relu(samples @ weights["W1"] + weights["b1"], 0.2)
    return hidden @ weights["W2"] + weights["b2"]
