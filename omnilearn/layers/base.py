"""What every layer has: a module that knows the size of its input and of its output."""

from math import prod

from torch import Tensor, nn

# A vector of n numbers, or an image of (channels, height, width).
Size = int | tuple[int, ...]


class Layer(nn.Module):
    """A module from inputs of size `din` to outputs of size `dout` (both without the batch dimension)."""

    din: Size
    dout: Size

    def split_parameters(self, output: Tensor) -> tuple[Tensor, Tensor]:
        """The two halves (along dim 1) of an output that holds the parameters of a distribution.

        A layer that lays its output out differently overrides this.
        """
        first, second = output.chunk(2, dim=1)
        return first, second


def flat_size(size: Size) -> int:
    """The number of values in one sample of this size."""
    return size if isinstance(size, int) else prod(size)


def as_size(size: Size) -> Size:
    """An int for a vector, a tuple for an image; `(100,)` is the vector 100."""
    if isinstance(size, int):
        return size
    return size[0] if len(size) == 1 else tuple(size)
