"""Figures of metrics: what they show, and that odd matrices do not stop them."""

import numpy as np
import pytest
import torch
from PIL import Image

import sae_src as sae
from omnilearn.data.factor_table import factor_table
from omnilearn.data.own.given import as_columns
from sae_src.eval_metrics.figures import (
    covariance_figure,
    draw_figures,
    factor_figures,
    importance_figure,
    response_figures,
)
from sae_src.eval_metrics.from_python import GivenObservations
from sae_src.eval_metrics.matrix_figure import Look, Matrix, matrix_figure
from sae_src.eval_metrics.results import save_figures
from sae_src.latent_responses.causal_graph import found_graph, latents_of_factors
from tests.pdf_fonts import font_kinds


def words(figure) -> set[str]:
    return {text.get_text() for text in figure.findobj(lambda artist: hasattr(artist, "get_text"))}


@pytest.mark.parametrize("size", [1, 2, 12, 32])
def test_matrices_of_any_size(size, tmp_path):
    matrix = torch.rand(size, size)
    figures = response_figures({"response_mat": matrix})
    figures["cov"] = covariance_figure(np.zeros((size, size)))
    for name, figure in figures.items():
        figure.savefig(tmp_path / f"{name}.pdf")
        image, bar = figure.axes
        assert image.get_aspect() == 1
        box, beside = image.get_position(), bar.get_position()
        assert (box.y0, box.y1) == pytest.approx((beside.y0, beside.y1))
        assert np.array_equal(image.images[0].get_array().shape, (size, size))


@pytest.mark.parametrize(("size", "numbers"), [(1, 1), (12, 144), (16, 256), (17, 0)])
def test_small_matrices_have_numbers(size, numbers):
    (figure, _) = response_figures({"response_mat": torch.rand(size, size)}).values()
    assert len(figure.axes[0].texts) == numbers


def test_small_numbers_are_told_in_powers_of_ten():
    figure = covariance_figure(np.array([[2.5e-13, -1e-16], [-1e-16, 1e-14]]))
    assert {"2.50", "0.10", "0.00", "covariance ($10^{-13}$)"} <= words(figure)
    assert "-0.00" not in words(figure)
    assert {"0.06", "covariance"} <= words(covariance_figure(np.array([[0.06]])))


def test_titles_are_there_only_when_asked():
    matrix = torch.rand(2, 2)
    responses = {"factor_responses": matrix.expand(3, 1, 2, 2), "conditioned_responses": torch.rand(3, 2)}
    title, heading = "Response matrix", "Responses to interventions between samples that differ in one factor"
    for titles in (False, True):
        figures = response_figures({"response_mat": matrix}, titles=titles) | factor_figures(
            responses, ["a", "b", "c"], titles=titles
        )
        assert (title in words(figures["responses"])) == titles
        assert (heading in words(figures["factor-responses"])) == titles
        assert "b" in words(figures["factor-responses"])


def test_files_are_trimmed_and_have_truetype_fonts(tmp_path):
    save_figures(tmp_path, "metrics", {"cov": covariance_figure(np.eye(3))})
    assert font_kinds((tmp_path / "metrics_cov.pdf").read_bytes()) == {"CIDFontType2"}
    with Image.open(tmp_path / "metrics_cov.png") as image:
        ink = np.argwhere(np.asarray(image.convert("L")) < 250)
        margins = [*ink.min(axis=0), *(np.array(image.size[::-1]) - 1 - ink.max(axis=0))]
    assert max(margins) <= 0.06 * 200  # inches, dots per inch


def test_factors_are_named_and_missing_values_are_grey(tmp_path):
    importance = np.random.default_rng(0).random((5, 3))
    importance[:, 1] = np.nan
    figure = importance_figure(importance, ["hue", "size", "a rather long name"], list("01345"))
    figure.savefig(tmp_path / "dci.png")
    assert {"hue", "size", "a rather long name", "latent", "5", "importance", f"{importance[0, 0]:.2f}"} <= words(
        figure
    )
    shown = figure.axes[0].images[0].get_array()
    assert shown.shape == (3, 5)
    assert np.ma.getmaskarray(shown)[1].all()


@pytest.mark.parametrize("count", [1, 4, 6, 8])
def test_factor_responses_have_a_panel_for_each_factor(count, tmp_path):
    names = [f"factor {k}" for k in range(count)]
    responses = {"factor_responses": torch.rand(count, 2, 7, 7), "conditioned_responses": torch.rand(count, 7)}
    responses["factor_responses"][-1] = torch.nan  # a factor of one value
    figures = factor_figures(responses, names)
    figures["factor-responses"].savefig(tmp_path / "panels.png")
    assert len(figures["factor-responses"].axes) == count + 1
    assert set(names) <= words(figures["factor-responses"])
    assert not any(axes.texts for axes in figures["factor-responses"].axes)  # colours, no numbers
    assert len(figures["conditioned-responses"].axes[0].texts) == 7 * count
    limits = {axes.images[0].get_clim() for axes in figures["factor-responses"].axes[:count]}
    assert len(limits) == 1


def test_signed_colours_have_zero_in_the_middle():
    figure = matrix_figure(Matrix(np.array([[-3.0, 1.0]]), "", ("", ["a"]), ("", ["b", "c"]), Look("", is_signed=True)))
    assert figure.axes[0].images[0].get_clim() == (-3, 3)


def test_the_graph_is_found_through_the_latents_of_the_factors():
    conditioned = torch.tensor([[0.0, 0.9, 0.1], [0.8, 0.7, 0.0]])
    assert latents_of_factors(conditioned).tolist() == [1, 0]
    responses = torch.arange(9.0).view(3, 3)
    graph = found_graph(responses, conditioned)
    assert graph[0, 1] == responses[1, 0]
    assert graph[1, 0] == responses[0, 1]
    assert graph.diagonal().isnan().all()
    few = found_graph(torch.rand(1, 1), torch.tensor([[0.1], [0.5]]))
    assert few.isnan().all()


@pytest.mark.parametrize("others", [[], ["unsupervised"], ["responses"]])
def test_rows_are_named_after_the_latents_that_vary(others):
    generator = np.random.default_rng(0)
    factors = np.stack([generator.integers(size, size=300) for size in (4, 3)], axis=1)
    noise = 0.1 * generator.normal(size=(300, 2))
    # A constant whose mean, in float32, is not quite itself: its variance is not 0.
    codes = np.insert(factors + noise, [0, 1], np.float32(0.1), axis=1).astype("float32")
    outcome = sae.evaluate_metrics(
        lambda batch: batch, codes, factors, lambda batch: batch, ["irs", *others], num_train=200, chance=False
    )
    table = factor_table(as_columns(factors, 300))
    figure = draw_figures(outcome, GivenObservations(torch.from_numpy(codes), table))["irs"]
    assert [label.get_text() for label in figure.axes[0].get_xticklabels()] == ["1", "3"]
