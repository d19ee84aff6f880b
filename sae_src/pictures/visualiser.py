"""Pictures of a method for TensorBoard: reconstructions, samples, latents, traversals."""

from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import nn

from omnilearn.config.registry import component
from omnilearn.randomness import undisturbed
from omnilearn.tensorboard.visualiser import Visualiser
from omnilearn.tensorboard.writer import TensorBoardWriter
from sae_src.methods import as_autoencoder
from sae_src.pictures.picture import Scene
from sae_src.pictures.table import all_pictures


@component("sae-viz")
class SAEVisualiser(Visualiser):
    """Draws what an autoencoder makes of a batch: every picture of `sae_src.pictures.table`.

    Args:
        freq: training steps between pictures.
        viz_latent: histograms of the latents: `latent-norm`, `latent-std` and, for a VAE, `logstd-hist`.
        viz_rec: the image `rec`: eight observations above their reconstructions.
        viz_gen_prior: the image `gen-prior`: 16 samples from the prior, if the method has one.
        viz_gen_hybrid: the image `gen-hybrid`: 16 hybrid samples, if the method is hybrid.
        viz_traversals: the figure `distrib` and the animation `traversals`, where asked to be thorough.
        force_viz: show vectors as grey images too, squashed by a sigmoid.
        without: names of further pictures to leave out.
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
        without: Sequence[str] = (),
    ) -> None:
        super().__init__(freq)
        unknown = [name for name in without if name not in all_pictures()]
        if unknown:
            raise ValueError(f"without: no picture named '{unknown[0]}': there are {', '.join(all_pictures())}")
        switches = {"latent": viz_latent, "rec": viz_rec, "gen-prior": viz_gen_prior}
        switches |= {"gen-hybrid": viz_gen_hybrid, "traversals": viz_traversals}
        self.left_out = {name for name, is_on in switches.items() if not is_on} | set(without)
        self.force_viz = force_viz

    @torch.no_grad()
    def draw(
        self,
        model: nn.Module,
        result: dict[str, Any],
        writer: TensorBoardWriter,
        pattern: str,
        step: int,
        *,
        thorough: bool,
        stop: Callable[[], BaseException | None] = lambda: None,
    ) -> dict[str, Any]:
        """Write the pictures; returns `diffs` (16, D), the effects of the traversals, where they were drawn."""
        autoencoder = as_autoencoder(model)
        scene = Scene(autoencoder, result, writer, pattern, step, full_contrast=self.force_viz, stop=stop)
        can_show_images = self.force_viz or not isinstance(autoencoder.dout, int)
        found: dict[str, Any] = {}
        for name, picture in all_pictures().items():
            if name in self.left_out or (picture.is_slow and not thorough):
                continue
            if can_show_images or not picture.shows_images:
                scene.may_stop()
                with undisturbed(torch.initial_seed()):  # each from the same seed: no picture changes another
                    found |= picture.draw(scene) or {}
        return found
