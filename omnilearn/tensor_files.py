"""Files of tensors and plain data, from which no code is run; torch is imported where they are handled."""

import io
import pickle
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

from omnilearn.errors import UserError, first_line
from omnilearn.files import open_regular, write_bytes

if TYPE_CHECKING:
    import torch


def storable(value: Any) -> Any:
    """A value as files keep it: tensors on the CPU, arrays as tensors, numpy's numbers as plain ones, a normal
    distribution as its `loc` and `scale`; tables and lists likewise inside.
    """
    import numpy as np
    import torch
    from torch.distributions import Normal

    if isinstance(value, Normal):
        return {"loc": storable(value.loc), "scale": storable(value.scale)}
    if isinstance(value, torch.Tensor):
        return value.detach().cpu()
    if isinstance(value, np.ndarray):
        return torch.from_numpy(np.ascontiguousarray(value))
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, Mapping):
        return {name: storable(item) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [storable(item) for item in value]
    return value


def restored(value: Any, device: "torch.device") -> Any:
    """A stored value as it was before `storable`: on a device, and a normal distribution where its two parts are."""
    import torch
    from torch.distributions import Normal

    if isinstance(value, torch.Tensor):
        return value.to(device)
    if isinstance(value, Mapping):
        parts = {name: restored(item, device) for name, item in value.items()}
        return Normal(**parts) if parts.keys() == {"loc", "scale"} else parts
    if isinstance(value, list):
        return [restored(item, device) for item in value]
    return value


def save_tensors(path: Path, data: Any) -> None:
    """Write tensors and plain data with torch, whole or not at all."""
    write_bytes(path, tensor_bytes(data))


def tensor_bytes(data: Any) -> bytes:
    """Tensors and plain data as torch writes them: in memory, where no disk can be full."""
    import torch

    content = io.BytesIO()
    torch.save(data, content)
    return content.getvalue()


def load_tensors(path: Path, *, follow_links: bool = False) -> Any:
    """Read what `save_tensors` wrote, onto the CPU.

    Only tensors and plain data are accepted, so that a file from a stranger cannot run code. Raises `UserError` where
    the file is missing, damaged or holds anything else, or, unless links are followed, is a link.
    """
    try:
        with open_regular(path, follow_links=follow_links) as file:
            return tensors_in(file, path)
    except FileNotFoundError:
        raise UserError(f"{path}: there is no such file") from None
    except OSError as error:
        raise UserError(f"{path}: cannot be read: {error.strerror or error}") from error


def tensors_in(file: BinaryIO, path: Path) -> Any:
    """What `load_tensors` returns, from an open file; `path` is what it is called in errors."""
    import torch

    try:
        file.seek(0)
        if not zipfile.is_zipfile(file):
            raise UserError(f"{path}: damaged: not a file that torch wrote")
        with zipfile.ZipFile(file) as archive:
            if any(member.compress_type != zipfile.ZIP_STORED for member in archive.infolist()):
                raise UserError(f"{path}: damaged: not as torch writes it: it is compressed")
        file.seek(0)
        return torch.load(file, map_location="cpu", weights_only=True)
    except (UserError, OSError):
        raise
    except pickle.UnpicklingError:
        raise UserError(f"{path}: damaged, or holds more than tensors and plain data, which is refused") from None
    except Exception as error:  # torch's reader raises all kinds of errors for damaged bytes
        raise UserError(f"{path}: damaged: {first_line(error)}") from None
