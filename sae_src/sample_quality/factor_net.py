"""The factor net: a small network that reads the factors of variation from an image, and whose features say how far
images are from others, where the network of the FID cannot be had.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from torch import Tensor, nn

from omnilearn.errors import UserError
from omnilearn.evaluation.measures import Unavailable
from omnilearn.randomness import undisturbed
from omnilearn.tensor_files import load_tensors, save_tensors
from sae_src.sample_quality.frechet import Moments

FILE = "factor_net.pth.tar"


class FactorNet(nn.Module):
    """Images (B, C, H, W) in [0, 1] to the logits (B, sizes[k]) of each factor.

    Args:
        din: size (C, H, W) of the images, H and W at least 16.
        sizes: number of values of each factor.
        dim: number of features; each has mean 0 and variance 1 over the images that the net was trained on, so that
            none outweighs the others in a distance.

    Attributes:
        features: the first layers, from images to features (B, dim).
    """

    def __init__(self, din: Sequence[int], sizes: Sequence[int], *, dim: int = 128) -> None:
        super().__init__()
        self.din, self.sizes = tuple(din), list(sizes)
        channels, height, width = self.din
        layers: list[nn.Module] = []
        for wide in (32, 64, 64, 64):
            layers += [nn.Conv2d(channels, wide, 4, stride=2, padding=1), nn.ReLU()]
            channels, height, width = wide, height // 2, width // 2
        self.features = nn.Sequential(
            *layers,
            nn.Flatten(),
            nn.Linear(channels * height * width, dim),
            nn.BatchNorm1d(dim, affine=False),
        )
        self.heads = nn.Sequential(nn.ReLU(), nn.Linear(dim, sum(self.sizes)))

    def forward(self, images: Tensor) -> list[Tensor]:
        """The logits of each factor."""
        return list(self.heads(self.features(images)).split(self.sizes, dim=1))


def save_factor_net(path: Path, net: FactorNet, moments: Mapping[str, Moments], about: Mapping[str, Any]) -> None:
    """Write a net, the moments of its features on the sets of its data, and what made it, whole or not at all."""
    state = {name: value.cpu() for name, value in net.state_dict().items()}
    sets = {mode: tuple(found) for mode, found in moments.items()}
    save_tensors(path, {"din": net.din, "sizes": net.sizes, "state": state, "moments": sets, "about": dict(about)})


def load_factor_net(path: Path) -> tuple[FactorNet, dict[str, Moments], dict[str, Any]]:
    """What `save_factor_net` wrote; the net in evaluation mode on the CPU, without gradients.

    Raises `Unavailable` for a file that is damaged or something else.
    """
    try:
        stored = load_tensors(path, follow_links=True)
    except UserError as error:
        raise Unavailable(str(error)) from error
    try:
        with undisturbed(0):  # initial weights are drawn, and replaced
            net = FactorNet(stored["din"], stored["sizes"])
        net.load_state_dict(stored["state"])
        moments = {mode: Moments(*found) for mode, found in stored["moments"].items()}
        about = dict(stored["about"])
    except (KeyError, TypeError, ValueError, AttributeError, RuntimeError) as error:
        first_line = str(error).split("\n")[0]
        raise Unavailable(f"{path}: holds no factor net ({first_line}): train it again") from None
    return net.requires_grad_(False).eval(), moments, about
