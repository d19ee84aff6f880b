"""A picture of what the factors of a dataset do: one row for each factor, swept over its values.

    python -m omnilearn.data.contact_sheet shapes sheet.png

draws the generated 3D-Shapes-style set; from Python, `contact_sheet` draws any dataset with a grid of factors.
"""

import io
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import torch

from omnilearn.data.dataset import Dataset
from omnilearn.errors import UserError
from omnilearn.files import write_bytes

if TYPE_CHECKING:
    from PIL.Image import Image


def contact_sheet(
    dataset: Dataset, base: tuple[int, ...] | None = None, *, columns: int = 15, zoom: int = 2
) -> "Image":
    """Draw one row of images for each factor, all other factors at `base`.

    Args:
        dataset: a dataset with a grid; it is read in the mode `full`.
        base: class index of each factor in all other rows; by default spread, so that hues differ from each other.
        columns: the most images in a row; a factor with more values is shown at some of them, evenly spread.
        zoom: side of the square that a pixel becomes.

    Raises `UserError` where the dataset has no grid of factors, or no images.
    """
    from PIL import Image

    if dataset.grid is None:
        raise UserError(f"{type(dataset).__name__}: no grid of factors to draw a contact sheet of")
    full = dataset.in_mode("full")
    if isinstance(full.din, int):
        raise UserError(f"{type(dataset).__name__}: no images to draw a contact sheet of")
    sizes = dataset.grid.sizes
    if base is None:
        base = tuple((k + 1) * size // (len(sizes) + 1) for k, size in enumerate(sizes))
    _, height, width = full.din
    sheet = Image.new("RGB", (columns * width, len(sizes) * height), "white")
    for k, size in enumerate(sizes):
        values = torch.linspace(0, size - 1, min(size, columns)).round().long()
        classes = torch.tensor(base).repeat(len(values), 1)
        classes[:, k] = values
        images = full.batch(full.indices_of(classes)).mul(255).round().to(torch.uint8).cpu()
        for column, image in enumerate(images.expand(-1, 3, -1, -1).permute(0, 2, 3, 1).numpy()):
            sheet.paste(Image.fromarray(image), (column * width, k * height))
    return sheet.resize((sheet.width * zoom, sheet.height * zoom), Image.Resampling.NEAREST)


def main(arguments: list[str]) -> None:
    """Draw the contact sheet of the generated set into a file."""
    if len(arguments) != 2 or arguments[0] != "shapes":
        raise SystemExit("usage: python -m omnilearn.data.contact_sheet shapes FILE.png")
    from PIL import Image

    from omnilearn.data.shapes.dataset import Shapes

    path, content = Path(arguments[1]), io.BytesIO()
    contact_sheet(Shapes()).save(content, format=Image.registered_extensions().get(path.suffix.lower(), "PNG"))
    write_bytes(path, content.getvalue())


if __name__ == "__main__":
    main(sys.argv[1:])
