"""Many small images as one picture in a page."""

import base64
import io

import torch
import torch.nn.functional as F
from PIL import Image
from torch import Tensor

LARGEST = 128
"""Pixels along the side of an image; larger ones are made smaller."""
_QUALITY = 85
_GAP = 2


def sprite(images: Tensor) -> str:
    """Images (R, C, channels, H, W) in [0, 1], of 1 or 3 channels, side by side as the address of a picture."""
    rows, columns, channels, height, width = images.shape
    tiles = images.permute(0, 3, 1, 4, 2).reshape(rows * height, columns * width, channels)
    return _address(tiles.expand(-1, -1, 3))


def picture(images: Tensor, columns: int) -> str:
    """Images (N, channels, H, W) in rows of `columns`, with transparent gaps, as the address of a picture."""
    count, _, height, width = images.shape
    opaque = torch.cat([images.expand(-1, 3, -1, -1), images.new_ones(count, 1, height, width)], dim=1)
    missing = -count % columns
    padded = F.pad(opaque, (0, _GAP, 0, _GAP, 0, 0, 0, missing))
    tiles = padded.unflatten(0, (-1, columns)).permute(0, 3, 1, 4, 2)
    grid = tiles.reshape(tiles.shape[0] * tiles.shape[1], -1, 4)
    return _address(grid[:-_GAP, :-_GAP])


def fitting(images: Tensor) -> Tensor:
    """Images (N, channels, H, W), made smaller where they are larger than `LARGEST`."""
    height, width = images.shape[2:]
    if max(height, width) <= LARGEST:
        return images
    scale = LARGEST / max(height, width)
    return F.interpolate(images, size=(round(height * scale), round(width * scale)), mode="area")


def can_show(size: object) -> bool:
    """Whether observations or outputs of a size are images that a page can show: 1 or 3 channels."""
    return isinstance(size, tuple) and len(size) == 3 and size[0] in (1, 3)


def _address(pixels: Tensor) -> str:
    values = pixels.detach().float().cpu().clamp(0, 1).mul(255).round().to(torch.uint8).contiguous().numpy()
    file = io.BytesIO()
    Image.fromarray(values).save(file, "WEBP", quality=_QUALITY, method=4)
    return f"data:image/webp;base64,{base64.b64encode(file.getvalue()).decode('ascii')}"
