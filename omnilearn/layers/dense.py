"""Fully connected layers: a single one, and a multilayer perceptron."""

from collections.abc import Sequence
from itertools import pairwise

from torch import Tensor, nn

from omnilearn.config.registry import component
from omnilearn.layers.activations import Nonlinearity, nonlinearity
from omnilearn.layers.base import Layer, Size, as_size, flat_size


@component("dense-layer")
class DenseLayer(Layer):
    """One linear map with bias and a nonlinearity; (B, *din) to (B, *dout).

    Inputs and outputs that are images are flattened and reshaped.

    Args:
        din, dout: sizes of its inputs and outputs.
        width: size of a side that is not given.
        channels: the same where there is no `width`; without both it is as wide as the other side.
        nonlin: nonlinearity of its outputs.
    """

    def __init__(
        self,
        din: Size | None = None,
        dout: Size | None = None,
        *,
        width: int | None = None,
        channels: int | None = None,
        nonlin: Nonlinearity | None = "elu",
    ) -> None:
        super().__init__()
        other_side = width or channels
        if din is None:
            if dout is None:
                raise ValueError("a dense layer needs the size of its input or of its output")
            din = other_side or dout
        elif dout is None:
            dout = other_side or din
        for name, value in (("width", width), ("channels", channels)):
            if value is not None and value < 1:
                raise ValueError(f"{name} must be at least 1, got {value}")
        self.din, self.dout = as_size(din), as_size(dout)
        stages = _with_shapes(self.din, [nn.Linear(flat_size(self.din), flat_size(self.dout))], nonlin, self.dout)
        # A bare Linear and a sequence have different parameter names; trained models depend on them.
        self.layer = stages[0] if len(stages) == 1 else nn.Sequential(*stages)

    def forward(self, inputs: Tensor) -> Tensor:
        """Map (B, *din) to (B, *dout)."""
        return self.layer(inputs)


@component("mlp")
class MLP(Layer, nn.Sequential):
    """A multilayer perceptron: a linear map and a nonlinearity for each hidden size, then a last linear map.

    (B, *din) to (B, *dout); images are flattened and reshaped, and the output nonlinearity comes before the reshape.

    Args:
        din, dout: sizes of its inputs and outputs.
        hidden: sizes of the layers between.
        nonlin: nonlinearity of these layers.
        out_nonlin: nonlinearity of the outputs.
        bias: whether its linear maps have a bias.
        out_bias: whether the last one has (default: as the others).
    """

    def __init__(
        self,
        din: Size,
        dout: Size,
        *,
        hidden: Sequence[int] | None = (),
        nonlin: Nonlinearity | None = "elu",
        out_nonlin: Nonlinearity | None = None,
        bias: bool = True,
        out_bias: bool | None = None,
    ) -> None:
        super().__init__()
        self.din, self.dout = as_size(din), as_size(dout)
        sizes = [flat_size(self.din), *(hidden or ())]
        stages: list[nn.Module] = []
        for before, after in pairwise(sizes):
            stages.append(nn.Linear(before, after, bias=bias))
            if nonlin is not None:
                stages.append(nonlinearity(nonlin))
        stages.append(nn.Linear(sizes[-1], flat_size(self.dout), bias=bias if out_bias is None else out_bias))
        self.extend(_with_shapes(self.din, stages, out_nonlin, self.dout))


def _with_shapes(din: Size, stages: list[nn.Module], last: Nonlinearity | None, dout: Size) -> list[nn.Module]:
    before = [] if isinstance(din, int) else [nn.Flatten()]
    after = [] if last is None else [nonlinearity(last)]
    if not isinstance(dout, int):
        after.append(nn.Unflatten(1, dout))
    return [*before, *stages, *after]
