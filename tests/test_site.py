"""The site of the documents: it builds without a warning, its links lead somewhere, and its search finds things."""

import importlib.util
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import ROOT

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(importlib.util.find_spec("mkdocs") is None, reason="no mkdocs: pip install .[docs]"),
]


@pytest.fixture(scope="module")
def site(tmp_path_factory) -> Path:
    """The site, built by the line that CI runs."""
    folder = tmp_path_factory.mktemp("site")
    script = (ROOT / ".ci" / "run").read_text()
    line = re.search(r"^ *\S*python\S* -m (mkdocs build .*) --site-dir", script, re.MULTILINE)
    words = [sys.executable, "-m", *line[1].split(), "--site-dir", str(folder)]
    environment = {**os.environ, "NO_MKDOCS_2_WARNING": "1"}
    result = subprocess.run(words, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=120, check=False)
    assert (result.returncode, result.stdout + result.stderr) == (0, "")
    return folder


def test_links_lead_to_pages_and_headings(site):
    pages = {path: path.read_text(encoding="utf-8") for path in site.rglob("*.html") if path.name != "404.html"}
    names = {path: set(re.findall(r'id="([^"]+)"', text)) for path, text in pages.items()}
    broken = []
    for path, text in pages.items():
        for target in re.findall(r'(?:href|src)="([^"]+)"', text):
            file, _, anchor = target.partition("#")
            place = (path.parent / file).resolve() if file else path
            if "://" in target or file.startswith(("data:", "mailto:")):
                continue
            if not place.exists() or (anchor and place in names and anchor not in names[place]):
                broken.append((path.name, target))
    assert broken == []


def test_the_first_page_is_the_readme_and_every_document_is_there(site):
    assert "Structural autoencoders and latent responses" in (site / "index.html").read_text(encoding="utf-8")
    listed = re.findall(r"^ *- .+: (\S+)\.md$", (ROOT / "mkdocs.yml").read_text(encoding="utf-8"), re.MULTILINE)
    written = [path.stem for path in (ROOT / "docs").glob("*.md")]
    assert sorted(listed) == sorted([*written, "index", "contributing", "changelog"]), "nav of mkdocs.yml"
    assert [name for name in listed if not (site / f"{name}.html").is_file()] == []
    assert (site / "source" / "sae_src" / "methods.py.html").is_file()


def test_search_knows_the_documents_and_not_the_sources(site):
    entries = json.loads((site / "search" / "search_index.json").read_text(encoding="utf-8"))["docs"]
    assert any("hybrid" in entry["text"] for entry in entries if entry["location"].startswith("python.html"))
    assert [entry["location"] for entry in entries if entry["location"].startswith("source/")] == []


def test_pages_fetch_nothing(site):
    fetched = re.compile(r'<(?:script|link|img)[^>]*(?:src|href)="(https?://[^"]+)"')
    assert [found for path in site.rglob("*.html") for found in fetched.findall(path.read_text(encoding="utf-8"))] == []
