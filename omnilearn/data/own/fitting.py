"""Images of any size as squares: the shorter side resized, then the centre cropped, as torchvision's transforms do."""

from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor

from omnilearn.errors import UserError

if TYPE_CHECKING:
    from PIL.Image import Image

SIDES = (32, 64, 128)
"""The sides of images that architectures have widths for."""


def check_form(image_size: int, channels: int | None) -> None:
    """Raise `UserError` where there are no images of that side and number of channels (None: as they are)."""
    if image_size < 1:
        raise UserError(f"image_size: must be at least 1, got {image_size}")
    if channels not in (None, 1, 3):
        raise UserError(f"channels: must be 1 or 3, got {channels}")


def nearest_side(side: int) -> int:
    """The nearest side that architectures have widths for."""
    return min(SIDES, key=lambda other: (abs(other - side), -other))


def fit_images(images: Tensor, side: int, channels: int) -> Tensor:
    """Images (B, C, H, W), uint8 or floats in [0, 1], as uint8 (B, channels, side, side).

    Bilinear with antialiasing. Three channels become one by the weights of ITU-R 601, one becomes three equal ones.
    """
    from torchvision.transforms import functional

    if images.shape[1] == 3 and channels == 1:
        images = functional.rgb_to_grayscale(images)
    images = functional.center_crop(functional.resize(images, [side], antialias=True), [side, side])
    if images.dtype != torch.uint8:
        images = images.clamp(0, 1).mul(255).round().to(torch.uint8)
    return images.expand(-1, channels, -1, -1)


def fit_photo(photo: "Image", side: int, channels: int) -> np.ndarray:
    """A photo of at most 8 bits a channel as uint8 (channels, side, side), turned as its camera says."""
    from PIL import ImageOps
    from torchvision.transforms import functional

    upright = ImageOps.exif_transpose(photo).convert("RGB" if channels == 3 else "L")
    fitted = functional.center_crop(functional.resize(upright, [side], antialias=True), [side, side])
    pixels = np.asarray(fitted)
    return pixels[None] if channels == 1 else pixels.transpose(2, 0, 1)
