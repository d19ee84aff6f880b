"""Every setting of every optimiser reaches torch's own, and acts."""

from inspect import signature

import pytest
import torch
from torch import nn

from omnilearn.optim.optimisers import adadelta, adagrad, adam, adamax, adamw, asgd, rmsprop, rprop, sgd
from omnilearn.optim.schedules import CosineSchedule

KINDS = {
    adam: torch.optim.Adam,
    adamw: torch.optim.AdamW,
    adamax: torch.optim.Adamax,
    sgd: torch.optim.SGD,
    asgd: torch.optim.ASGD,
    adadelta: torch.optim.Adadelta,
    adagrad: torch.optim.Adagrad,
    rmsprop: torch.optim.RMSprop,
    rprop: torch.optim.Rprop,
}
PAIRS = {"beta1": ("betas", 0), "beta2": ("betas", 1), "eta1": ("etas", 0), "eta2": ("etas", 1)}
# A value that is not the default, and what else it needs.
OTHER = {
    "beta1": 0.5,
    "beta2": 0.6,
    "eta1": 0.3,
    "eta2": 1.7,
    "eps": 0.125,
    "weight_decay": 0.25,
    "amsgrad": True,
    "momentum": 0.75,
    "dampening": 0.5,
    "nesterov": True,
    "lambd": 0.375,
    "alpha": 0.625,
    "t0": 7.0,
    "rho": 0.4,
    "lr_decay": 0.2,
    "initial_accumulator_value": 0.8,
    "centered": True,
}
NEEDS = {"nesterov": {"momentum": 0.9}}
CASES = [(make, name) for make in KINDS for name in signature(make).parameters if name not in ("params", "lr")]


@pytest.mark.parametrize(("make", "name"), CASES, ids=lambda each: each if isinstance(each, str) else each.__name__)
def test_a_setting_reaches_the_optimiser(make, name):
    params = [nn.Parameter(torch.ones(1))]
    before = make(params, **NEEDS.get(name, {})).torch_optimiser
    after = make(params, **NEEDS.get(name, {}), **{name: OTHER[name]}).torch_optimiser
    assert isinstance(after, KINDS[make]) and type(after).__name__ == KINDS[make].__name__
    key, index = PAIRS.get(name, (name, None))
    expected = dict(before.defaults)
    value = OTHER[name]
    expected[key] = value if index is None else tuple(value if i == index else v for i, v in enumerate(expected[key]))
    assert expected != before.defaults
    assert after.defaults == expected
    group = {key: value for key, value in after.param_groups[0].items() if key != "params"}
    assert group == expected


@pytest.mark.parametrize("make", KINDS, ids=lambda make: make.__name__)
def test_defaults_are_those_of_the_signature(make):
    optimiser = make([nn.Parameter(torch.ones(1))])
    for name, parameter in signature(make).parameters.items():
        if name != "params":
            key, index = PAIRS.get(name, (name, None))
            stored = optimiser.torch_optimiser.defaults[key]
            assert (stored if index is None else stored[index]) == parameter.default
    assert optimiser.rate == signature(make).parameters["lr"].default


def steps(optimiser, parameter, gradients) -> list[float]:
    values = []
    for gradient in gradients:
        parameter.grad = torch.tensor([gradient])
        optimiser.step()
        values.append(parameter.item())
    return values


def test_dampening_weakens_the_gradient_in_the_momentum():
    parameter = nn.Parameter(torch.zeros(1))
    optimiser = sgd([parameter], lr=1.0, momentum=0.5, dampening=0.75)
    # The first gradient counts whole; then velocity = 0.5 velocity + 0.25 gradient.
    assert steps(optimiser, parameter, [1.0, 1.0, 1.0]) == pytest.approx([-1.0, -1.75, -2.375])


def test_rprop_grows_its_steps_with_the_sign_and_shrinks_them_against_it():
    parameter = nn.Parameter(torch.zeros(1))
    optimiser = rprop([parameter], lr=1.0, eta1=0.25, eta2=1.5)
    # Steps of 1, 1.5 and 2.25; where the sign changes 0.25 of that is kept for the next step, and none taken.
    expected = [-1.0, -2.5, -4.75, -4.75, -4.75 + 0.5625]
    assert steps(optimiser, parameter, [3.0, 1.0, 2.0, -1.0, -1.0]) == pytest.approx(expected)


def test_only_a_schedule_changes_the_rate():
    params = [nn.Parameter(torch.ones(1))]
    fixed = sgd(params, lr=0.5)
    fixed.set_rate(10)
    assert (fixed.rate, fixed.schedule) == (0.5, None)
    scheduled = sgd(params, lr=CosineSchedule(1.0, 0.0, freq=5, limit=10))
    assert scheduled.rate == 1.0
    scheduled.set_rate(9)
    assert scheduled.rate == pytest.approx(0.5)
    scheduled.zero_grad()
    assert params[0].grad is None
