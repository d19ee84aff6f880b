"""Normalisations of feature maps by name."""

from typing import Literal

import torch
import torch.nn.functional as F
from torch import Tensor, nn

Norm = Literal["group", "batch", "instance", "l1", "l2"]
GROUPS = 8


class UnitNorm(nn.Module):
    """Divides the channels at each position by their p-norm; (B, C, ...) to (B, C, ...)."""

    def __init__(self, p: float) -> None:
        super().__init__()
        self.p = p

    def forward(self, features: Tensor) -> Tensor:
        """Normalise along dim 1."""
        return F.normalize(features, p=self.p, dim=1)


class GroupNorm(nn.GroupNorm):
    """torch's group norm, computed in float32 where the features are of 16 bits; (B, C, ...) to (B, C, ...).

    Autocast does that on a GPU. On a CPU it does not, and torch then takes four times as long for the same numbers.
    A batch of one observation gives what it gives in a larger batch: torch's own module refuses it, also in evaluation
    mode, where a group is a single value.
    """

    def forward(self, features: Tensor) -> Tensor:
        """Normalise each group of channels; the result is of the type of the features."""
        is_short = features.dtype in (torch.bfloat16, torch.float16)
        wide = features.float() if is_short else features
        normalised = torch.group_norm(
            wide, self.num_groups, self.weight, self.bias, self.eps, torch.backends.cudnn.enabled
        )
        return normalised.to(features.dtype)


def norm_layer(name: Norm, channels: int) -> nn.Module:
    """A new normalisation of feature maps with `channels` channels.

    `group` always has 8 groups, so `channels` must be a multiple of 8 (`ValueError`).
    """
    if name == "group":
        if channels % GROUPS:
            raise ValueError(f"group norm has {GROUPS} groups, which do not divide {channels} channels")
        return GroupNorm(GROUPS, channels)
    if name in ("l1", "l2"):
        return UnitNorm(float(name[1]))
    return {"batch": nn.BatchNorm2d, "instance": nn.InstanceNorm2d}[name](channels)
