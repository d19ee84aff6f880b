"""Nonlinearities by name."""

from collections.abc import Callable
from typing import Literal

from torch import nn

Nonlinearity = Literal[
    "elu",
    "lrelu",
    "log-softmax",
    "mish",
    "prelu",
    "relu",
    "sigmoid",
    "softmax",
    "softmax2d",
    "softplus",
    "swish",
    "tanh",
]

_MAKERS: dict[str, Callable[[], nn.Module]] = {
    "elu": lambda: nn.ELU(inplace=True),
    "lrelu": nn.LeakyReLU,
    "log-softmax": lambda: nn.LogSoftmax(dim=1),
    "mish": nn.Mish,  # x * tanh(softplus(x))
    "prelu": nn.PReLU,
    "relu": lambda: nn.ReLU(inplace=True),
    "sigmoid": nn.Sigmoid,
    "softmax": lambda: nn.Softmax(dim=1),
    "softmax2d": nn.Softmax2d,
    "softplus": nn.Softplus,
    "swish": nn.SiLU,  # x * sigmoid(x)
    "tanh": nn.Tanh,
}


def nonlinearity(name: Nonlinearity) -> nn.Module:
    """A new module for a nonlinearity; softmax runs over dim 1.

    Raises `ValueError` for an unknown name.
    """
    if name not in _MAKERS:
        raise ValueError(f"no nonlinearity named {name!r}: there are {', '.join(_MAKERS)}")
    return _MAKERS[name]()
