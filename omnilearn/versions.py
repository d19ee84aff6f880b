"""The versions of Python, of the libraries that numbers depend on, and of this software."""

import platform
import re
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

LIBRARIES = (
    "torch",
    "torchvision",
    "numpy",
    "scikit-learn",
    "scipy",
    "omnifig",
    "omnibelt",
    "tensorboard",
    "h5py",
    "pytorch-fid",
)


def library_versions() -> dict[str, str]:
    """The versions of Python and of the libraries that numbers depend on."""
    versions = {"python": platform.python_version()}
    for library in LIBRARIES:
        try:
            versions[library] = version(library)
        except PackageNotFoundError:
            continue
    return versions


def own_version() -> str:
    """The version of this software: of the folder that it runs from, else of the installed package."""
    file = Path(__file__).resolve().parents[1] / "pyproject.toml"
    found = re.search(r'^version = "(.+)"$', file.read_text(encoding="utf-8"), re.MULTILINE) if file.is_file() else None
    return found[1] if found else version("structural-autoencoders")
