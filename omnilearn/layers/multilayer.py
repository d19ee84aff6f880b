"""A stack of layers, built from either end."""

from collections.abc import Sequence

from torch import Tensor, nn

from omnilearn.config.registry import Builder, component
from omnilearn.layers.base import Layer, Size, as_size


@component("multilayer")
class MultiLayer(Layer):
    """Layers one after the other: `first`, then `layers`, then `last`; (B, *din) to (B, *dout).

    Each layer is a builder: a function that takes `din` and `dout`, one of them None where the layer itself decides.
    In order, an encoder is built from its input: each layer's input is the output of the one before. Otherwise, a
    decoder is built from its output backwards, and draws its initial weights in that order.

    Args:
        din: size of the input (None where a decoder's first layer decides).
        dout: size of the output (None where an encoder's last layer decides).
        first: builder of the first layer, if any.
        layers: builders of the layers between.
        last: builder of the last layer, if any.
        in_order: build from the input (True) or from the output (False).
    """

    def __init__(
        self,
        din: Size | None,
        dout: Size | None,
        *,
        first: Builder[Layer] | None = None,
        layers: Sequence[Builder[Layer]] = (),
        last: Builder[Layer] | None = None,
        in_order: bool = True,
    ) -> None:
        super().__init__()
        din = None if din is None else as_size(din)
        dout = None if dout is None else as_size(dout)
        builders = [builder for builder in (first, *layers, last) if builder is not None]
        if not builders:
            raise ValueError("a stack of layers needs at least one layer")
        if in_order:
            stack = _build_forwards(builders, din, dout if last is not None else None)
        else:
            stack = _build_backwards(builders, din if first is not None else None, dout)
        self.layers = nn.ModuleList(stack)
        self.din, self.dout = stack[0].din, stack[-1].dout

    def forward(self, inputs: Tensor) -> Tensor:
        """Map (B, *din) to (B, *dout)."""
        for layer in self.layers:
            inputs = layer(inputs)
        return inputs


def _build_forwards(builders: Sequence[Builder[Layer]], din: Size | None, dout: Size | None) -> list[Layer]:
    stack: list[Layer] = []
    for builder in builders:
        is_last = len(stack) == len(builders) - 1
        stack.append(builder(din=din, dout=dout if is_last else None))
        din = stack[-1].dout
    return stack


def _build_backwards(builders: Sequence[Builder[Layer]], din: Size | None, dout: Size | None) -> list[Layer]:
    stack: list[Layer] = []
    for builder in reversed(builders):
        is_first = len(stack) == len(builders) - 1
        stack.insert(0, builder(din=din if is_first else None, dout=dout))
        dout = stack[0].din
    return stack
