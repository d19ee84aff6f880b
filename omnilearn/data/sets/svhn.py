"""SVHN (Netzer et al., 2011): house numbers, one digit in the middle of each image."""

from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from omnilearn.config.registry import component
from omnilearn.data.download.paths import damaged, missing, unreadable
from omnilearn.data.sets.file_dataset import FileDataset, ImageSet
from omnilearn.data.storage.arrays import Keep, PixelArray
from omnilearn.data.storage.made_up import READ_ERRORS
from omnilearn.data.storage.matlab import numeric_arrays
from omnilearn.errors import UserError
from omnilearn.files import read_bytes

CONFIG = "d/svhn"
_MOST_IMAGES = 73_257  # in the training set, the larger one
_MOST_BYTES = 2**28  # that set has 225 MB unpacked


@component("svhn")
class SVHN(FileDataset):
    """SVHN: 73,257 training and 26,032 test images of 3 x 32 x 32 with the digits 0 to 9 as labels; kept in memory.

    The files `svhn/train_32x32.mat` and `svhn/test_32x32.mat` are the official ones, as torchvision lays them out; they
    are never changed.
    """

    ident = folder_name = "svhn"
    config = CONFIG

    def read(self, folder: Path, keep: Keep) -> ImageSet:
        """Read both files."""
        (train, train_digits), (test, test_digits) = (_read(folder / f"{part}_32x32.mat") for part in ("train", "test"))
        rows = torch.arange(len(train) + len(test))
        return ImageSet(
            PixelArray(torch.cat([train, test]), keep),
            rows[: len(train)],
            rows[len(train) :],
            targets=torch.cat([train_digits, test_digits]),
        )


def _read(path: Path) -> tuple[Tensor, Tensor]:
    """The images (N, 3, 32, 32) and digits (N,) of a MATLAB file."""
    try:
        found = numeric_arrays(read_bytes(path, follow_links=True, at_most=_MOST_BYTES), at_most=_MOST_BYTES)
        images, digits = found["X"], found["y"]
        count = images.shape[-1]
        if images.shape != (32, 32, 3, count) or digits.shape != (count, 1) or not 1 <= count <= _MOST_IMAGES:
            raise ValueError(f"it claims arrays of the shapes {images.shape} and {digits.shape}")
        if images.dtype != np.uint8 or digits.dtype.kind not in "iu":
            raise ValueError(f"its arrays are of the types {images.dtype} and {digits.dtype}")
    except UserError:
        raise
    except FileNotFoundError:
        raise missing(path, CONFIG) from None
    except OSError as error:
        raise unreadable(path, error) from error
    except READ_ERRORS as error:
        raise damaged(path, error, CONFIG) from error
    # The file counts the digit 0 as 10.
    return torch.tensor(images.transpose(3, 2, 0, 1)), torch.tensor(digits[:, 0].astype(np.int64) % 10)
