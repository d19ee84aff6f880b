"""Penalties of covariances, capacities and discrepancies, against reference numbers and their properties."""

import math

import pytest
import torch
from torch.distributions import Normal

from sae_src.divergences import (
    annealed_capacity,
    capacity_penalty,
    covariance_penalty,
    decompose_kl,
    kl_per_latent,
    maximum_mean_discrepancy,
)
from tests.sae_src.reference_losses import assert_close, assert_gradients, batch, every_set, tensor


@pytest.mark.parametrize("kind", ["i", "ii"])
@every_set
def test_covariance_penalty(name, kind):
    data = batch(name)
    expected = data.expected["dip"][kind]
    parts = [covariance_penalty(data.mu, data.scale, kind, off_diagonal=od, diagonal=d) for od, d in ((1, 0), (0, 1))]
    assert_close(parts[0], expected["off_diagonal"])
    assert_close(parts[1], expected["diagonal"])
    penalty = covariance_penalty(
        data.mu, data.scale, kind, off_diagonal=expected["lambda_od"], diagonal=expected["lambda_d"]
    )
    assert_close(penalty, expected["penalty"])
    assert_gradients(penalty, {"mu": data.mu, "logvar": data.logvar}, data.expected["dip"]["gradients"][kind])


def test_covariance_penalty_is_0_at_the_identity():
    corners = torch.tensor([[1.0, 1.0], [1.0, -1.0], [-1.0, 1.0], [-1.0, -1.0]])
    half = torch.full_like(corners, math.sqrt(0.5))
    weights = {"off_diagonal": 3.0, "diagonal": 7.0}
    assert covariance_penalty(corners, half, "i", **weights).item() == 0
    assert covariance_penalty(half * corners, half, "ii", **weights).item() == pytest.approx(0, abs=1e-12)
    assert covariance_penalty(corners[:1], half[:1], "i", **weights).item() == pytest.approx(14)


@every_set
def test_annealed_capacity(name):
    data = batch(name)
    kl = kl_per_latent(Normal(data.mu, data.scale)).sum(dim=1)
    assert_close(kl.mean(), data.expected["annealed"]["kl"])
    for row in data.expected["annealed"]["rows"]:
        capacity = annealed_capacity(row["step"], 25, 100000)
        assert capacity == pytest.approx(row["capacity"], abs=1e-12)
        assert_close(capacity_penalty(kl, capacity, weight=1000), row["penalty"])
        assert_close(capacity_penalty(kl, capacity, weight=1000, absolute="point"), row["penalty_per_sample_abs"])


def test_capacity_at_its_ends():
    kl = torch.tensor([1.0, 3.0])
    assert capacity_penalty(kl, 2.0, weight=10).item() == 0
    assert capacity_penalty(kl, 2.0, weight=10, absolute="point").item() == 10
    assert [annealed_capacity(step, 8, 4) for step in (0, 1, 4, 9)] == [0, 2, 8, 8]
    assert annealed_capacity(0, 8, 0) == 8


@pytest.mark.parametrize(("kernel", "reference"), [("multiscale", "imq"), ("gaussian", "rbf")])
@every_set
def test_maximum_mean_discrepancy(name, kernel, reference):
    data = batch(name)
    expected = data.expected["infovae"]
    discrepancy = maximum_mean_discrepancy(data.samples, tensor(name, "z_prior"), kernel)
    assert_close(discrepancy, expected[reference]["mmd"])
    kl = kl_per_latent(Normal(data.mu, data.scale)).sum(dim=1).mean()
    assert_close(kl, expected["kl"])
    alpha, weight = -0.5, 5
    assert_close((1 - alpha) * kl + (alpha + weight - 1) * discrepancy, expected[reference]["reg"])
    assert torch.autograd.gradcheck(
        lambda p: maximum_mean_discrepancy(p, tensor(name, "z_prior"), kernel), data.samples.detach().requires_grad_()
    )


def test_kernels():
    p, q = torch.tensor([[0.0, 0.0], [3.0, 4.0]]), torch.tensor([[0.0, 0.0], [6.0, 8.0]])
    # Squared distances: 25 within p, 100 within q; 0, 100, 25 and 25 across.
    for bandwidth in (1.0, 3.0):
        width = 4 * bandwidth**2
        for kernel, of in (
            ("gaussian", lambda d, width=width: math.exp(-d / width)),
            (
                "multiscale",
                lambda d, width=width: sum(s * width / (s * width + d) for s in (0.1, 0.2, 0.5, 1, 2, 5, 10)),
            ),
        ):
            expected = of(25) + of(100) - 2 * (of(0) + of(100) + 2 * of(25)) / 4
            value = maximum_mean_discrepancy(p, q, kernel, bandwidth=bandwidth).item()
            assert value == pytest.approx(expected, abs=1e-5)
    assert maximum_mean_discrepancy(p, q).item() == pytest.approx(
        2 / 27 + 2 / 102 - (1 + 2 / 102 + 4 / 27) / 2, abs=1e-6
    )


@pytest.mark.parametrize(
    ("mistake", "message"),
    [
        (lambda z: decompose_kl(z, z, z.exp(), 10, estimator="msw"), "estimator: expected one of mws"),
        (lambda z: decompose_kl(z, z, z.exp(), 0), "dataset_size: expected the number"),
        (lambda z: covariance_penalty(z, z.exp(), "I", off_diagonal=1, diagonal=1), "kind: expected one of i, ii"),
        (lambda z: capacity_penalty(z, 1.0, weight=1, absolute="points"), "absolute: expected one of mean"),
        (lambda z: kl_per_latent(Normal(z, z.exp()), "textbook"), "formula: expected one of published"),
        (lambda z: maximum_mean_discrepancy(z, z, "rbf"), "kernel: expected one of inverse"),
    ],
)
def test_a_formula_of_another_name_is_refused(mistake, message):
    with pytest.raises(ValueError, match=message):
        mistake(torch.zeros(3, 2))
