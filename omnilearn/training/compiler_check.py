"""Whether compiled losses have the values and gradients that they have without compiling.

A compiler that takes a model wrongly says nothing: the model trains, and some of it never moves (torch 2.11 left out
what came through some doubled images). So it is looked at before a training begins, on one batch.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import torch
from torch import Tensor, nn

from omnilearn.model import Model
from omnilearn.precision import Precision, forward_context
from omnilearn.randomness import generator_states, seed_everything, set_generator_states
from omnilearn.training.speed import Losses

# By what share of itself a loss, or a gradient, may be another one. A gradient that is left out or counted twice is off
# by all of itself; one of a deep layer by a hundredth, and in 16 bits by a fifth, through rounding alone.
_SHARE_OF_LOSS, _SHARE_OF_GRADIENT = 0.05, 0.5
# How much rounding does to each is seen by moving all weights by what is about the rounding of a pass, or a bit more:
# twice that may be, too, and where it does more than this to a gradient, nothing can be said of it.
_MOVED = {"float32": 1e-4, "tf32": 1e-3, "bf16": 1e-3, "fp16": 1e-3}
_TOO_MUCH = 0.45
_NOTHING = 1e-12  # of the largest gradient: what may be where there is none


def differences(
    model: Model,
    compiled: Losses,
    observations: Tensor,
    names: Sequence[str],
    seed: int,
    precision: Precision,
    *,
    step: int = 0,
) -> list[str]:
    """Which losses, and gradients of which parameters, are other ones where they are compiled; none, if all is well.

    They are others where they differ by a twentieth (losses) or by half of themselves (gradients), and by more than
    rounding explains. The model, and all global generators of random numbers, are afterwards as they were.

    Args:
        model: the model.
        compiled: its losses, compiled.
        observations: a training batch (B, *din).
        names: the losses that are lowered together, such as `loss`.
        seed: of the noise.
        precision: of forward passes.
        step: the training step to look at: what follows a schedule may be 0 at first.
    """

    def values(losses: Losses) -> dict[str, Tensor]:
        seed_everything(seed)
        return _values(model, losses, observations, names, precision)

    with _kept(model):
        model.train()
        model.set_step(step)
        expected = values(model.losses)
        found = values(compiled)
        _move(model, _MOVED[precision], seed)
        moved = values(model.losses)
    sizes = torch.stack([value.norm() for value in expected.values()])
    nothing = _NOTHING * sizes.nan_to_num(0, 0, 0).max()

    def differs(name: str) -> Tensor:
        size, by_rounding = expected[name].norm(), (moved[name] - expected[name]).norm()
        share = _SHARE_OF_LOSS if name in names else _SHARE_OF_GRADIENT
        allowed = torch.maximum(share * size, 2 * by_rounding).clamp(min=nothing)
        can_be_told = by_rounding <= _TOO_MUCH * size  # not where anything is no number
        return can_be_told & ~((found[name] - expected[name]).norm() <= allowed)

    are_other = torch.stack([differs(name) for name in expected]).tolist()  # the host waits for the device
    return [name for name, is_other in zip(expected, are_other, strict=True) if is_other]


def _values(
    model: Model, losses: Losses, observations: Tensor, names: Sequence[str], precision: Precision
) -> dict[str, Tensor]:
    """The named losses, and the gradients of their sum with respect to each parameter that is trained, by its name."""
    model.zero_grad()
    with forward_context(precision, observations.device):
        result = losses(observations)
    values = {name: result[name].detach().float().clone() for name in names}
    torch.autograd.backward([result[name] for name in names])
    for name, parameter in model.named_parameters():
        if parameter.requires_grad:
            values[name] = torch.zeros_like(parameter) if parameter.grad is None else parameter.grad.clone()
    model.zero_grad()
    return values


@torch.no_grad()
def _move(model: Model, share: float, seed: int) -> None:
    """Change each weight by a random share of it."""
    generator = torch.Generator().manual_seed(seed)
    for parameter in model.parameters():
        parameter.mul_(1 + share * torch.randn(parameter.shape, generator=generator).to(parameter.device))


@contextmanager
def _kept(model: Model) -> Iterator[None]:
    """Put a model, what its modules keep and the global generators of random numbers back to what they were."""
    generators, step, was_training = generator_states(), model.step, model.training
    weights = [(parameter, parameter.detach().clone()) for parameter in model.parameters()]
    attributes = [_Attributes(module) for module in model.modules()]
    try:
        yield
    finally:
        with torch.no_grad():
            for parameter, value in weights:
                parameter.copy_(value)
            for of_module in attributes:
                of_module.put_back()
        model.set_step(step)
        model.train(was_training)
        set_generator_states(generators)


class _Attributes:
    """What a module keeps beside its parameters: buffers and attributes, and the values of those that are tensors."""

    def __init__(self, module: nn.Module) -> None:
        self._kept = [(kept, dict(kept)) for kept in (vars(module), module._buffers)]
        tensors = [value for _, before in self._kept for value in before.values() if isinstance(value, Tensor)]
        self._values = [(tensor, tensor.detach().clone()) for tensor in tensors]

    def put_back(self) -> None:
        """Give the module what it had."""
        for kept, before in self._kept:
            for name in kept.keys() - before.keys():
                del kept[name]
            kept.update(before)
        for tensor, value in self._values:
            if not torch.equal(tensor, value):
                tensor.copy_(value)
