"""Writing for TensorBoard: scalars, texts, images, histograms, figures and animations."""

import io
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch
from tensorboard.compat.proto.summary_pb2 import Summary
from torch import Tensor
from torch.utils.tensorboard import summary

from omnilearn.errors import UserError
from omnilearn.figures import encoded
from omnilearn.tensorboard.event_file import EventFile
from omnilearn.tensorboard.mirrors import GuardedMirror, Mirror, Settings

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_POSITIVE_EDGES = (1e-12 * 1.1 ** np.arange(774)).tolist()
# Of the bins of every histogram: TensorBoard's own, from -1e20 to 1e20.
_EDGES = [-edge for edge in reversed(_POSITIVE_EDGES)] + [0.0, *_POSITIVE_EDGES]


class TensorBoardWriter:
    """Writes an event file into a run folder.

    Use as a context manager, or call `close`: what is not closed may lose its last events. Raises `UserError` where the
    disk refuses.

    Args:
        folder: the folder.
        mirror: elsewhere that numbers go too.
    """

    def __init__(self, folder: Path, mirror: Mirror | None = None) -> None:
        self._folder, self._file = folder, EventFile(folder)
        self._mirror = None if mirror is None else GuardedMirror(mirror)
        self._held: list[tuple[str, float, int]] | None = None

    def open_mirror(self, settings: Settings) -> None:
        """Begin with the mirror, if there is one; `settings` are what it is to know of a new run."""
        if self._mirror is not None:
            self._mirror.open(self._folder, settings)

    def scalar(self, tag: str, value: float, step: int) -> None:
        """Write a number."""
        self._file.add(summary.scalar(tag, value), step)
        if self._held is not None:
            self._held.append((tag, value, step))
        elif self._mirror is not None:
            self._mirror.scalar(tag, value, step)

    def scalars(self, pattern: str, values: Mapping[str, float], step: int) -> None:
        """Write numbers under the tags that their names make in a pattern such as `{}/train`."""
        for name, value in values.items():
            self.scalar(tag_of(pattern, name), value, step)

    def summary(self, summary: Summary, step: int) -> None:
        """Write what a plugin of TensorBoard shows."""
        self._file.add(summary, step)

    def text(self, tag: str, text: str, step: int) -> None:
        """Write a text as preformatted lines."""
        lines = "\n".join(f"    {line}" for line in text.splitlines())
        self._file.add(summary.text(tag, lines), step)

    def histogram(self, tag: str, values: Tensor, step: int) -> None:
        """Write the distribution of a tensor's values; none where they are not all finite."""
        array = values.detach().float().cpu().numpy()
        if np.isfinite(array).all():
            self._file.add(summary.histogram(tag, array, _EDGES), step)

    def image(self, tag: str, image: Tensor, step: int) -> None:
        """Write an image (C, H, W) with values in [0, 1]."""
        pixels = image.detach().float().clamp(0, 1).cpu()
        self._file.add(summary.image(tag, pixels, dataformats="CHW"), step)

    def figure(self, tag: str, figure: "Figure", step: int) -> None:
        """Write a matplotlib figure as an image."""
        content = encoded(figure, "png", dots_per_inch=100)
        width, height = (round(inches * 100) for inches in figure.get_size_inches())
        image = Summary.Image(height=height, width=width, colorspace=4, encoded_image_string=content)
        self._encoded_image(tag, image, step)

    def animation(
        self,
        tag: str,
        frames: Tensor,
        frames_per_second: int,
        step: int,
        *,
        before_each: Callable[[], None] = lambda: None,
    ) -> None:
        """Write frames (T, C, H, W) with values in [0, 1] as an animated GIF; `before_each` frame may raise."""
        data = gif(frames, frames_per_second, before_each=before_each)
        height, width = frames.shape[2:]
        self._encoded_image(
            tag, Summary.Image(height=height, width=width, colorspace=3, encoded_image_string=data), step
        )

    @contextmanager
    def all_or_none(self) -> Iterator[None]:
        """Write what the block writes when it ends; where it raises, nothing of it."""
        self._held = []
        try:
            with self._file.all_or_none():
                yield
            held = self._held
        finally:
            self._held = None
        if self._mirror is not None:
            for tag, value, step in held:
                self._mirror.scalar(tag, value, step)

    def flush(self) -> None:
        """Put everything written so far on the disk."""
        self._file.flush()

    def close(self) -> None:
        """Write what is left and close the file."""
        if self._mirror is not None:
            self._mirror.close()
        self._file.close()

    def __enter__(self) -> "TensorBoardWriter":
        return self

    def __exit__(self, kind: type[BaseException] | None, *error: object) -> None:
        try:
            self.close()
        except UserError:
            if kind is None:  # else what ended the block counts, which may be this very disk
                raise

    def _encoded_image(self, tag: str, image: Summary.Image, step: int) -> None:
        self._file.add(Summary(value=[Summary.Value(tag=tag, image=image)]), step)


def tag_of(pattern: str, name: str) -> str:
    """The tag of a name in a pattern such as `{}/train`; underscores in the name become dashes."""
    return pattern.format(name.replace("_", "-"))


def gif(frames: Tensor, frames_per_second: int, *, before_each: Callable[[], None] = lambda: None) -> bytes:
    """An endless animated GIF of frames (T, C, H, W) with values in [0, 1]; one channel is grey.

    `before_each` frame is called before its colours are chosen, which takes almost all the time; it may raise.
    """
    from PIL import Image

    pixels = (frames.detach().float().clamp(0, 1) * 255).round().to(torch.uint8).cpu()
    if pixels.shape[1] == 1:
        pixels = pixels.expand(-1, 3, -1, -1)
    images = []
    for frame in pixels:
        before_each()
        image = Image.fromarray(frame.permute(1, 2, 0).contiguous().numpy())
        images.append(image.convert("P", palette=Image.Palette.ADAPTIVE))
    buffer = io.BytesIO()
    images[0].save(
        buffer, format="GIF", save_all=True, append_images=images[1:], duration=1000 // frames_per_second, loop=0
    )
    return buffer.getvalue()
