"""Whether compiled losses have the values and gradients that they have without compiling.

A compiler that takes a model wrongly says nothing: the model trains, and some of it never moves (torch 2.11 left out
what came through some doubled images). So it is looked at before a training begins, on one batch.
"""

import copy
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import torch
from torch import Tensor

from omnilearn.model import Model
from omnilearn.precision import Precision, forward_context
from omnilearn.randomness import undisturbed
from omnilearn.training.speed import Losses

# By what share of itself a gradient may be another one. One that is left out or counted twice is off by all of it; one
# of a deep layer by a hundredth, through rounding, which also decides between pixels that are as large.
_SHARE_OF_GRADIENT = 0.5
_SHARE_OF_LOSS = 0.05
# Gradients that are nothing but rounding are other ones whenever anything is: weights are moved by this share to see
# which those are. (It cannot be told by their size: those of encoders can be 1e-7 of those of decoders at first.)
_MOVED = {"float32": 1e-4, "tf32": 1e-2, "bf16": 1e-2, "fp16": 1e-2}
_NOTHING = 1e-12  # of the largest gradient: what may be where there is none at all


def differences(
    model: Model, compiled: Losses, observations: Tensor, names: Sequence[str], seed: int, precision: Precision
) -> list[str]:
    """Which losses, and gradients of which parameters, are other ones where they are compiled; none, if all is well.

    Args:
        model: the model; it, and all random numbers, are afterwards as they were.
        compiled: its losses, compiled.
        observations: a training batch (B, *din).
        names: the losses that are lowered together, such as `loss`.
        seed: of the noise.
        precision: of forward passes.
    """
    reference = copy.deepcopy(model).train()
    expected = _values(reference, reference.losses, observations, names, seed, precision)
    _move(reference, _MOVED[precision], seed)
    moved = _values(reference, reference.losses, observations, names, seed, precision)
    with _kept(model):
        found = _values(model.train(), compiled, observations, names, seed, precision)
    largest = max(value.norm() for name, value in expected.items() if name not in names)

    def differs(name: str) -> Tensor:
        size = expected[name].norm()
        of_rounding = 4 * (moved[name] - expected[name]).norm()
        allowed = size * (_SHARE_OF_LOSS if name in names else _SHARE_OF_GRADIENT)
        allowed = torch.maximum(torch.maximum(allowed, of_rounding), _NOTHING * largest)
        return allowed.isfinite() & ~((found[name] - expected[name]).norm() <= allowed)

    are_other = torch.stack([differs(name) for name in expected]).tolist()  # the host waits for the device
    return [name for name, is_other in zip(expected, are_other, strict=True) if is_other]


def _values(
    model: Model, losses: Losses, observations: Tensor, names: Sequence[str], seed: int, precision: Precision
) -> dict[str, Tensor]:
    """The named losses, and the gradients of their sum with respect to each parameter that is trained, by its name."""
    with undisturbed(seed):
        with forward_context(precision, observations.device):
            result = losses(observations)
        values = {name: result[name].detach().float().clone() for name in names}
        torch.autograd.backward([result[name] for name in names])
    for name, parameter in model.named_parameters():
        if parameter.requires_grad:
            values[name] = torch.zeros_like(parameter) if parameter.grad is None else parameter.grad.clone()
    model.zero_grad()
    return values


def _move(model: Model, share: float, seed: int) -> None:
    """Change each weight by a random share of it."""
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for parameter in model.parameters():
            noise = torch.randn(parameter.shape, generator=generator).to(parameter)
            parameter.mul_(1 + share * noise)


@contextmanager
def _kept(model: Model) -> Iterator[None]:
    """Put the buffers of a model, and whether it is trained, back to what they were."""
    was_training = model.training
    buffers = [
        (module, name, value, None if value is None else value.clone())
        for module in model.modules()
        for name, value in module._buffers.items()
    ]
    try:
        yield
    finally:
        model.train(was_training)
        for module, name, value, before in buffers:
            module._buffers[name] = value
            if value is not None and before is not None:
                value.copy_(before)
