"""Figures need no backend, and look the same whatever matplotlib is told in the environment or the current folder."""

import os
import subprocess
import sys

import pytest

from omnilearn.figures import drawing, encoded, new_figure
from tests.conftest import ROOT

CODE = """
import hashlib, os, sys; sys.path.insert(0, sys.argv[1])
from omnilearn.figures import drawing, encoded, new_figure
@drawing
def draw():
    figure = new_figure(figsize=(3, 2))
    axes = figure.subplots()
    axes.plot([1, 3, 2])
    axes.set_title("a $x^2$")
    return figure
figure = draw()
encoded(figure, "pdf", dots_per_inch=50)
print(hashlib.sha256(encoded(figure, "png", dots_per_inch=50)).hexdigest(), os.environ.get("MPLBACKEND"))
"""


def picture(folder, **environment) -> list[str]:
    result = subprocess.run(
        [sys.executable, "-c", CODE, str(ROOT)],
        cwd=folder,
        env={**{name: value for name, value in os.environ.items() if name != "MPLBACKEND"}, **environment},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (result.returncode, result.stderr) == (0, ""), result.stderr
    return result.stdout.split()


@pytest.fixture(scope="module")
def plain(tmp_path_factory) -> str:
    return picture(tmp_path_factory.mktemp("empty"))[0]


@pytest.mark.slow
@pytest.mark.parametrize("backend", ["module://matplotlib_inline.backend_inline", "nonsense", "tkagg", "Agg", ""])
def test_no_backend_is_asked(backend, plain, tmp_path):
    # What the user chose stays in the environment, for the processes that this one starts.
    assert picture(tmp_path, MPLBACKEND=backend) == [plain, *backend.split()]


@pytest.mark.slow
def test_settings_of_a_folder_do_not_count(plain, tmp_path):
    (tmp_path / "matplotlibrc").write_text("text.usetex: True\nlines.linewidth: 9\nfont.size: 30\nsavefig.dpi: 10\n")
    assert picture(tmp_path)[0] == plain


@pytest.mark.slow
def test_a_backend_that_is_there_is_left_to_the_notebook(tmp_path):
    code = CODE + "import matplotlib; print(matplotlib.rcParams['backend'])"
    result = subprocess.run(
        [sys.executable, "-c", code, str(ROOT)],
        env={**os.environ, "MPLBACKEND": "svg"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert result.stdout.split()[-1] == "svg"


def test_settings_of_the_process_stay_as_they_are():
    import matplotlib

    with matplotlib.rc_context({"lines.linewidth": 7}):

        @drawing
        def draw():
            assert matplotlib.rcParams["lines.linewidth"] != 7
            return new_figure()

        assert encoded(draw(), "png", dots_per_inch=20).startswith(b"\x89PNG")
        assert matplotlib.rcParams["lines.linewidth"] == 7
