"""Pictures of a method for TensorBoard: reconstructions, samples, latents, traversals."""

from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor
from torch.distributions import Normal

from omnilearn.config.registry import component
from omnilearn.tensorboard.visualiser import Visualiser
from omnilearn.tensorboard.writer import TensorBoardWriter, tag_of
from sae_src.hybrid import Hybrid
from sae_src.methods import Autoencoder, Latent, mean_of
from sae_src.pictures.latent_distributions import latent_distributions
from sae_src.pictures.traversals import SAMPLES, animation_frames, effects, middle_factors, traverse

LARGEST, SMALLEST = 128, 64  # pixels along the side of a picture
FRAMES_PER_SECOND = 12


@component("sae-viz")
class SAEVisualiser(Visualiser):
    """Draws what an autoencoder makes of a batch.

    Args:
        freq: training steps between pictures.
        viz_latent: histograms of the latents: `latent-norm`, `latent-std` and, for a VAE, `logstd-hist`.
        viz_rec: the image `rec`: eight observations above their reconstructions.
        viz_gen_prior: the image `gen-prior`: 16 samples from the prior, if the method has one.
        viz_gen_hybrid: the image `gen-hybrid`: 16 hybrid samples, if the method is hybrid.
        viz_traversals: the figure `distrib` and the animation `traversals`, where asked to be thorough.
        force_viz: show vectors as grey images too, squashed by a sigmoid.
    """

    def __init__(
        self,
        freq: int | None = 1000,
        *,
        viz_latent: bool = True,
        viz_rec: bool = True,
        viz_gen_prior: bool = True,
        viz_gen_hybrid: bool = True,
        viz_traversals: bool = True,
        force_viz: bool = False,
    ) -> None:
        super().__init__(freq)
        self.viz_latent, self.viz_rec = viz_latent, viz_rec
        self.viz_gen_prior, self.viz_gen_hybrid = viz_gen_prior, viz_gen_hybrid
        self.viz_traversals, self.force_viz = viz_traversals, force_viz

    @torch.no_grad()
    def draw(
        self,
        model: Autoencoder,
        result: dict[str, Any],
        writer: TensorBoardWriter,
        pattern: str,
        step: int,
        *,
        thorough: bool,
    ) -> dict[str, Any]:
        """Write the pictures; returns `diffs` (16, D), the effects of the traversals, where they were drawn."""
        latent = mean_of(result["latent"])
        if self.viz_latent:
            for name, values in latent_statistics(result["latent"]).items():
                writer.histogram(tag_of(pattern, name), values, step)
        if isinstance(model.dout, int) and not self.force_viz:
            return {}
        grids: dict[str, tuple[Tensor, int]] = {}
        if self.viz_rec:
            pairs = torch.cat([result["original"][:8], result["reconstruction"][:8]])
            grids["rec"] = (pairs, len(pairs) // 2)
        if self.viz_gen_prior and model.prior is not None:
            grids["gen-prior"] = (model.decode(model.sample_prior(16)), 4)
        if self.viz_gen_hybrid and isinstance(model, Hybrid) and model.has_latents:
            grids["gen-hybrid"] = (model.decode(model.sample_hybrid(16)), 4)
        for name, (outputs, columns) in grids.items():
            images = resized(self._full_contrast(self.as_images(outputs)))
            writer.image(tag_of(pattern, name), image_grid(images, columns), step)
        if not (thorough and self.viz_traversals):
            return {}
        traversals = traverse(latent[:SAMPLES], lambda moved: self.as_images(model.decode(moved)))
        effect = effects(traversals)
        writer.figure(tag_of(pattern, "distrib"), latent_distributions(latent, effect), step)
        shown = traversals[:2].flatten(0, 2)  # the animation shows the second sample
        shown = resized(self._full_contrast(shown)).unflatten(0, (-1, *traversals.shape[1:3]))
        writer.animation(tag_of(pattern, "traversals"), animation_frames(shown), FRAMES_PER_SECOND, step)
        return {"diffs": effect}

    def as_images(self, outputs: Tensor) -> Tensor:
        """Outputs (B, *size) as images (B, C, H, W) in [0, 1]: vectors as grey images, squashed by a sigmoid."""
        if outputs.dim() == 2:
            return outputs.sigmoid().view(len(outputs), 1, *middle_factors(outputs.shape[1]))
        return outputs

    def _full_contrast(self, images: Tensor) -> Tensor:
        """Images of vectors are all close to grey: spread them over the whole range, all by the same amount."""
        if images.shape[1] != 1 or not self.force_viz:
            return images
        low, high = images.amin(), images.amax()
        return (images - low) / (high - low).clamp(min=1e-12)


def latent_statistics(latent: Latent) -> dict[str, Tensor]:
    """Latents (B, D) summed up: the norms (B,) of their means and their standard deviations (D,) over the batch; of
    distributions also the mean logarithm (D,) of their own standard deviations.
    """
    mean = mean_of(latent)
    statistics = {"latent-norm": mean.norm(dim=1), "latent-std": mean.std(dim=0)}
    if isinstance(latent, Normal):
        statistics["logstd-hist"] = (latent.scale + 1e-5).log().mean(dim=0)
    return statistics


def resized(images: Tensor) -> Tensor:
    """Images (B, C, H, W) with whole pixels repeated, or left out, until they are of a size to look at."""
    height, width = images.shape[2:]
    if max(height, width) > LARGEST:
        return F.interpolate(images, size=(LARGEST, LARGEST), mode="nearest")
    scale = max(1, SMALLEST // max(height, width))
    return images.repeat_interleave(scale, dim=2).repeat_interleave(scale, dim=3)


def image_grid(images: Tensor, columns: int, margin: int = 2) -> Tensor:
    """Images (N, C, H, W) in rows of `columns`, with white margins, as one image (C, height, width).

    N is a multiple of `columns`. (torchvision has the same; importing it takes longer than a short evaluation.)
    """
    images = F.pad(images, (margin, 0, margin, 0), value=1.0)
    _, channels, height, width = images.shape
    rows = images.view(-1, columns, channels, height, width).permute(2, 0, 3, 1, 4)
    grid = rows.reshape(channels, -1, columns * width)
    return F.pad(grid, (0, margin, 0, margin), value=1.0)
