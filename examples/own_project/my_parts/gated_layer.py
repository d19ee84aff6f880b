"""A layer."""

from torch import Tensor, nn

from omnilearn.config import component
from omnilearn.layers import Layer, Size, flat_size


@component("my-gated-layer")
class GatedLayer(Layer):
    """One linear map of vectors times the sigmoid of another; (B, din) to (B, dout).

    Args:
        din: values of the input; by default as many as of the output.
        dout: values of the output; by default as many as of the input.
        width: values where neither is given.
    """

    def __init__(self, din: Size | None = None, dout: Size | None = None, *, width: int = 64) -> None:
        super().__init__()
        self.din, self.dout = din or dout or width, dout or din or width
        self.value = nn.Linear(flat_size(self.din), flat_size(self.dout))
        self.gate = nn.Linear(flat_size(self.din), flat_size(self.dout))

    def forward(self, inputs: Tensor) -> Tensor:
        """Inputs (B, din) to outputs (B, dout)."""
        return self.value(inputs) * self.gate(inputs).sigmoid()
