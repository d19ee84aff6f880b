"""Optimisers by name, each with an optional schedule of its learning rate."""

from collections.abc import Callable, Iterable
from typing import Any

import torch
from torch import nn

from omnilearn.config.registry import component
from omnilearn.optim.eager import eager
from omnilearn.optim.schedules import CosineSchedule

Rate = float | CosineSchedule


class Optimiser:
    """A torch optimiser and the schedule of its learning rate, if any."""

    def __init__(self, optimiser: torch.optim.Optimizer, rate: Rate) -> None:
        self.torch_optimiser = optimiser
        self.schedule = rate if isinstance(rate, CosineSchedule) else None

    @property
    def rate(self) -> float:
        """The learning rate in force."""
        return self.torch_optimiser.param_groups[0]["lr"]

    def step(self, scaler: torch.amp.GradScaler | None = None) -> None:
        """Update the parameters from their gradients; those that a `scaler` scaled are scaled back first."""
        if scaler is None:
            self.torch_optimiser.step()
        else:
            scaler.step(self.torch_optimiser)

    def set_rate(self, step: int) -> None:
        """Set the learning rate that the schedule, if any, gives once `step` training steps are done."""
        if self.schedule is not None:
            for group in self.torch_optimiser.param_groups:
                group["lr"] = self.schedule.rate_after(step)

    def zero_grad(self) -> None:
        """Drop the gradients of the last step."""
        self.torch_optimiser.zero_grad(set_to_none=True)

    def state_dict(self) -> dict[str, Any]:
        """Everything that the next step depends on."""
        return self.torch_optimiser.state_dict()

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Continue from a `state_dict`."""
        self.torch_optimiser.load_state_dict(state)


def make_optimiser(
    kind: type[torch.optim.Optimizer], params: Iterable[nn.Parameter], lr: Rate, **settings: Any
) -> Optimiser:
    """An optimiser of a class of torch's, for these parameters.

    Args:
        kind: the class.
        params: what it updates.
        lr: the learning rate, or a schedule of it.
        settings: further arguments of the class.
    """
    start = lr.rate_after(0) if isinstance(lr, CosineSchedule) else lr
    build: Callable[..., torch.optim.Optimizer] = eager(kind)  # the arguments are those of the kind
    return Optimiser(build(params, lr=start, **settings), lr)


@component("adam")
def adam(
    params: Iterable[nn.Parameter],
    lr: Rate = 0.001,
    beta1: float = 0.9,
    beta2: float = 0.999,
    eps: float = 1e-8,
    weight_decay: float = 0.0,
    amsgrad: bool = False,
) -> Optimiser:
    """Adam (Kingma & Ba 2015).

    Args:
        params: what it updates.
        lr: learning rate, or a schedule of it.
        beta1: share of the running mean of gradients that each step keeps.
        beta2: share of the running mean of squared gradients that each step keeps.
        eps: added to the denominator.
        weight_decay: strength of the decay of weights.
        amsgrad: whether to divide by the largest mean of squared gradients so far (Reddi et al. 2018).
    """
    settings = {"betas": (beta1, beta2), "eps": eps, "weight_decay": weight_decay, "amsgrad": amsgrad}
    return make_optimiser(torch.optim.Adam, params, lr, fused=True, **settings)


@component("adamw")
def adamw(
    params: Iterable[nn.Parameter],
    lr: Rate = 0.001,
    beta1: float = 0.9,
    beta2: float = 0.999,
    eps: float = 1e-8,
    weight_decay: float = 0.01,
    amsgrad: bool = False,
) -> Optimiser:
    """Adam with decoupled weight decay (Loshchilov & Hutter 2019).

    Args:
        params: what it updates.
        lr: learning rate, or a schedule of it.
        beta1: share of the running mean of gradients that each step keeps.
        beta2: share of the running mean of squared gradients that each step keeps.
        eps: added to the denominator.
        weight_decay: strength of the decay of weights.
        amsgrad: whether to divide by the largest mean of squared gradients so far (Reddi et al. 2018).
    """
    settings = {"betas": (beta1, beta2), "eps": eps, "weight_decay": weight_decay, "amsgrad": amsgrad}
    return make_optimiser(torch.optim.AdamW, params, lr, fused=True, **settings)


@component("adamax")
def adamax(
    params: Iterable[nn.Parameter],
    lr: Rate = 0.002,
    beta1: float = 0.9,
    beta2: float = 0.999,
    eps: float = 1e-8,
    weight_decay: float = 0.0,
) -> Optimiser:
    """Adamax, Adam with the infinity norm (Kingma & Ba 2015).

    Args:
        params: what it updates.
        lr: learning rate, or a schedule of it.
        beta1: share of the running mean of gradients that each step keeps.
        beta2: share of the largest gradient so far that each step keeps.
        eps: added to the denominator.
        weight_decay: strength of the decay of weights.
    """
    return make_optimiser(torch.optim.Adamax, params, lr, betas=(beta1, beta2), eps=eps, weight_decay=weight_decay)


@component("sgd")
def sgd(
    params: Iterable[nn.Parameter],
    lr: Rate = 0.001,
    momentum: float = 0.0,
    dampening: float = 0.0,
    weight_decay: float = 0.0,
    nesterov: bool = False,
) -> Optimiser:
    """Stochastic gradient descent with momentum.

    Args:
        params: what it updates.
        lr: learning rate, or a schedule of it.
        momentum: share of the last update that each step adds.
        dampening: share of the gradient that momentum leaves out.
        weight_decay: strength of the decay of weights.
        nesterov: whether momentum looks ahead (Nesterov's form).
    """
    settings = {"momentum": momentum, "dampening": dampening, "weight_decay": weight_decay, "nesterov": nesterov}
    return make_optimiser(torch.optim.SGD, params, lr, **settings)


@component("asgd")
def asgd(
    params: Iterable[nn.Parameter],
    lr: Rate = 0.01,
    lambd: float = 1e-4,
    alpha: float = 0.75,
    t0: float = 1e6,
    weight_decay: float = 0.0,
) -> Optimiser:
    """Averaged stochastic gradient descent (Polyak & Juditsky 1992).

    Args:
        params: what it updates.
        lr: learning rate, or a schedule of it.
        lambd: decay of the rate.
        alpha: power of the decay of the rate.
        t0: step after which weights are averaged.
        weight_decay: strength of the decay of weights.
    """
    return make_optimiser(torch.optim.ASGD, params, lr, lambd=lambd, alpha=alpha, t0=t0, weight_decay=weight_decay)


@component("adadelta")
def adadelta(
    params: Iterable[nn.Parameter], lr: Rate = 1.0, rho: float = 0.9, eps: float = 1e-6, weight_decay: float = 0.0
) -> Optimiser:
    """Adadelta (Zeiler 2012).

    Args:
        params: what it updates.
        lr: learning rate, or a schedule of it.
        rho: share of the running mean of squared gradients that each step keeps.
        eps: added to the denominator.
        weight_decay: strength of the decay of weights.
    """
    return make_optimiser(torch.optim.Adadelta, params, lr, rho=rho, eps=eps, weight_decay=weight_decay)


@component("adagrad")
def adagrad(
    params: Iterable[nn.Parameter],
    lr: Rate = 0.01,
    lr_decay: float = 0.0,
    initial_accumulator_value: float = 0.0,
    eps: float = 1e-10,
    weight_decay: float = 0.0,
) -> Optimiser:
    """Adagrad (Duchi et al. 2011).

    Args:
        params: what it updates.
        lr: learning rate, or a schedule of it.
        lr_decay: decay of the rate with the steps.
        initial_accumulator_value: sum of squared gradients to begin with.
        eps: added to the denominator.
        weight_decay: strength of the decay of weights.
    """
    settings = {"lr_decay": lr_decay, "initial_accumulator_value": initial_accumulator_value, "eps": eps}
    return make_optimiser(torch.optim.Adagrad, params, lr, weight_decay=weight_decay, **settings)


@component("rmsprop")
def rmsprop(
    params: Iterable[nn.Parameter],
    lr: Rate = 0.01,
    alpha: float = 0.99,
    eps: float = 1e-8,
    weight_decay: float = 0.0,
    momentum: float = 0.0,
    centered: bool = False,
) -> Optimiser:
    """RMSprop (Hinton 2012).

    Args:
        params: what it updates.
        lr: learning rate, or a schedule of it.
        alpha: share of the running mean of squared gradients that each step keeps.
        eps: added to the denominator.
        weight_decay: strength of the decay of weights.
        momentum: share of the last update that each step adds.
        centered: whether to divide by the variance of the gradients, not by their squares.
    """
    settings = {"alpha": alpha, "eps": eps, "weight_decay": weight_decay, "momentum": momentum, "centered": centered}
    return make_optimiser(torch.optim.RMSprop, params, lr, **settings)


@component("rprop")
def rprop(params: Iterable[nn.Parameter], lr: Rate = 0.01, eta1: float = 0.5, eta2: float = 1.2) -> Optimiser:
    """Resilient backpropagation (Riedmiller & Braun 1993).

    Args:
        params: what it updates.
        lr: learning rate, or a schedule of it.
        eta1: factor of a step size where the sign of the gradient changes.
        eta2: factor of a step size where it stays.
    """
    return make_optimiser(torch.optim.Rprop, params, lr, etas=(eta1, eta2))
