"""A trained model in files that other programs read."""

from importlib import import_module
from pathlib import Path
from typing import Literal, get_args

import torch
from torch import Tensor, nn

from omnilearn.errors import UserError
from omnilearn.files import make_folder, replacing
from omnilearn.tensor_files import save_tensors
from sae_src.methods import Autoencoder, mean_of

Format = Literal["onnx", "safetensors", "torch"]
"""`onnx`: the encoder (the means of its distributions) and the decoder, each a graph of its own; `safetensors` and
`torch`: all parameters and buffers by name."""

_PACKAGES = {"onnx": ("onnx", "onnxscript"), "safetensors": ("safetensors",), "torch": ()}


class _Part(nn.Module):
    """The encoder or the decoder of a model as a module of its own."""

    def __init__(self, model: Autoencoder, *, encodes: bool) -> None:
        super().__init__()
        self.model, self.encodes = model, encodes

    def forward(self, values: Tensor) -> Tensor:
        """Observations (B, *din) to codes (B, D), or codes to reconstructions (B, *dout)."""
        return mean_of(self.model.encode(values)) if self.encodes else self.model.decode(values)


def export(model: Autoencoder, form: Format, folder: Path) -> list[Path]:
    """Write a model in evaluation mode into a folder; returns the files.

    `encoder.onnx` and `decoder.onnx`, `model.safetensors`, or `model.pt`. Raises `UserError` for another format, where
    a package is missing, and where the disk refuses.
    """
    if form not in get_args(Format):
        raise UserError(f"export: expected one of {', '.join(get_args(Format))}, got '{form}'")
    for package in _PACKAGES[form]:
        try:
            import_module(package)
        except ImportError:
            raise UserError(
                f"export: {form} needs the package {package}: pip install {' '.join(_PACKAGES[form])}"
            ) from None
    make_folder(folder)
    if form == "onnx":
        return _export_onnx(model, folder)
    tensors = {name: value.detach().cpu().contiguous().clone() for name, value in model.state_dict().items()}
    if form == "torch":
        save_tensors(folder / "model.pt", tensors)
        return [folder / "model.pt"]
    from safetensors.torch import save_file

    path = folder / "model.safetensors"
    with replacing(path) as temporary:
        save_file(tensors, temporary)
    return [path]


def _export_onnx(model: Autoencoder, folder: Path) -> list[Path]:
    device = next(model.parameters()).device
    din = (model.din,) if isinstance(model.din, int) else model.din
    batch = {0: torch.export.Dim("batch", min=1)}
    paths = []
    for name, size, encodes in (("encoder", din, True), ("decoder", (model.latent_dim,), False)):
        part = _Part(model, encodes=encodes).eval()
        inputs = (torch.zeros(2, *size, device=device),)
        program = torch.onnx.export(part, inputs, dynamo=True, dynamic_shapes=(batch,), verbose=False)
        assert program is not None
        path = folder / f"{name}.onnx"
        with replacing(path) as temporary:
            program.save(temporary)
        paths.append(path)
    return paths
