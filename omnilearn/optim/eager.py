"""torch's optimisers as a training loop needs them: without what they do for torch's compiler, Adam in one call."""

from inspect import unwrap
from typing import Any

import torch
from torch import Tensor

_DECORATED = ("add_param_group", "load_state_dict", "state_dict", "zero_grad")


def eager(kind: type[torch.optim.Optimizer]) -> type[torch.optim.Optimizer]:
    """A subclass of an optimiser of torch's that is never compiled, and computes the same to the bit.

    torch decorates some methods of its optimisers, so that the compiler leaves them out where it compiles a whole step;
    the first call of one loads the compiler, which takes one to two seconds. Here they are as they were written.
    """
    methods: dict[str, Any] = {name: unwrap(getattr(kind, name)) for name in _DECORATED}
    methods |= {"step": torch.no_grad()(unwrap(kind.step)), "__doc__": kind.__doc__}
    plain = type(kind.__name__, (kind,), methods)
    return type(kind.__name__, (_InOneCall, plain), {}) if issubclass(kind, torch.optim.Adam) else plain


class _InOneCall(torch.optim.Optimizer):
    """Mixin in front of Adam: parameters and state are gathered once for all steps, where it is fused.

    torch gathers them in every step, which takes as long as the update of a small model. Its own step comes first, and
    again after a state was loaded or where a parameter has no gradient.
    """

    _gathered: tuple[list[Tensor], ...] | None = None

    def step(self, closure: None = None) -> None:  # type: ignore[override]
        """Update the parameters from their gradients."""
        group = self.param_groups[0]
        grads = [parameter.grad for parameter in group["params"]]
        if self._gathered is None or any(grad is None for grad in grads):
            super().step(closure)
            self._gathered = self._gather()
            return
        params, averages, squares, largest, steps = self._gathered
        found_inf = getattr(self, "found_inf", None)
        with torch.no_grad():
            torch._foreach_add_(steps, 1)
            update = torch._fused_adamw_ if group["decoupled_weight_decay"] else torch._fused_adam_
            update(
                params,
                grads,
                averages,
                squares,
                largest,
                steps,
                lr=group["lr"],
                beta1=group["betas"][0],
                beta2=group["betas"][1],
                weight_decay=group["weight_decay"],
                eps=group["eps"],
                amsgrad=group["amsgrad"],
                maximize=group["maximize"],
                grad_scale=getattr(self, "grad_scale", None),
                found_inf=found_inf,
            )
            if found_inf is not None:  # an update that was left out does not count
                torch._foreach_sub_(steps, [found_inf] * len(steps))

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Continue from a `state_dict`."""
        self._gathered = None
        super().load_state_dict(state_dict)

    def _gather(self) -> tuple[list[Tensor], ...] | None:
        """Parameters and state in lists; None where one call cannot update them all."""
        group, *others = self.param_groups
        params: list[Tensor] = group["params"]
        states = [self.state[parameter] for parameter in params if parameter in self.state]
        if others or not group["fused"] or len(states) < len(params):
            return None
        if len({(parameter.device, parameter.dtype) for parameter in params}) > 1:
            return None
        names = ("exp_avg", "exp_avg_sq", "max_exp_avg_sq", "step")
        averages, squares, largest, steps = ([state[name] for state in states if name in state] for name in names)
        return params, averages, squares, largest, steps
