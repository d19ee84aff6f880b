"""Figures for papers: what is written for images and vectors, letters, refusals, repeatability."""

import omnifig
import pytest
import torch
from PIL import Image

from omnilearn.errors import UserError
from sae_src.visualisation.command import names_among
from sae_src.visualisation.paper import Style
from sae_src.visualisation.table import all_figures
from sae_src.visualisation.tiles import Row, tile_figure
from tests.pdf_fonts import font_kinds

SMALL = "--observations 2 --samples 3 --steps 3 --codes 20 --points 3"


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """A structural autoencoder on vectors, in a folder of its own."""
    root = tmp_path_factory.mktemp("visualised")
    data = "d/vec --dataset.num-samples 600 --budget 2 --viz null --validation null --evaluation null"
    words = f"train hybrid a/e/conv12 a/d/strc/12 m/ae {data} --saveroot {root} --name-include-date no --name vectors"
    omnifig.main(words.split())
    return root


@pytest.fixture
def visualize(fig, trained):
    """Draw figures of the run on vectors."""
    return lambda words="": fig(f"visualize --load vectors --saveroot {trained} --device cpu {SMALL} {words}")


@pytest.mark.slow
def test_figures_of_vectors(visualize, capsys):
    files = visualize("--overwrite yes --titles yes")
    names = ("reconstructions", "traversals", "codes", "response-map")
    assert {file.name for file in files} == {f"{name}.{form}" for name in names for form in ("png", "pdf")}
    assert "left out, outputs are vectors: hybrids, group-hybrids, prior, interpolations" in capsys.readouterr().out
    before = {file: file.read_bytes() for file in files}
    for content in (before[file] for file in files if file.suffix == ".pdf"):
        assert font_kinds(content) == {"CIDFontType2"}
    for file in files:
        if file.suffix == ".png":
            with Image.open(file) as image:
                assert image.width == pytest.approx(6.75 * 300, abs=1)


@pytest.mark.slow
def test_files_are_replaced_only_when_asked_and_stay_the_same(visualize):
    words = "--figures response_map --format pdf"
    (file,) = visualize(f"{words} --overwrite yes")
    first = file.read_bytes()
    with pytest.raises(UserError, match=r"response-map.pdf is there already \(--overwrite yes replaces it\)"):
        visualize(words)
    assert visualize(f"{words} --overwrite yes") == [file]
    assert file.read_bytes() == first
    file.unlink()
    file.symlink_to(file.parent / "elsewhere")
    with pytest.raises(UserError, match="not a regular file"):
        visualize(f"{words} --overwrite yes")
    file.unlink()


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ("--figures traversal", r"figures: there is no 'traversal' \(did you mean traversals"),
        ("--format svg", "format: there is no 'svg': there are png, pdf, gif"),
        ("--figures hybrids", "figures: none of them can be drawn of this run"),
        (
            "--latents '[0,99]' --figures response-map --overwrite yes".replace("'", ""),
            "latents: there is no latent 99",
        ),
        ("--format gif", "format: gif is for traversals of images"),
    ],
)
def test_mistakes_are_one_line(visualize, words, message):
    with pytest.raises(UserError, match=message):
        visualize(words)


def test_every_figure_has_a_name_of_its_own():
    assert len(all_figures()) == 8
    assert names_among("figures", "codes, hybrids", list(all_figures())) == ["hybrids", "codes"]


def test_images_in_rows_are_as_wide_as_a_page_or_as_high():
    few, many = [Row(torch.rand(8, 3, 4, 4), "left", "0.1", marked=2)], [Row(torch.rand(4, 1, 4, 4))] * 30
    assert tile_figure(few, Style(6.75)).get_size_inches()[0] == pytest.approx(6.75)
    assert tile_figure(many, Style(6.75)).get_size_inches()[1] == pytest.approx(9)
