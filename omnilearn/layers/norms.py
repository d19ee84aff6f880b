"""Normalisations of feature maps by name."""

from typing import Any, Literal

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
    mode, where a group is a single value. Compiled, it is a `GroupNormalisation`: torch's own form turns images in
    memory, and convolutions turn them back.
    """

    def forward(self, features: Tensor) -> Tensor:
        """Normalise each group of channels; the result is of the type of the features."""
        is_short = features.dtype in (torch.bfloat16, torch.float16)
        wide = features.float() if is_short else features
        if torch.compiler.is_dynamo_compiling():
            normalised = GroupNormalisation.apply(wide, self.weight, self.bias, self.num_groups, self.eps)
            return normalised.to(features.dtype)
        normalised = torch.group_norm(
            wide, self.num_groups, self.weight, self.bias, self.eps, torch.backends.cudnn.enabled
        )
        return normalised.to(features.dtype)


class GroupNormalisation(torch.autograd.Function):
    """Group norm (Wu & He, 2018) of sums and products that leave images as they lie in memory.

    Maps features (B, C, ...), weights and biases (C,), the number of groups and what is added to their variance to
    (B, C, ...). The gradients are those of torch's own.
    """

    @staticmethod
    def forward(context: Any, features: Tensor, weight: Tensor, bias: Tensor, groups: int, eps: float) -> Tensor:
        """Give each group of channels mean 0 and variance 1, and then its channels their weights and biases."""
        grouped = features.unflatten(1, (groups, -1))
        variance, mean = torch.var_mean(grouped, dim=tuple(range(2, grouped.dim())), correction=0)
        rate = torch.rsqrt(variance + eps)
        context.save_for_backward(features, weight, mean, rate)
        centred = features - _for_each_value(mean, features)
        return torch.addcmul(
            _for_each_value(bias[None], features), centred, _for_each_value(rate, features, times=weight)
        )

    @staticmethod
    def backward(context: Any, gradient: Tensor) -> tuple[Tensor | None, ...]:
        """The gradients of features, weights and biases."""
        features, weight, mean, rate = context.saved_tensors
        groups, space = mean.shape[1], tuple(range(2, features.dim()))
        centred = features - _for_each_value(mean, features)
        sums = gradient.sum(dim=space) if space else gradient
        products = (gradient * centred).sum(dim=space) if space else gradient * centred
        size = features[0].numel() // groups
        constant = (sums * weight).unflatten(1, (groups, -1)).sum(dim=2) / size
        slope = (products * weight).unflatten(1, (groups, -1)).sum(dim=2) * rate**3 / size
        weighted = gradient * _for_each_value(weight[None], features) - _for_each_value(constant, features)
        of_features = weighted * _for_each_value(rate, features) - centred * _for_each_value(slope, features)
        of_weight = (products * _for_each_channel(rate, len(weight))).sum(dim=0)
        return of_features, of_weight, sums.sum(dim=0), None, None


def _for_each_channel(values: Tensor, channels: int) -> Tensor:
    """Values of groups, or of channels, (B, G) as values of channels (B, C)."""
    return values.repeat_interleave(channels // values.shape[1], dim=1)


def _for_each_value(values: Tensor, features: Tensor, times: Tensor | float = 1.0) -> Tensor:
    """Values of groups or channels, for features (B, C, ...) of which every one in a channel has the same."""
    channels = _for_each_channel(values, features.shape[1]) * times
    return channels.view(*channels.shape, *(1,) * (features.dim() - 2))


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
