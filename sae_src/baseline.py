"""The convolutional baselines in the style of disentanglement_lib (Locatello et al. 2019, appendix, table 1)."""

from typing import Literal

from torch import Tensor, nn

from omnilearn.config.registry import component
from omnilearn.layers import Layer, Nonlinearity, Size, nonlinearity

# `published` is what the published runs used, `textbook` what disentanglement_lib describes.
Layout = Literal["published", "textbook"]


@component("dislib-enc")
class DislibEncoder(Layer):
    """Four strided convolutions and two linear layers; images (B, C, H, W) to (B, dout).

    Args:
        din: size of the images; height and width are multiples of 16.
        dout: number of outputs.
        hidden_dim: width of the hidden linear layer.
        nonlin: nonlinearity after every layer but the last (`published` only).
        layout: `published` has 2x2 kernels, `textbook` 4x4 kernels with padding 1 and ReLU; both have stride 2.
    """

    def __init__(
        self,
        din: Size,
        dout: int,
        *,
        hidden_dim: int = 256,
        nonlin: Nonlinearity = "relu",
        layout: Layout = "published",
    ) -> None:
        super().__init__()
        channels, height, width = _image_size(din)
        kernel, padding = (2, 0) if layout == "published" else (4, 1)
        nonlin = nonlin if layout == "published" else "relu"
        stages: list[nn.Module] = []
        for before, after in ((channels, 32), (32, 32), (32, 64), (64, 64)):
            stages += [nn.Conv2d(before, after, kernel, stride=2, padding=padding), nonlinearity(nonlin)]
        features = 64 * (height // 16) * (width // 16)
        stages += [nn.Flatten(), nn.Linear(features, hidden_dim), nonlinearity(nonlin), nn.Linear(hidden_dim, dout)]
        self.net = nn.Sequential(*stages)
        self.din, self.dout = (channels, height, width), dout

    def forward(self, images: Tensor) -> Tensor:
        """Encode images (B, C, H, W) to (B, dout)."""
        return self.net(images)


@component("dislib-dec")
class DislibDecoder(Layer):
    """Two linear layers and four transposed convolutions; latents (B, din) to images (B, C, H, W) in [0, 1].

    Args:
        din: number of latents.
        dout: size of the images; height and width are multiples of 16.
        hidden_dim: width of the hidden linear layer.
        nonlin: nonlinearity after every layer but the last, which has a sigmoid (`published` only).
        layout: `textbook` takes ReLU whatever `nonlin` says.
    """

    def __init__(
        self,
        din: int,
        dout: Size,
        *,
        hidden_dim: int = 256,
        nonlin: Nonlinearity = "relu",
        layout: Layout = "published",
    ) -> None:
        super().__init__()
        channels, height, width = _image_size(dout)
        nonlin = nonlin if layout == "published" else "relu"
        start = (64, height // 16, width // 16)
        stages: list[nn.Module] = [nn.Linear(din, hidden_dim), nonlinearity(nonlin)]
        stages += [nn.Linear(hidden_dim, start[0] * start[1] * start[2]), nonlinearity(nonlin), nn.Unflatten(1, start)]
        for before, after in ((64, 64), (64, 32), (32, 32)):
            stages += [nn.ConvTranspose2d(before, after, 4, stride=2, padding=1), nonlinearity(nonlin)]
        stages += [nn.ConvTranspose2d(32, channels, 4, stride=2, padding=1), nn.Sigmoid()]
        self.net = nn.Sequential(*stages)
        self.din, self.dout = din, (channels, height, width)

    def forward(self, latent: Tensor) -> Tensor:
        """Decode latents (B, din) to images (B, C, H, W)."""
        return self.net(latent)


def _image_size(size: Size) -> tuple[int, int, int]:
    if isinstance(size, int) or len(size) != 3 or size[1] % 16 or size[2] % 16:
        raise ValueError(f"this network needs images whose height and width are multiples of 16, got {size}")
    return size
