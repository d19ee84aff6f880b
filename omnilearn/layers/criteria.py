"""Reconstruction criteria by name."""

from collections.abc import Callable
from typing import Literal

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from omnilearn.config.registry import component

CriterionName = Literal["mse", "rmse", "l1", "huber", "nll", "cross-entropy", "kl-div", "bce", "bce-log"]


def _cross_entropy_of_probabilities(output: Tensor, target: Tensor, *, reduction: str) -> Tensor:
    """torch's binary cross entropy, which clamps each logarithm at -100; NaN where an output is.

    torch itself raises for NaN, and on a GPU takes the whole process down. (Adding 0 times the outputs would not do:
    compilers of torch before 2.14 take that for 0.)
    """
    unknown = output.isnan()
    entropy = F.binary_cross_entropy(torch.where(unknown, 0.5, output), target, reduction=reduction)
    return torch.where(unknown.any(), torch.nan, entropy)


_FUNCTIONS: dict[str, Callable[..., Tensor]] = {
    "mse": F.mse_loss,
    "l1": F.l1_loss,
    "huber": F.smooth_l1_loss,
    "nll": F.nll_loss,
    "cross-entropy": F.cross_entropy,
    "kl-div": F.kl_div,
    "bce": _cross_entropy_of_probabilities,
    "bce-log": F.binary_cross_entropy_with_logits,
}


@component("criterion")
class Criterion(nn.Module):
    """How far outputs are from targets of the same shape, reduced over all elements to one number.

    Args:
        ident: `mse` (squared error), `rmse` (its root after the reduction), `l1`, `huber` (smooth L1 with threshold 1),
            `bce` (binary cross entropy of outputs and targets in [0, 1]), `bce-log` (of logits), `nll`,
            `cross-entropy`, `kl-div`.
        reduction: `sum` or `mean` over all elements.
    """

    def __init__(self, ident: CriterionName = "mse", *, reduction: Literal["sum", "mean"] = "sum") -> None:
        super().__init__()
        self.ident, self.reduction = ident, reduction

    def forward(self, output: Tensor, target: Tensor) -> Tensor:
        """One number for outputs and targets of the same shape; in float32, whatever the precision of the model."""
        if torch.is_autocast_enabled(output.device.type):  # torch refuses the cross entropy of bfloat16 probabilities
            with torch.autocast(output.device.type, enabled=False):
                return self.forward(output.float(), target)
        if self.ident == "rmse":
            return torch.sqrt(F.mse_loss(output, target, reduction=self.reduction))
        return _FUNCTIONS[self.ident](output, target, reduction=self.reduction)
