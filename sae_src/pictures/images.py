"""From outputs of a model to images of a size and contrast to look at."""

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

LARGEST, SMALLEST = 128, 64  # pixels along the side of a picture
LINE, MARGIN = 13, 2  # pixels: the height of a line of text, what is left free around an image


def as_images(outputs: Tensor) -> Tensor:
    """Outputs (B, *size) as images (B, C, H, W) in [0, 1]: vectors as grey images, squashed by a sigmoid."""
    if outputs.dim() == 2:
        return outputs.sigmoid().view(len(outputs), 1, *middle_factors(outputs.shape[1]))
    return outputs


def with_full_contrast(images: Tensor) -> Tensor:
    """Images with their values spread over the whole range [0, 1], all by the same amount."""
    low, high = images.amin(), images.amax()
    return (images - low) / (high - low).clamp(min=1e-12)


def resized(images: Tensor) -> Tensor:
    """Images (B, C, H, W) with whole pixels repeated, or left out, until they are of a size to look at."""
    height, width = images.shape[2:]
    if max(height, width) > LARGEST:
        return F.interpolate(images, size=(LARGEST, LARGEST), mode="nearest")
    scale = max(1, SMALLEST // max(height, width))
    return images.repeat_interleave(scale, dim=2).repeat_interleave(scale, dim=3)


def image_grid(images: Tensor, columns: int, margin: int = 2) -> Tensor:
    """Images (N, C, H, W) in rows of `columns`, with white margins, as one image (C, height, width).

    N is a multiple of `columns`. (torchvision has the same; importing it takes longer than a short evaluation.)
    """
    images = F.pad(images, (margin, 0, margin, 0), value=1.0)
    _, channels, height, width = images.shape
    rows = images.view(-1, columns, channels, height, width).permute(2, 0, 3, 1, 4)
    grid = rows.reshape(channels, -1, columns * width)
    return F.pad(grid, (0, margin, 0, margin), value=1.0)


def labelled(images: Tensor, label: str) -> Tensor:
    """Images (..., C, H, W) in [0, 1] with a label of a few letters above them and a white margin around."""
    from PIL import Image, ImageDraw

    width = images.shape[-1] + 2 * MARGIN
    line = Image.new("L", (width, LINE), 255)
    ImageDraw.Draw(line).text((MARGIN, 1), label, fill=0)
    above = torch.tensor(np.asarray(line), dtype=images.dtype, device=images.device) / 255
    framed = F.pad(images, (MARGIN, MARGIN, 0, MARGIN), value=1.0)
    return torch.cat([above.expand(*images.shape[:-2], LINE, width), framed], dim=-2)


def middle_factors(number: int) -> tuple[int, int]:
    """The two factors of a number that are closest to each other, the smaller one first: 12 is 3 x 4."""
    small = next(factor for factor in range(int(number**0.5), 0, -1) if number % factor == 0)
    return small, number // small
