"""The generated 3D-Shapes-style images as a file in the official schema of 3D-Shapes."""

import io
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np
import torch
from torch import Tensor

from omnilearn.data.shapes.dataset import Shapes
from omnilearn.data.shapes.grid import GRID
from omnilearn.files import replacing
from omnilearn.progress import with_progress

# The values that the official file gives the factors: shapes are numbers there.
_VALUES = (*GRID.values[:4], tuple(range(4)), GRID.values[5])
# As h5py chooses for the official shape. Slow to read at random, which is what readers have to cope with.
OFFICIAL_CHUNKS = (15_000, 4, 4, 1)


def write_h5(
    shapes: Shapes, path: Path, indices: Tensor | None = None, *, chunks: tuple[int, int, int, int] = OFFICIAL_CHUNKS
) -> None:
    """Write generated images as `images` uint8 (N, 64, 64, 3) and `labels` float64 (N, 6), whole or not at all.

    The file says in its attribute `source` that it is generated.

    Args:
        shapes: the generated set.
        path: the file to write.
        indices: which of all 480,000 images, in the published order; by default all (5.9 GB before compression).
        chunks: images, rows, columns and channels that are compressed together.

    Raises `UserError` where the disk refuses.
    """
    import h5py

    full = shapes.in_mode("full")
    indices = torch.arange(len(full)) if indices is None else indices
    chunks = (min(chunks[0], len(indices)), *chunks[1:])
    _, height, width = full.din
    with replacing(path) as temporary, _Output(temporary) as out, h5py.File(out, "w") as file:
        file.attrs["source"] = "3D-Shapes-style images, generated; not 3D-Shapes"
        images = file.create_dataset(
            "images", (len(indices), height, width, 3), np.uint8, chunks=chunks, compression="gzip"
        )
        file["labels"] = label_values(full.factors(indices))
        for start in with_progress(range(0, len(indices), chunks[0]), f"writing {path.name}", "chunks"):
            part = indices[start : start + chunks[0]]
            images[start : start + len(part)] = np.concatenate([_as_bytes(full, some) for some in part.split(512)])
            out.check()


class _Output(io.FileIO):
    """A file whose errors are kept for later: the HDF5 library may crash where the disk refuses something."""

    def __init__(self, path: Path) -> None:
        super().__init__(path, "r+")
        self._error: OSError | None = None

    def write(self, content: Any) -> int:
        """Write, or remember why not."""
        rest = memoryview(content).cast("B")
        length = len(rest)
        try:
            while rest and self._error is None:
                rest = rest[super().write(rest) :]
        except OSError as error:
            self._error = error
        return length

    def check(self) -> None:
        """Raise `OSError` where something could not be written."""
        if self._error is not None:
            raise self._error

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        super().__exit__(kind, error, trace)
        self.check()


def label_values(classes: Tensor) -> np.ndarray:
    """The official labels (N, 6), float64, of the class indices (N, 6) of the factors."""
    return np.stack([np.array(values, float)[classes[:, k].numpy()] for k, values in enumerate(_VALUES)], 1)


def _as_bytes(shapes: Shapes, indices: Tensor) -> np.ndarray:
    return shapes.batch(indices).mul(255).round().to(torch.uint8).permute(0, 2, 3, 1).cpu().numpy()
