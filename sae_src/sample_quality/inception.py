"""The features of the FID: the InceptionV3 network of 2015, with the weights of pytorch-fid."""

import pickle
from pathlib import Path
from typing import Literal, get_args

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from omnilearn.data.download.files import get_files
from omnilearn.data.download.http import what_is_wrong
from omnilearn.data.download.paths import data_root
from omnilearn.data.download.sources import RemoteFile, find_source
from omnilearn.errors import UserError
from omnilearn.evaluation.measures import NotPrepared, Unavailable
from omnilearn.randomness import undisturbed

FeatureCount = Literal[64, 192, 768, 2048]

_SIDE = 299
# The layers between one number of features and the next, each group followed by a pooling.
_STAGES = (
    ("Conv2d_1a_3x3", "Conv2d_2a_3x3", "Conv2d_2b_3x3", "maxpool1"),
    ("Conv2d_3b_1x1", "Conv2d_4a_3x3", "maxpool2"),
    ("Mixed_5b", "Mixed_5c", "Mixed_5d", "Mixed_6a", "Mixed_6b", "Mixed_6c", "Mixed_6d", "Mixed_6e"),
    ("Mixed_7a", "Mixed_7b", "Mixed_7c"),
)


class InceptionFeatures(nn.Module):
    """Features (B, dim) of images (B, C, H, W) in [0, 1].

    Images are resized to 299 x 299 (bilinear, corners not aligned) and scaled to [-1, 1]; one channel is repeated three
    times, and of more than three the first three count. Features are the means over the last feature maps.

    Args:
        network: an InceptionV3.
        dim: number of features: those after the first or second pooling, before the auxiliary classifier, or the last.
    """

    def __init__(self, network: nn.Module, dim: FeatureCount = 2048) -> None:
        super().__init__()
        stages = _STAGES[: get_args(FeatureCount).index(dim) + 1]
        self.layers = nn.Sequential(*(getattr(network, name) for stage in stages for name in stage))
        self.requires_grad_(False).eval()

    def forward(self, images: Tensor) -> Tensor:
        """The features of a batch."""
        images = images.expand(-1, 3, -1, -1) if images.shape[1] == 1 else images[:, :3]
        images = F.interpolate(images, size=(_SIDE, _SIDE), mode="bilinear", align_corners=False)
        return F.adaptive_avg_pool2d(self.layers(2 * images - 1), 1).flatten(1)


def load_inception(
    dim: FeatureCount = 2048, weights: Path | None = None, *, download: bool = False, config: str = "CONFIG"
) -> InceptionFeatures:
    """The network with the weights of a file.

    Args:
        dim: number of features.
        weights: the file `pt_inception-2015-12-05-6726825d.pth`; by default below the data folder, or where pytorch-fid
            itself has put it.
        download: get the file where it is missing (91 MB).
        config: the words for the data in the command that an error names.

    Raises:
        NotPrepared: where pytorch-fid is not installed, or the file is missing.
        Unavailable: where the file is not what it should be.
    """
    with undisturbed(0):  # initial weights are drawn, and replaced
        network = _inception()
    path = _find_weights(weights, config, download=download)
    try:
        # An old file of torch's, from before it wrote zip archives.
        network.load_state_dict(torch.load(path, map_location="cpu", weights_only=True))
    except (OSError, RuntimeError, ValueError, TypeError, AttributeError, EOFError, pickle.UnpicklingError) as error:
        first_line = str(error).strip().split("\n")[0]
        raise Unavailable(f"{path}: not the weights of the network: {first_line}") from None
    return InceptionFeatures(network, dim)


def _inception() -> nn.Module:
    """The network without its weights."""
    try:
        from pytorch_fid import inception as blocks
    except ImportError:
        command = "pip install pytorch-fid"
        raise NotPrepared(f"the network is missing: {command}", command) from None
    from torchvision.models import inception_v3

    network = inception_v3(weights=None, num_classes=1008, aux_logits=False, init_weights=False)
    # Where the network of 2015 differs from that of torchvision.
    network.Mixed_5b = blocks.FIDInceptionA(192, pool_features=32)
    network.Mixed_5c = blocks.FIDInceptionA(256, pool_features=64)
    network.Mixed_5d = blocks.FIDInceptionA(288, pool_features=64)
    for name, channels in (("Mixed_6b", 128), ("Mixed_6c", 160), ("Mixed_6d", 160), ("Mixed_6e", 192)):
        setattr(network, name, blocks.FIDInceptionC(768, channels_7x7=channels))
    network.Mixed_7b = blocks.FIDInceptionE_1(1280)
    network.Mixed_7c = blocks.FIDInceptionE_2(2048)
    return network


def _find_weights(given: Path | None, config: str, *, download: bool) -> Path:
    """The file of the weights, checked."""
    (file,) = find_source("inception").files
    ours = data_root() / file.path
    places = (ours, Path(torch.hub.get_dir()) / "checkpoints" / file.path.name) if given is None else (given,)
    path = next((place for place in places if place.is_file()), None)
    if path is None and given is not None:
        raise Unavailable(f"{given}: there is no such file")
    if path is None and not download:
        command = f"fig compute-fid {config} --download"
        raise NotPrepared(
            f"the weights of the network are missing: save {file.urls[0]} as {ours}, or get them (91 MB, {command})",
            command,
        )
    if path is None:
        try:
            (path,) = get_files("inception")
        except UserError as error:
            raise Unavailable(str(error)) from error
    _check(file, path)
    return path


def _check(file: RemoteFile, path: Path) -> None:
    try:
        wrong = what_is_wrong(file, path)
    except OSError as error:
        raise Unavailable(f"{path}: cannot be read: {error.strerror or error}") from error
    if wrong is not None:
        raise Unavailable(f"{path}: not the weights of the network: {wrong}")
