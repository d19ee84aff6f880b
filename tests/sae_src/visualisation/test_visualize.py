"""Figures for papers: what is written for images and vectors, letters, refusals, repeatability."""

import contextlib
import io

import numpy as np
import omnifig
import pytest
import torch
from PIL import Image

from omnilearn.errors import UserError
from omnilearn.figures import arranged, default_settings
from sae_src.pictures.images import LINE, MARGIN, labelled
from sae_src.run import load_run
from sae_src.visualisation.command import names_among
from sae_src.visualisation.paper import INCHES, Style
from sae_src.visualisation.subject import Amounts, Subject
from sae_src.visualisation.table import all_figures
from sae_src.visualisation.tiles import Row, tile_figure
from tests.pdf_fonts import font_kinds

SMALL = "--observations 2 --samples 3 --steps 3 --codes 20 --points 3"
TRAIN = "--viz null --validation null --evaluation null --name-include-date no"
IMAGES = "d/shapes --image-size 32 --model.channels 16 --dataset.batch-size 2 --budget 1"


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """A structural autoencoder on vectors, in a folder of its own."""
    root = tmp_path_factory.mktemp("visualised")
    data = "d/vec --dataset.num-samples 600 --budget 2"
    words = f"train hybrid a/e/conv12 a/d/strc/12 m/ae {data} {TRAIN} --saveroot {root} --name vectors"
    omnifig.main(words.split())
    return root


@pytest.fixture(scope="module")
def visualize(trained):
    """Draw figures of the run on vectors."""

    def draw(words=""):
        line = f"visualize --load vectors --saveroot {trained} --device cpu {SMALL} {words}"
        return omnifig.main(line.split())

    return draw


@pytest.fixture(scope="module")
def drawn(visualize):
    """All figures of the run on vectors as PDF, by name, and what was printed."""
    with contextlib.redirect_stdout(io.StringIO()) as printed:
        files = visualize("--format pdf --titles yes")
    return {file.name: file for file in files}, printed.getvalue()


@pytest.fixture(scope="module")
def images(tmp_path_factory):
    """A structural variational autoencoder on images, after one step."""
    root = tmp_path_factory.mktemp("images")
    omnifig.main(f"train hybrid a/e/conv12 a/d/strc/12 m/vae {IMAGES} {TRAIN} --saveroot {root} --name images".split())
    run = load_run("images", saveroot=root)
    return Subject(run.model, run.data.dataset, Amounts(observations=2, samples=3, steps=3, codes=20, points=3))


def inked(figure):
    """The box in inches that a figure draws into: left, bottom, right and top."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    with default_settings():
        canvas = FigureCanvasAgg(figure)
        canvas.draw()
        return figure.get_tightbbox(canvas.get_renderer()).extents


@pytest.mark.slow
def test_figures_of_vectors(drawn):
    files, printed = drawn
    assert set(files) == {f"{name}.pdf" for name in ("reconstructions", "traversals", "codes", "response-map")}
    assert "left out, outputs are vectors: hybrids, group-hybrids, prior, interpolations" in printed
    for file in files.values():
        assert font_kinds(file.read_bytes()) == {"CIDFontType2"}


@pytest.mark.slow
def test_files_are_replaced_only_when_asked_and_stay_the_same(visualize, drawn):
    words = "--figures response_map --titles yes"
    file = drawn[0]["response-map.pdf"]
    first = file.read_bytes()
    with pytest.raises(UserError, match=r"response-map.pdf is there already \(--overwrite yes replaces it\)"):
        visualize(words)
    picture, same = visualize(f"{words} --overwrite yes")
    assert same == file
    assert file.read_bytes() == first, "the PDF depends on whether there is a PNG too"
    with Image.open(picture) as image:
        assert image.width == pytest.approx(6.75 * 300, abs=1)
    file.unlink()
    file.symlink_to(file.parent / "elsewhere")
    with pytest.raises(UserError, match="not a regular file"):
        visualize(f"{words} --overwrite yes")
    file.unlink()


@pytest.mark.slow
@pytest.mark.parametrize(("kind", "width"), [("images", "double"), ("vectors", "single")])
@torch.no_grad()
def test_nothing_is_cut_off(images, trained, kind, width):
    run = load_run("vectors", saveroot=trained)
    subject = images if kind == "images" else Subject(run.model, run.data.dataset, images.amounts)
    for name, figure in all_figures().items():
        if figure.reason_against(subject):
            assert kind == "vectors"
            continue
        drawing = arranged(figure.draw(subject, Style(INCHES[width], figure.title)))
        across, up = drawing.get_size_inches()
        left, bottom, right, top = inked(drawing)
        assert min(left, bottom, across - right, up - top) > -0.01, name
        if name == "response-map":
            named = [axes for axes in drawing.axes if axes.get_ylabel().startswith("$z_")]
            assert len(named) == {"single": 3, "double": 1}[width]


@torch.no_grad()
def test_traversals_of_images_name_latents_and_responses(images):
    figure = all_figures()["traversals"].draw(images, Style(INCHES["double"]))
    words = {text.get_text() for text in figure.axes[0].texts}
    responses = {f"{value:.2f}" for value in images.strength.tolist()}
    assert {"response", "least code", "observations", "floor hue", "$z_{11}$"} | responses <= words
    with Image.open(io.BytesIO(all_figures()["traversals"].animate(images))) as gif:
        assert gif.size == (4 * (64 + 2 * MARGIN), 3 * (64 + LINE + MARGIN))
        assert gif.n_frames == 4  # three values, there and back
        above = np.asarray(gif.convert("L"))[:LINE, :30]
    assert above.min() < 100 and above.max() == 255


def test_a_label_stands_above_images():
    images = torch.zeros(2, 3, 16, 16)
    framed = labelled(images, "z7")
    assert framed.shape == (2, 3, 16 + LINE + MARGIN, 16 + 2 * MARGIN)
    assert torch.equal(framed[..., LINE : LINE + 16, MARGIN : MARGIN + 16], images)
    assert framed[..., :LINE, :].min() < 0.2
    assert framed[..., LINE:, :MARGIN].min() == 1


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ("--figures traversal", r"figures: there is no 'traversal' \(did you mean traversals"),
        ("--format svg", "format: there is no 'svg': there are png, pdf, gif"),
        ("--figures hybrids", "figures: none of them can be drawn of this run"),
        (
            "--latents [0,99] --figures response-map --overwrite yes",
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
