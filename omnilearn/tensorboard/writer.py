"""Writing for TensorBoard: scalars, texts, images, histograms, figures and animations."""

import io
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from matplotlib.figure import Figure
from tensorboard.compat.proto.summary_pb2 import Summary
from torch import Tensor
from torch.utils.tensorboard import SummaryWriter

from omnilearn.files import cannot_write


class TensorBoardWriter:
    """Writes event files into a run folder.

    Use as a context manager, or call `close`: what is not closed may lose its last events. Raises `UserError` where the
    disk refuses.
    """

    def __init__(self, folder: Path) -> None:
        try:
            self._writer = SummaryWriter(str(folder))
        except OSError as error:
            raise cannot_write(folder, error) from error

    def scalar(self, tag: str, value: float, step: int) -> None:
        """Write a number."""
        self._writer.add_scalar(tag, value, step)

    def scalars(self, pattern: str, values: Mapping[str, float], step: int) -> None:
        """Write numbers under the tags that their names make in a pattern such as `{}/train`."""
        for name, value in values.items():
            self.scalar(tag_of(pattern, name), value, step)

    def text(self, tag: str, text: str, step: int) -> None:
        """Write a text as preformatted lines."""
        lines = "\n".join(f"    {line}" for line in text.splitlines())
        self._writer.add_text(tag, lines, step)

    def histogram(self, tag: str, values: Tensor, step: int) -> None:
        """Write the distribution of a tensor's values; none where they are not all finite."""
        array = values.detach().float().cpu().numpy()
        if np.isfinite(array).all():
            self._writer.add_histogram(tag, array, step)

    def image(self, tag: str, image: Tensor, step: int) -> None:
        """Write an image (C, H, W) with values in [0, 1]."""
        self._writer.add_image(tag, image.detach().float().clamp(0, 1).cpu(), step)

    def figure(self, tag: str, figure: Figure, step: int) -> None:
        """Write a matplotlib figure as an image."""
        buffer = io.BytesIO()
        figure.savefig(buffer, format="png", dpi=100)
        width, height = (round(inches * 100) for inches in figure.get_size_inches())
        image = Summary.Image(height=height, width=width, colorspace=4, encoded_image_string=buffer.getvalue())
        self._encoded_image(tag, image, step)

    def animation(self, tag: str, frames: Tensor, frames_per_second: int, step: int) -> None:
        """Write frames (T, C, H, W) with values in [0, 1] as an animated GIF."""
        data = gif(frames, frames_per_second)
        height, width = frames.shape[2:]
        self._encoded_image(
            tag, Summary.Image(height=height, width=width, colorspace=3, encoded_image_string=data), step
        )

    def flush(self) -> None:
        """Put everything written so far on the disk."""
        self._writer.flush()

    def close(self) -> None:
        """Write what is left and close the file."""
        self._writer.close()

    def __enter__(self) -> "TensorBoardWriter":
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def _encoded_image(self, tag: str, image: Summary.Image, step: int) -> None:
        file_writer: Any = self._writer.file_writer  # torch's types see only what it is before the first event
        file_writer.add_summary(Summary(value=[Summary.Value(tag=tag, image=image)]), step)


def tag_of(pattern: str, name: str) -> str:
    """The tag of a name in a pattern such as `{}/train`; underscores in the name become dashes."""
    return pattern.format(name.replace("_", "-"))


def gif(frames: Tensor, frames_per_second: int) -> bytes:
    """An endless animated GIF of frames (T, C, H, W) with values in [0, 1]; one channel is grey."""
    from PIL import Image

    pixels = (frames.detach().float().clamp(0, 1) * 255).round().to(torch.uint8).cpu()
    if pixels.shape[1] == 1:
        pixels = pixels.expand(-1, 3, -1, -1)
    images = [Image.fromarray(frame.permute(1, 2, 0).contiguous().numpy()) for frame in pixels]
    buffer = io.BytesIO()
    images[0].save(
        buffer, format="GIF", save_all=True, append_images=images[1:], duration=1000 // frames_per_second, loop=0
    )
    return buffer.getvalue()
