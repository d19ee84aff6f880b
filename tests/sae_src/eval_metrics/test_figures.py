"""Figures of metrics: what they show, and that odd matrices do not stop them."""

import numpy as np
import pytest
import torch

from sae_src.eval_metrics.figures import (
    covariance_figure,
    factor_figures,
    importance_figure,
    latents_of,
    response_figures,
)
from sae_src.eval_metrics.matrix_figure import Look, Matrix, matrix_figure
from sae_src.latent_responses.causal_graph import found_graph, latents_of_factors


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


def test_rows_are_named_after_the_latents_that_vary():
    covariance = np.diag([1.0, 0.0, 2.0, 3.0])
    assert latents_of(np.zeros((3, 2)), covariance) == ["0", "2", "3"]
    assert latents_of(np.zeros((4, 2)), covariance) == ["0", "1", "2", "3"]
    assert latents_of(np.zeros((3, 2)), None) == ["0", "1", "2"]
