"""Histograms of the latents: `latent-norm`, `latent-std` and, for distributions, `logstd-hist`."""

from torch import Tensor
from torch.distributions import Normal

from sae_src.methods import Latent, mean_of
from sae_src.pictures.picture import Picture, Scene


def latent_statistics(latent: Latent) -> dict[str, Tensor]:
    """Latents (B, D) summed up: the norms (B,) of their means and their standard deviations (D,) over the batch; of
    distributions also the mean logarithm (D,) of their own standard deviations. One latent alone has none over a batch.
    """
    mean = mean_of(latent)
    statistics = {"latent-norm": mean.norm(dim=1)}
    if len(mean) > 1:
        statistics["latent-std"] = mean.std(dim=0)
    if isinstance(latent, Normal):
        statistics["logstd-hist"] = (latent.scale + 1e-5).log().mean(dim=0)
    return statistics


def draw(scene: Scene) -> None:
    """Write a histogram of each statistic."""
    for name, values in latent_statistics(scene.result["latent"]).items():
        scene.writer.histogram(scene.tag(name), values, scene.step)


PICTURE = Picture("latent", draw, shows_images=False)
