"""The wheel, its metadata, and the files that repeat them."""

import email
import re
import shutil
import subprocess
import sys
import zipfile
from email.message import Message
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement

from tests.conftest import ROOT

PACKAGES = ("sae_src", "omnilearn")
LEFTOVERS = shutil.ignore_patterns("__pycache__", "*.pyc")
BUILD = "import sys; from setuptools import build_meta; build_meta.build_wheel(sys.argv[1])"


@pytest.fixture(scope="module")
def wheel(tmp_path_factory) -> zipfile.Path:
    """The wheel, built from a copy of the sources with the setuptools at hand."""
    source, target = tmp_path_factory.mktemp("source"), tmp_path_factory.mktemp("wheel")
    for name in PACKAGES:
        shutil.copytree(ROOT / name, source / name, ignore=LEFTOVERS)
    for name in ("pyproject.toml", "README.md", "LICENSE", "requirements.txt"):
        shutil.copy(ROOT / name, source)
    built = subprocess.run(
        [sys.executable, "-c", BUILD, str(target)], cwd=source, capture_output=True, text=True, timeout=120, check=False
    )
    assert built.returncode == 0, built.stderr
    (path,) = target.glob("*.whl")
    return zipfile.Path(path)


@pytest.fixture(scope="module")
def metadata(wheel) -> Message:
    (info,) = [path for path in wheel.iterdir() if path.name.endswith(".dist-info")]
    return email.message_from_string((info / "METADATA").read_text(encoding="utf-8"))


def required(metadata: Message, extra: str | None = None) -> set[str]:
    """What the wheel needs always, or besides for an extra; without the extra's own marker."""
    lines = [Requirement(line) for line in metadata.get_all("Requires-Dist", [])]
    chosen = [line for line in lines if (f'extra == "{extra}"' in str(line.marker) if extra else line.marker is None)]
    return {f"{line.name}{line.specifier}" for line in chosen}


def listed(name: str) -> set[str]:
    """The lines of a file of requirements."""
    lines = (line.partition(" #")[0].strip() for line in (ROOT / name).read_text(encoding="utf-8").splitlines())
    parsed = [Requirement(line) for line in lines if line]
    assert all(line.marker is None and not line.extras for line in parsed)  # `required` does not look for them
    return {f"{line.name}{line.specifier}" for line in parsed}


@pytest.mark.parametrize(("extra", "name"), [(None, "requirements.txt"), ("dev", "requirements-dev.txt")])
def test_the_wheel_needs_what_the_files_list(metadata, extra, name):
    assert len(listed(name)) > 5
    assert required(metadata, extra) == listed(name)


def test_nothing_for_development_is_needed_to_run(metadata):
    def names(requirements: set[str]) -> set[str]:
        return {Requirement(line).name for line in requirements}

    # setuptools: TensorBoard needs an old one, the wheel a recent one
    assert names(required(metadata)) & names(required(metadata, "dev")) == {"setuptools"}
    assert names(required(metadata, "fid")) == {"pytorch-fid"}


def test_one_version_everywhere(metadata):
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    changes = re.findall(r"^## \[(\S+)\]", (ROOT / "CHANGELOG.md").read_text(encoding="utf-8"), re.MULTILINE)
    assert metadata["Version"] == str(citation["version"]) == changes[0]
    assert changes == sorted(set(changes), key=lambda text: [int(part) for part in text.split(".")], reverse=True)


def test_the_citation_has_what_a_citation_needs(metadata):
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    assert citation["cff-version"] == "1.2.0"
    assert citation["type"] == "software"
    assert citation["title"] and citation["message"]
    assert citation["license"] == metadata["License-Expression"]
    assert [author["name"] for author in citation["authors"]] == [metadata["Author"]]
    assert [paper["url"] for paper in citation["references"]] == [
        "https://arxiv.org/abs/2006.07796",
        "https://arxiv.org/abs/2106.16091",
    ]
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    for paper in citation["references"]:
        assert paper["type"] == "conference-paper"
        assert paper["title"] in readme
        assert all(author["family-names"] for author in paper["authors"])
        assert isinstance(paper["year"], int) and paper["conference"]["name"]


def test_the_wheel_has_every_file_of_both_packages_and_nothing_else(wheel):
    def files(folder: Path | zipfile.Path, prefix: str = "") -> set[str]:
        found = set()
        for path in folder.iterdir():
            name = f"{prefix}{path.name}"
            if path.is_dir():
                found |= files(path, f"{name}/") if path.name != "__pycache__" else set()
            else:
                found.add(name)
        return found

    expected = set().union(*(files(ROOT / name, f"{name}/") for name in PACKAGES))
    assert any(name.endswith("/sources.yaml") for name in expected)
    assert {name for name in files(wheel) if ".dist-info/" not in name} == expected
    assert any(name.endswith(".dist-info/licenses/LICENSE") for name in files(wheel))


@pytest.mark.parametrize("package", PACKAGES)
def test_every_folder_is_a_package(package):
    # An empty folder that git does not know may be left behind where modules were moved.
    folders = {path.parent for path in (ROOT / package).rglob("*") if path.is_file() and path.suffix != ".pyc"}
    assert ROOT / package in folders
    assert [folder for folder in sorted(folders) if not (folder / "__init__.py").is_file()] == []


def test_the_readme_installs_by_the_lines_that_ci_takes_from_it():
    lines = (ROOT / "README.md").read_text(encoding="utf-8").splitlines()
    start, tests = [line for line in lines if line.startswith("python3 -m venv ")]
    install = "python3 -m venv .venv && .venv/bin/pip install -r requirements.txt -e ."
    assert start == f"{install} && .venv/bin/fig train demo"
    files = r"-r requirements\.txt -r requirements-dev\.txt"
    assert re.fullmatch(rf"python3 -m venv .* {files} && .* -m pytest -q -n 2", tests)
