"""docs/tour.ipynb: it opens with the outputs of its cells, which run and give outputs of the same kinds again."""

import importlib.util
import json
import platform
from pathlib import Path

import pytest

from tests.conftest import ROOT

PAGE = ROOT / "docs" / "tour.ipynb"


@pytest.fixture(scope="module")
def stored() -> dict:
    return json.loads(PAGE.read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def writer():
    specification = importlib.util.spec_from_file_location("write_tour", ROOT / "docs" / "write_tour.py")
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    return module


def kinds(page: dict) -> list[list[tuple[str, ...]]]:
    """The kinds of the outputs of each cell."""
    cells = page["cells"]
    return [[(one["output_type"], *sorted(one.get("data", ()))) for one in cell.get("outputs", ())] for cell in cells]


@pytest.mark.slow
def test_the_cells_run_and_give_the_outputs_that_are_stored(writer, stored, tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("MPLBACKEND", "agg")
    runs = tmp_path / "runs"  # where the test's runs go anyway
    again = writer.notebook(runs, lambda code: code.replace('"budget": 2000', '"budget": 2'))
    assert kinds(again) == kinds(stored)
    assert len(list(runs.glob("tour-*/ckpt2"))) == 2 and capsys.readouterr().err == ""
    sources = [[cell["cell_type"], cell["source"]] for cell in again["cells"]]
    assert sources == [[cell["cell_type"], cell["source"]] for cell in stored["cells"]], "python docs/write_tour.py"


def test_it_opens_with_its_outputs(stored):
    found = {kind for outputs in kinds(stored) for output in outputs for kind in output}
    assert found >= {"stream", "execute_result", "display_data", "image/png", "text/html"}
    assert (stored["nbformat"], stored["nbformat_minor"]) == (4, 5)
    assert len({cell["id"] for cell in stored["cells"]}) == len(stored["cells"])
    assert PAGE.stat().st_size < 200_000


def test_its_outputs_name_no_machine(stored):
    for cell in stored["cells"]:
        for output in cell.get("outputs", ()):
            output.get("data", {}).pop("image/png", None)
            text = json.dumps(output)
            for name in ("/tmp", str(ROOT), str(Path.home()), "/home/", platform.node()):
                assert name not in text
