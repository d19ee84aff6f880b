"""Files that are whole or absent, and that hold data, never code."""

import hashlib
import json
import os
import pickle
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch.distributions import Normal

from omnilearn.errors import UserError, first_line


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """A temporary path beside `path` to write to, which takes its place when the block ends without an error.

    Whoever reads `path` meanwhile sees the old file or the new one, never a part. Raises `UserError` where the disk
    refuses.
    """
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        try:
            yield temporary
            _flush(temporary)
            os.replace(temporary, path)
        finally:
            temporary.unlink(missing_ok=True)
    except OSError as error:
        raise cannot_write(path, error) from error


def cannot_write(path: Path, error: OSError) -> UserError:
    """The error for a file that the disk refuses."""
    return UserError(f"{path}: cannot be written: {error.strerror or error}; free some space or check the permissions")


def write_text(path: Path, text: str) -> None:
    """Write a text file, whole or not at all."""
    with replacing(path) as temporary:
        temporary.write_text(text, encoding="utf-8")


def write_json(path: Path, data: Any) -> None:
    """Write plain data as JSON; what is not a finite number is null."""
    write_text(path, json.dumps(_json_ready(data), indent=2, allow_nan=False) + "\n")


def read_json(path: Path) -> Any:
    """Read plain data; `UserError` where the file is missing or damaged."""
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise UserError(f"{path}: cannot be read: {error}") from error


def storable(value: Any) -> Any:
    """A value as files keep it: tensors on the CPU, arrays as tensors, numpy's numbers as plain ones, a normal
    distribution as its `loc` and `scale`; tables and lists likewise inside.
    """
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


def checksum(path: Path, algorithm: str = "sha256") -> str:
    """The hash of a file's bytes, in hexadecimal digits."""
    digest = hashlib.new(algorithm)
    with path.open("rb") as file:
        while block := file.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()


def save_tensors(path: Path, data: Any) -> None:
    """Write tensors and plain data with torch, whole or not at all."""
    with replacing(path) as temporary:
        torch.save(data, temporary)


def load_tensors(path: Path) -> Any:
    """Read what `save_tensors` wrote, onto the CPU.

    Only tensors and plain data are accepted, so that a file from a stranger cannot run code. Raises `UserError` where
    the file is missing, damaged or holds anything else.
    """
    try:
        if not zipfile.is_zipfile(path):
            path.open("rb").close()  # a file that is missing or locked says so itself
            raise UserError(f"{path}: damaged: not a file that torch wrote")
        with zipfile.ZipFile(path) as archive:
            if any(member.compress_type != zipfile.ZIP_STORED for member in archive.infolist()):
                raise UserError(f"{path}: damaged: not as torch writes it: it is compressed")
        return torch.load(path, map_location="cpu", weights_only=True)
    except UserError:
        raise
    except FileNotFoundError:
        raise UserError(f"{path}: there is no such file") from None
    except OSError as error:
        raise UserError(f"{path}: cannot be read: {error.strerror or error}") from error
    except pickle.UnpicklingError:
        raise UserError(f"{path}: damaged, or holds more than tensors and plain data, which is refused") from None
    except Exception as error:  # torch's reader raises all kinds of errors for damaged bytes
        raise UserError(f"{path}: damaged: {first_line(error)}") from None


def _flush(path: Path) -> None:
    with path.open("rb+") as file:
        os.fsync(file.fileno())


def _json_ready(data: Any) -> Any:
    if isinstance(data, dict):
        return {str(key): _json_ready(value) for key, value in data.items()}
    if isinstance(data, list | tuple):
        return [_json_ready(value) for value in data]
    if isinstance(data, torch.Tensor):
        return _json_ready(data.tolist())
    if isinstance(data, float) and (data != data or data in (float("inf"), float("-inf"))):
        return None
    return data if isinstance(data, str | int | float | bool | None) else str(data)
