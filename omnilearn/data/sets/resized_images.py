"""Images whose files are in another order than their grid: resized and put in order in memory, then written once."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from omnilearn.data.storage.conversion import ImageStream, finished

_STEP = 4096  # images written at a time
_USUAL_SIDE = 64  # goes without saying


@dataclass(frozen=True)
class ResizedArray:
    """The array into which the images of a set are resized: one for each size.

    Attributes:
        set_name: what the set is called.
        side: side of the images.
    """

    set_name: str
    side: int

    @property
    def name(self) -> str:
        """The name of its file."""
        return f"{self.set_name}_{self.side}x{self.side}_images.npy"

    @property
    def prefix(self) -> str:
        """What files about these images begin with, beside those about images of the usual size."""
        return "" if self.side == _USUAL_SIDE else f"{self.side}x{self.side}_"

    @property
    def command_keys(self) -> dict[str, object]:
        """The keys of a command line that choose it."""
        return {"image-size": None if self.side == _USUAL_SIDE else self.side}

    def alone(self, places: Sequence[Path], originals: Iterable[Path]) -> Path | None:
        """The array, where it is finished at one of these places and there is no file that it could be older than."""
        return None if any(path.exists() for path in originals) else finished(places)


def resized(images: np.ndarray, side: int) -> np.ndarray:
    """Images (N, H, W, C) of 1 or 3 channels as (N, C, side, side), uint8, by Pillow's Lanczos filter.

    That is how the published comparisons on these sets make 64 x 64 of them (Locatello et al., 2019). Images of that
    side stay as they are.
    """
    from PIL import Image

    result = images
    if images.shape[1:3] != (side, side):
        result = np.empty((len(images), side, side, images.shape[3]), np.uint8)
        for pixels, target in zip(images, result, strict=True):
            grey = pixels.shape[-1] == 1
            small = Image.fromarray(pixels[..., 0] if grey else pixels).resize((side, side), Image.Resampling.LANCZOS)
            target[...] = np.asarray(small)[..., None] if grey else np.asarray(small)
    return result.transpose(0, 3, 1, 2)


def in_order(
    files: tuple[Path, ...], shape: tuple[int, int, int, int], fill: Callable[[np.ndarray], None]
) -> ImageStream:
    """A stream of images of this shape (N, C, H, W) that `fill` puts into an array, all of them, in their order."""

    def slabs(start: int) -> Iterator[np.ndarray]:
        images = np.empty(shape, np.uint8)
        fill(images)
        for first in range(start, len(images), _STEP):
            yield images[first : first + _STEP]

    return ImageStream(files, shape, _STEP, slabs)
