"""What a run tells TensorBoard: scalars, texts, images, histograms, figures and animations."""

import io
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import torch
from matplotlib.figure import Figure
from tensorboard.compat.proto.summary_pb2 import Summary
from torch import Tensor
from torch.utils.tensorboard import SummaryWriter

from omnilearn.files import cannot_write


class TensorBoardWriter:
    """Writes events into a run folder; every tag is made by a pattern such as `{}/train`.

    Use as a context manager, or call `close`: what is not closed may lose its last events. Raises `UserError` where the
    disk refuses.
    """

    def __init__(self, folder: Path) -> None:
        try:
            self._writer = SummaryWriter(str(folder))
        except OSError as error:
            raise cannot_write(folder, error) from error
        self.pattern = "{}"
        self.step = 0

    def at(self, step: int, pattern: str) -> "TensorBoardWriter":
        """This writer, set to a training step and a pattern for tags."""
        self.step, self.pattern = step, pattern
        return self

    def scalars(self, values: Mapping[str, float]) -> None:
        """Write numbers; underscores in their names become dashes."""
        for name, value in values.items():
            self._writer.add_scalar(self._tag(name), value, self.step)

    def text(self, name: str, text: str) -> None:
        """Write a text as preformatted lines, whatever the pattern."""
        lines = "\n".join(f"    {line}" for line in text.splitlines())
        self._writer.add_text(name, lines, self.step)

    def histogram(self, name: str, values: Tensor) -> None:
        """Write the distribution of a tensor's values; none where they are not all finite."""
        values = values.detach().float().cpu().numpy()
        if np.isfinite(values).all():
            self._writer.add_histogram(self._tag(name), values, self.step)

    def image(self, name: str, image: Tensor) -> None:
        """Write an image (C, H, W) with values in [0, 1]."""
        self._writer.add_image(self._tag(name), image.detach().float().clamp(0, 1).cpu(), self.step)

    def figure(self, name: str, figure: Figure) -> None:
        """Write a matplotlib figure as an image."""
        buffer = io.BytesIO()
        figure.savefig(buffer, format="png", dpi=100)
        width, height = (round(inches * 100) for inches in figure.get_size_inches())
        self._encoded_image(name, buffer.getvalue(), width, height, channels=4)

    def animation(self, name: str, frames: Tensor, frames_per_second: int) -> None:
        """Write frames (T, C, H, W) with values in [0, 1] as an animated GIF."""
        data = gif(frames, frames_per_second)
        self._encoded_image(name, data, frames.shape[3], frames.shape[2], channels=3)

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

    def _tag(self, name: str) -> str:
        return self.pattern.format(name.replace("_", "-"))

    def _encoded_image(self, name: str, data: bytes, width: int, height: int, channels: int) -> None:
        image = Summary.Image(height=height, width=width, colorspace=channels, encoded_image_string=data)
        summary = Summary(value=[Summary.Value(tag=self._tag(name), image=image)])
        self._writer.file_writer.add_summary(summary, self.step)


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
