"""Optimisers without torch's compiler: the numbers of torch's own to the bit, and the compiler is not loaded."""

import copy
import subprocess
import sys

import pytest
import torch
from torch import nn

from omnilearn.optim.eager import eager

KINDS = {
    "adam": (torch.optim.Adam, {"fused": True}),
    "amsgrad": (torch.optim.Adam, {"fused": True, "amsgrad": True, "weight_decay": 0.1}),
    "adamw": (torch.optim.AdamW, {"fused": True}),
    "not fused": (torch.optim.Adam, {}),
    "adamax": (torch.optim.Adamax, {}),
    "sgd": (torch.optim.SGD, {"momentum": 0.9}),
    "rprop": (torch.optim.Rprop, {}),
}


def network() -> nn.Module:
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(5, 7), nn.Tanh(), nn.Linear(7, 3))


def trained(kind, settings, steps=12, *, unused=(), resumed_at=None) -> tuple[list[torch.Tensor], dict]:
    """The parameters after some steps, the last layer's bias without a gradient in the `unused` ones."""
    model = network()
    optimiser = kind(model.parameters(), lr=0.01, **settings)
    generator = torch.Generator().manual_seed(1)
    for step in range(steps):
        if step == resumed_at:
            state = copy.deepcopy(optimiser.state_dict())
            optimiser = kind(model.parameters(), lr=0.01, **settings)
            optimiser.load_state_dict(state)
        optimiser.param_groups[0]["lr"] = 0.01 / (step + 1)
        optimiser.zero_grad(set_to_none=True)
        model(torch.randn(4, 5, generator=generator)).square().sum().backward()
        if step in unused:
            model[2].bias.grad = None
        optimiser.step()
    return [parameter.detach() for parameter in model.parameters()], optimiser.state_dict()


@pytest.mark.parametrize("name", KINDS)
@pytest.mark.parametrize("settings", [{}, {"unused": (0, 5)}, {"resumed_at": 6}], ids=["plain", "unused", "resumed"])
def test_the_numbers_are_those_of_torch(name, settings):
    kind, own = KINDS[name]
    (theirs, their_state), (ours, state) = trained(kind, own, **settings), trained(eager(kind), own, **settings)
    assert all(map(torch.equal, theirs, ours))
    assert str(their_state) == str(state)


def test_two_groups():
    def trained_in_groups(kind):
        model = network()
        groups = [{"params": model[0].parameters()}, {"params": model[2].parameters(), "lr": 0.1}]
        optimiser = kind(groups, lr=0.01, fused=True)
        for _ in range(3):
            model(torch.ones(1, 5)).sum().backward()
            optimiser.step()
        return [parameter.detach() for parameter in model.parameters()]

    theirs, ours = map(trained_in_groups, (torch.optim.Adam, eager(torch.optim.Adam)))
    assert all(map(torch.equal, theirs, ours))


def test_what_is_not_finite_on_the_device_is_left_out():
    model = network()
    optimiser = eager(torch.optim.Adam)(model.parameters(), lr=0.01, fused=True)
    for found in (0.0, 0.0, 1.0):
        before = [parameter.detach().clone() for parameter in model.parameters()]
        model(torch.ones(1, 5)).sum().backward()
        optimiser.found_inf = torch.tensor(found)
        optimiser.step()
    assert all(map(torch.equal, before, model.parameters()))
    assert {state["step"].item() for state in optimiser.state.values()} == {2.0}


@pytest.mark.slow
def test_the_compiler_is_not_loaded():
    code = """
import sys, torch
from omnilearn.optim.optimisers import adam, sgd
for make in (adam, sgd):
    parameter = torch.nn.Parameter(torch.ones(2))
    optimiser = make([parameter])
    for _ in range(2):
        optimiser.zero_grad()
        parameter.sum().backward()
        optimiser.step()
    optimiser.load_state_dict(optimiser.state_dict())
assert "torch._dynamo" not in sys.modules
"""
    subprocess.run([sys.executable, "-c", code], check=True)
