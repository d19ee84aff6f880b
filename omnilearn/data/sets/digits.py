"""The handwritten digits that come with scikit-learn: real images without a download."""

from pathlib import Path

import numpy as np
import torch

from omnilearn.config.registry import component
from omnilearn.data.download.paths import data_root, given_roots
from omnilearn.data.factor_table import factor_table
from omnilearn.data.images import ImageDataset
from omnilearn.data.splits import train_and_test
from omnilearn.data.storage.arrays import PixelArray

SIDE = 32


@component("digits")
class SklearnDigits(ImageDataset):
    """1,797 grey images of 8 x 8 of the 10 digits (Alpaydin & Kaynak, 1998), resized bilinearly to 32 x 32.

    Their 17 grey levels are spread over 0 to 255. The set has no test set of its own; the rule of 3D-Shapes makes one.

    Args:
        dataroot: folder of all data, for files about these images; by default OMNILEARN_DATA_DIR, else ./local_data.
        cacheroot: folder of all data to write such files to, where `dataroot` is only to be read.
    """

    config = "d/digits"

    def __init__(self, dataroot: Path | None = None, *, cacheroot: Path | None = None) -> None:
        from sklearn.datasets import load_digits

        digits = load_digits()
        pixels = torch.from_numpy(np.rint(digits.images * (255 / 16)).astype(np.uint8)).unsqueeze(1)
        root = data_root(dataroot)
        super().__init__(
            PixelArray(pixels, "ram"),
            *train_and_test(len(pixels)),
            grid=factor_table({"digit": digits.target}),
            targets=torch.from_numpy(digits.target).long(),
            side=SIDE,
            folders=[place / "digits" for place in dict.fromkeys((root, cacheroot or root))],
        )
        self.command_keys = given_roots(dataroot, cacheroot)
