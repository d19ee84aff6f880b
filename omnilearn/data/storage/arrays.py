"""Where the pixels of a dataset are kept: in memory, mapped from a file, or on the GPU; never in two places."""

import warnings
from pathlib import Path
from typing import Literal

import numpy as np
import torch
from torch import Tensor

from omnilearn.data.storage.memory import free_memory
from omnilearn.errors import UserError, size_in_words

# auto: the first of device, ram and mmap where the images take at most this share of the memory that is free.
Keep = Literal["auto", "ram", "mmap", "device"]
AUTO_SHARE = 0.5

_STEP = 64 * 2**20  # bytes copied at a time


class PixelArray:
    """The uint8 images (N, C, H, W) of a dataset.

    Args:
        pixels: the images; a mapped file (`map_npy`) or a tensor in memory.
        keep: where to keep them. `ram`, in memory; `mmap`, in the file, whose pages the system shares between processes
            and drops when memory is short; `device`, on the device that they are used on; `auto`, on a GPU with room
            for them, else in memory with room for them, else in the file. Images that were never in a file stay in
            memory for `mmap`.
    """

    def __init__(self, pixels: Tensor, keep: Keep = "auto", *, mapped: bool = False) -> None:
        assert pixels.dtype == torch.uint8 and pixels.ndim == 4
        count, channels, height, width = pixels.shape
        self.shape = (count, channels, height, width)
        self._pixels, self._keep = pixels, keep
        # The mapped file costs no memory, so it stays open to be read again for another place.
        self._mapped = pixels if mapped else None
        self._is_placed = False

    @property
    def nbytes(self) -> int:
        """Bytes of all images."""
        return self._pixels.nbytes

    def place(self, device: torch.device) -> Literal["ram", "mmap", "device"]:
        """Where the images are kept for use on `device`."""
        if self._keep != "auto":
            return self._keep
        if device.type == "cuda" and self._fits(device):
            return "device"
        return "ram" if self._fits(torch.device("cpu")) else "mmap"

    def move_to(self, device: torch.device) -> None:
        """Move the images to where they are kept for use on `device`.

        Raises `UserError` where they were asked to be in memory that is too small.
        """
        place = self.place(device)
        target = device if place == "device" else torch.device("cpu")
        self._is_placed = True
        if place == "mmap" and self._mapped is not None:
            self._pixels = self._mapped
        elif self._pixels.device != target or (place != "mmap" and self._pixels is self._mapped):
            self._check_room(target, place)
            source = self._pixels if self._mapped is None else self._mapped
            self._pixels = _copy(source, target)

    def read(self, rows: Tensor, device: torch.device) -> Tensor:
        """The images (B, C, H, W) at `rows` (B,), as uint8 on `device`."""
        if not self._is_placed:
            self.move_to(device)
        return self._pixels.index_select(0, rows.to(self._pixels.device)).to(device, non_blocking=True)

    def _fits(self, device: torch.device) -> bool:
        free = free_memory(device)
        here = self._pixels.device == device and self._pixels is not self._mapped
        return here or (free is not None and self.nbytes <= AUTO_SHARE * free)

    def _check_room(self, target: torch.device, place: str) -> None:
        free = free_memory(target)
        if free is not None and self.nbytes > free:
            raise UserError(
                f"dataset.keep: {place} needs {size_in_words(self.nbytes)} and {size_in_words(free)} are free; use mmap"
            )


def map_npy(path: Path) -> Tensor:
    """The uint8 array of a .npy file as a tensor that is read from the file when used; it must not be written to.

    Raises `UserError` where the file is damaged.
    """
    try:
        array = np.load(path, mmap_mode="r", allow_pickle=False)
        if array.dtype != np.uint8 or array.ndim != 4:
            raise ValueError(f"it holds an array of type {array.dtype} and shape {array.shape}")
    except (OSError, ValueError, EOFError) as error:
        raise UserError(f"{path}: damaged: {error}; delete it, and it is made again from the original file") from error
    with warnings.catch_warnings():
        # A writable map would count as memory of its own, which systems refuse for files larger than their memory.
        warnings.filterwarnings("ignore", message="The given NumPy array is not writable")
        return torch.from_numpy(array)


def _copy(source: Tensor, target: torch.device) -> Tensor:
    """A copy on another device, a piece at a time so that a mapped file never fills the memory."""
    copy = torch.empty(source.shape, dtype=source.dtype, device=target)
    step = max(1, _STEP // max(1, source[:1].nbytes))
    for start in range(0, len(source), step):
        copy[start : start + step].copy_(source[start : start + step])
    return copy
