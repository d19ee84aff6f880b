"""Reference numbers of further metrics, and the arrays that they were computed on."""

import gzip
import json
from typing import Any

import numpy as np

from tests.conftest import ROOT

_FOLDER = ROOT / "tests" / "reference"
MORE: dict[str, Any] = json.loads(gzip.decompress((_FOLDER / "more.json.gz").read_bytes()))
SETS = ("grid", "noisy", "discrete")


def array(name: str) -> np.ndarray:
    """One array of the reference by its name, such as `udr_representations`."""
    with np.load(_FOLDER / "more.npz") as file:
        return file[name]


def arrays(name: str) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Codes and factors to train on, codes and factors to test on, of one of `SETS`."""
    with np.load(_FOLDER / "more.npz") as file:
        train, test = ((file[f"{name}_codes_{split}"], file[f"{name}_factors_{split}"]) for split in ("train", "test"))
    return *train, *test


def numbers(values: Any) -> np.ndarray:
    """A number or nested lists of the reference as an array; null, which stands for an undefined value, becomes NaN."""
    return np.array(values, dtype=float)
