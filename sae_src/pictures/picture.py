"""What a picture is: a function that writes one thing about a model for TensorBoard."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from omnilearn.tensorboard.writer import TensorBoardWriter, tag_of
from sae_src.methods import Autoencoder
from sae_src.pictures.images import as_images, image_grid, resized, with_full_contrast


@dataclass(frozen=True)
class Scene:
    """What there is to draw: a model, and what it made of a batch.

    Attributes:
        model: in evaluation mode.
        result: what its `losses` returned for the batch.
        writer: where the pictures go.
        pattern: makes a picture's name its tag, see `tag_of`.
        step: the training step that they belong to.
        full_contrast: whether grey images are spread over the whole range, as those of vectors need it.
        stop: an exception that it returns ends the drawing.
    """

    model: Autoencoder
    result: Mapping[str, Any]
    writer: TensorBoardWriter
    pattern: str
    step: int
    full_contrast: bool = False
    stop: Callable[[], BaseException | None] = lambda: None

    def may_stop(self) -> None:
        """Stop here, where there is a reason to."""
        if (reason := self.stop()) is not None:
            raise reason

    def decode(self, latents: Tensor) -> Tensor:
        """Outputs (B, *size) of latents (B, D), as many at once as the batch has; may stop before each piece."""
        outputs = []
        for some in latents.split(len(self.result["original"])):
            self.may_stop()
            outputs.append(self.model.decode(some))
        return torch.cat(outputs)

    def tag(self, name: str) -> str:
        """The tag of a picture."""
        return tag_of(self.pattern, name)

    def to_look_at(self, images: Tensor) -> Tensor:
        """Images (B, C, H, W) in a size and contrast to look at."""
        grey = images.shape[1] == 1
        return resized(with_full_contrast(images) if grey and self.full_contrast else images)

    def write_images(self, name: str, outputs: Tensor, columns: int) -> None:
        """Write observations or outputs (B, *size) as one image, in rows of `columns`, which divides B."""
        self.writer.image(self.tag(name), image_grid(self.to_look_at(as_images(outputs)), columns), self.step)


@dataclass(frozen=True)
class Picture:
    """A picture as the visualiser knows it: `PICTURE` at the end of each picture's module.

    Attributes:
        name: its name for `viz.without`, and mostly that of its tag.
        draw: writes it, from torch's global generators where it is random; returns what was computed on the way and is
            worth storing, if anything.
        shows_images: whether it shows outputs as images; then none is drawn of vectors, unless `force_viz` says so.
        is_slow: whether it is drawn only of evaluations, not during training.
    """

    name: str
    draw: Callable[[Scene], Mapping[str, Any] | None]
    shows_images: bool = True
    is_slow: bool = False
