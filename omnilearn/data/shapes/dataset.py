"""3D-Shapes-style images, generated: the factors, order and format of 3D-Shapes, without a file to download.

These are not the images of 3D-Shapes (Burgess & Kim, 2018): no number measured on them is one of 3D-Shapes.
"""

import colorsys
from pathlib import Path
from typing import Literal

import torch
from torch import Tensor
from torch.nn.functional import avg_pool2d

from omnilearn.config.registry import component
from omnilearn.data.download.paths import data_root, given_roots
from omnilearn.data.images import ImageDataset
from omnilearn.data.shapes.grid import GRID, HUES
from omnilearn.data.shapes.planes import PLANES, SIDE, VIEWS, load_planes
from omnilearn.data.splits import train_and_test

SKY = (153, 226, 249)
WHITE = (255, 255, 255)


class ShapesSource:
    """All 480,000 images as sums of five planes, each times one colour.

    The planes of a pixel sum to at most 255, so every product and sum here is a whole number below 2^24: exact in
    float32 in whatever order it is computed, and the images are the same bit for bit on every device.

    Args:
        planes: uint8 (VIEWS, 5, side, side), as `load_planes` gives them.
        halved: give images of half that side: each pixel the mean of four, rounded half up.
    """

    def __init__(self, planes: Tensor, *, halved: bool = False) -> None:
        assert PLANES == ("floor", "wall", "object", "sky", "white")
        self._side, self._halved = planes.shape[-1], halved
        side = self._side // 2 if halved else self._side
        self.shape = (len(GRID), 3, side, side)
        planes = planes.flatten(2)
        # Only three planes have a colour that changes; the light of the other two is summed once. 34 MB in all.
        self._coloured = planes[:, :3].contiguous()
        self._light = torch.einsum("vkp,kc->vcp", planes[:, 3:].float(), torch.tensor([SKY, WHITE]).float())
        self._light += 127  # so that the division by 255 rounds to the nearest whole number
        self._colours = torch.tensor([_rgb(hue) for hue in HUES]).float()

    def move_to(self, device: torch.device) -> None:
        """Keep the planes on `device`."""
        self._coloured, self._light, self._colours = (
            part.to(device) for part in (self._coloured, self._light, self._colours)
        )

    def read(self, rows: Tensor, device: torch.device) -> Tensor:
        """The images (B, 3, side, side) at `rows` (B,) on `device`: whole numbers from 0 to 255 as float32."""
        rows = rows.to(self._light.device, non_blocking=True)
        view, hues = rows % VIEWS, rows.div(VIEWS, rounding_mode="floor")
        hue_count = len(HUES)
        hue_of = (hues.div(hue_count**2, rounding_mode="floor"), hues.div(hue_count, rounding_mode="floor"), hues)
        images = self._light.index_select(0, view)
        weights = self._coloured.index_select(0, view).float()
        for k, hue in enumerate(hue_of):
            images.addcmul_(self._colours[hue % hue_count].unsqueeze(2), weights[:, k : k + 1])
        images = images.div_(255).floor_().unflatten(2, (self._side, self._side))
        if self._halved:
            images = avg_pool2d(images, 2).add_(0.5).floor_()  # exact: quarters of whole numbers
        return images.to(device)


@component("shapes")
class Shapes(ImageDataset):
    """480,000 generated images of 3 x 64 x 64 from six factors, with the training and test set of 3D-Shapes.

    The first use draws the views (a few seconds) and keeps them in a file of 10 MB below the data folder.

    Args:
        image_size: side of the images. Those of 32 are those of 64, each pixel the mean of four; those of 128 are drawn
            anew (a file of 39 MB).
        dataroot: folder of all data; by default OMNILEARN_DATA_DIR, else ./local_data.
        cacheroot: folder of all data to write the views to, where `dataroot` is only to be read; by default `dataroot`.
    """

    config = "d/shapes"

    def __init__(
        self,
        dataroot: Path | None = None,
        *,
        cacheroot: Path | None = None,
        image_size: Literal[32, 64, 128] = 64,
    ) -> None:
        root = data_root(dataroot)
        roots = tuple(dict.fromkeys((root, cacheroot or root)))
        planes = torch.from_numpy(load_planes(*roots, side=max(image_size, SIDE)).copy())
        super().__init__(
            ShapesSource(planes, halved=image_size < SIDE),
            *train_and_test(len(GRID)),
            grid=GRID,
            folders=[place / "shapes" for place in roots],
            prefix="" if image_size == SIDE else f"{image_size}x{image_size}_",
        )
        size = {"image-size": None if image_size == SIDE else image_size}
        self.command_keys = {**size, **given_roots(dataroot, cacheroot)}


def _rgb(hue: float) -> tuple[int, int, int]:
    red, green, blue = (round(255 * channel) for channel in colorsys.hsv_to_rgb(hue, 1, 1))
    return red, green, blue
