"""The documents link to what is there: files, headings, and the functions that they name."""

import ast
import importlib.util
import re
from functools import cache
from importlib import import_module
from pathlib import Path
from types import ModuleType

import pytest
import torch

import sae_src as sae
from omnilearn.evaluation.evaluate import losses_in
from tests.conftest import ROOT

DOCUMENTS = [
    *(ROOT / name for name in ("README.md", "CONTRIBUTING.md", "CHANGELOG.md")),
    *sorted((ROOT / "docs").glob("*.md")),
]
LINK = re.compile(r"\[([^\]\[]*)\]\(([^)\s]+)\)")
MODULE = re.compile(r"\b(?:omnilearn|sae_src)(?:\.\w+)+")
PATH = re.compile(r"\b(?:omnilearn|sae_src|tests|config|docs|benchmarks|typings)/[\w/.-]*\.(?:py|ya?ml|md|png)\b")


def prose(path: Path) -> str:
    """A document without its blocks of code."""
    return re.sub(r"^```.*?^```$", "", path.read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL)


def links() -> list[tuple[Path, str, str]]:
    """Every link of a document to something in the repository: the document, the text, the target."""
    found = [(path, *pair) for path in DOCUMENTS for pair in LINK.findall(prose(path))]
    return [(path, text, target) for path, text, target in found if "://" not in target]


@cache
def definitions(path: Path) -> frozenset[str]:
    """What a module defines at its top: `function`, `Class`, `Class.method`, `CONSTANT`."""
    names: set[str] = set()
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.ClassDef | ast.FunctionDef):
            names.add(node.name)
            members = node.body if isinstance(node, ast.ClassDef) else []
            names |= {f"{node.name}.{item.name}" for item in members if isinstance(item, ast.FunctionDef)}
        elif isinstance(node, ast.Assign | ast.AnnAssign):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            names |= {target.id for target in targets if isinstance(target, ast.Name)}
    return frozenset(names)


def headings(path: Path) -> set[str]:
    """The anchors of a document's headings, as GitHub makes them."""
    titles = re.findall(r"^#+ (.+)$", prose(path), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}


@pytest.mark.parametrize(
    ("document", "text", "target"), [pytest.param(*link, id=f"{link[0].name}: {link[1]} {link[2]}") for link in links()]
)
def test_a_link_leads_to_what_it_names(document, text, target):
    file, _, anchor = target.partition("#")
    path = (document.parent / file).resolve() if file else document
    assert path.is_relative_to(ROOT) and path.exists()
    if anchor:
        assert anchor in headings(path)
    named = re.fullmatch(r"`([^`]+)`", text)
    if named and path.suffix == ".py":
        assert named[1] in definitions(path)
    elif named and path.suffix == ".yaml":
        assert named[1] in path.read_text(encoding="utf-8")


def is_defined(name: str) -> bool:
    """Whether a dotted name is a module of the packages, or something that one defines."""
    parts = name.split(".")
    for end in range(len(parts), 0, -1):
        path = ROOT.joinpath(*parts[:end])
        if path.is_dir() or path.with_suffix(".py").is_file():
            file = path / "__init__.py" if path.is_dir() else path.with_suffix(".py")
            return end == len(parts) or ".".join(parts[end:]) in definitions(file)
    return False


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_modules_and_files_that_are_named_exist(document):
    text = document.read_text(encoding="utf-8")
    new = set(re.findall(r"(?:New file|for example|here)\s`([^`]+)`", text))  # of examples: not in the repository
    files, names = set(PATH.findall(text)), set(MODULE.findall(text))
    assert [file for file in files - new if not (ROOT / file).exists()] == []
    added = {file.removesuffix(".py").replace("/", ".") for file in new}
    assert [name for name in names - added if not is_defined(name)] == []


def test_every_folder_is_a_room_of_the_drawing(monkeypatch):
    monkeypatch.syspath_prepend(str(ROOT / "docs"))
    drawing = import_module("draw_architecture")
    for package, rows in (("sae_src", drawing.SAE_SRC), ("omnilearn", drawing.OMNILEARN)):
        rooms = {name for row in rows for room, _ in row for name in room.split(", ")}
        modules = {
            path.stem for path in (ROOT / package).iterdir() if path.suffix == ".py" or (path / "__init__.py").exists()
        }
        folders = {path.name for path in (ROOT / package).iterdir() if (path / "__init__.py").exists()}
        assert folders <= rooms <= modules
    rooms = {name for row in (*drawing.SAE_SRC, *drawing.OMNILEARN) for room, _ in row for name in room.split(", ")}
    assert {room for _, _, steps in drawing.WAYS for _, room in steps} <= rooms
    drawing.draw()


def writer_of(page: str) -> ModuleType:
    """The program that writes a page."""
    specification = importlib.util.spec_from_file_location(f"write_{page}", ROOT / "docs" / f"write_{page}.py")
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    return module


def test_the_page_of_results_holds_the_scores_of_the_runs_that_are_kept():
    writer = writer_of("results")
    written = writer.page(writer.groups_of(writer.RESULTS))
    assert written == writer.PAGE.read_text(encoding="utf-8"), "python docs/write_results.py writes it"


def test_the_page_of_configs_is_current_and_says_what_every_key_means():
    page = writer_of("configs").page()
    assert page == (ROOT / "docs" / "configs.md").read_text(encoding="utf-8"), "python docs/write_configs.py writes it"
    assert [line for line in page.splitlines() if line.endswith("|  |") and line.startswith("| `")] == []


def test_a_component_of_a_new_module_has_a_place_on_the_page():
    class Own:
        """A component."""

    Own.__module__ = "sae_src.gated_layer"
    writer = writer_of("configs")
    assert writer._room(Own) == writer.OTHERS not in writer.ROOMS.values()


@pytest.mark.parametrize("method", sorted(path.stem for path in (ROOT / "config" / "m").glob("*.yaml")))
def test_the_page_of_losses_names_every_loss(method):
    model = sae.build_model("hybrid", "a/conv12", f"m/{method}", "d/vec")
    names = [*(name for name, _ in losses_in(model.losses(torch.rand(4, 100)))), *model.scheduled()]
    page = (ROOT / "docs" / "losses.md").read_text(encoding="utf-8")
    assert [name for name in names if f"`{name}`" not in page] == []
