"""The figures of the metrics of a run."""

from typing import TYPE_CHECKING, Any

import numpy as np

from omnilearn.data import Dataset
from sae_src.eval_metrics.matrix_figure import Look, Matrix, matrix_figure, panel_figure
from sae_src.eval_metrics.outcome import Outcome
from sae_src.latent_responses.causal_graph import found_graph
from sae_src.scm import RandomSCM

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_INTERVENED, _RESPONDING = "latent that is set", "latent that responds"


def draw_figures(outcome: Outcome, dataset: Dataset, *, titles: bool = False) -> "dict[str, Figure]":
    """A figure for every matrix among the results of the metrics, by the end of its file's name.

    Args:
        outcome: the metrics.
        dataset: what they were computed on; it names the factors.
        titles: write what it shows above each.
    """
    results = outcome.results
    factors = [name.replace("_", " ") for name in dataset.factor_names if name not in outcome.left_out]
    figures = {}
    responses = results.get("LatentResponses", {})
    covariance = responses.get("covariance", results.get("UnsupervisedMetrics", {}).get("covariance_matrix"))
    if covariance is not None:
        figures["cov"] = covariance_figure(np.asarray(covariance), titles=titles)
    if "response_mat" in responses:
        figures |= response_figures(responses, titles=titles)
    if "factor_responses" in responses:
        figures |= factor_figures(responses, factors, titles=titles)
    if "factor_responses" in responses and isinstance(dataset, RandomSCM):
        figures["graph"] = graph_figure(dataset, responses, factors)
    for title, name, draw in (
        ("DCI", "importance_matrix", importance_figure),
        ("IRS", "IRS_matrix", robustness_figure),
        ("SAP", "SAP_matrix", predictability_figure),
    ):
        matrix = results.get(title, {}).get(name)
        if matrix is not None and matrix.size:
            active = results[title].get("active_codes", np.ones(len(matrix), dtype=bool))
            latents = [str(latent) for latent in np.flatnonzero(active)]  # whose rows these are
            figures[title.lower()] = draw(matrix, factors, latents, titles=titles)
    return figures


def covariance_figure(covariance: np.ndarray, *, titles: bool = False) -> "Figure":
    """The covariance (D, D) of the latents."""
    names = ("latent", _numbered(covariance))
    look = Look("covariance", is_signed=True)
    return matrix_figure(Matrix(covariance, "Covariance of the latents", names, names, look), titles=titles)


def response_figures(responses: dict[str, Any], *, titles: bool = False) -> "dict[str, Figure]":
    """The response matrix R (D, D), and the interactions R R^T between latents."""
    matrix = responses["response_mat"].cpu().numpy()
    names = _numbered(matrix)
    rows = (_INTERVENED, names)
    response = Matrix(matrix, "Response matrix", rows, (_RESPONDING, names), Look("response"))
    interactions = Matrix(matrix @ matrix.T, "Interactions $R\\,R^T$", rows, rows, Look("shared response"))
    return {
        "responses": matrix_figure(response, titles=titles),
        "interactions": matrix_figure(interactions, titles=titles),
    }


def factor_figures(responses: dict[str, Any], factors: list[str], *, titles: bool = False) -> "dict[str, Figure]":
    """The factor responses (K, G, D, D), mean over groups, and the conditioned responses (K, D)."""
    means = responses["factor_responses"].mean(dim=1).cpu().numpy()
    conditioned = responses["conditioned_responses"].cpu().numpy()
    panels = [f"variable {name}" if name.isdigit() else name for name in factors]
    look = Look("response", numbers=False)
    names = _numbered(conditioned.T)
    matrix = _by_factor(conditioned.T, "Conditioned response matrix", factors, names, Look("response"))
    heading = "Responses to interventions between samples that differ in one factor" if titles else ""
    return {
        "factor-responses": panel_figure(list(means), panels, heading, _INTERVENED, _RESPONDING, look),
        "conditioned-responses": matrix_figure(matrix, titles=titles),
    }


def importance_figure(
    importance: np.ndarray, factors: list[str], latents: list[str], *, titles: bool = False
) -> "Figure":
    """How much each code matters for predicting each factor: (D, K)."""
    matrix = _by_factor(importance, "DCI importance", factors, latents, Look("importance"))
    return matrix_figure(matrix, titles=titles)


def robustness_figure(matrix: np.ndarray, factors: list[str], latents: list[str], *, titles: bool = False) -> "Figure":
    """Interventional robustness of each code that varies, for each factor: (A, K)."""
    title, look = "Interventional robustness (IRS)", Look("robustness", high=1.0)
    return matrix_figure(_by_factor(matrix, title, factors, latents, look), titles=titles)


def predictability_figure(
    matrix: np.ndarray, factors: list[str], latents: list[str], *, titles: bool = False
) -> "Figure":
    """How well each code alone predicts each factor: (D, K)."""
    title, look = "Predictability from single latents (SAP)", Look("accuracy", high=1.0)
    return matrix_figure(_by_factor(matrix, title, factors, latents, look), titles=titles)


def graph_figure(dataset: RandomSCM, responses: dict[str, Any], factors: list[str]) -> "Figure":
    """The true weights of a causal model, beside the responses between the latents of its variables."""
    found = found_graph(responses["response_mat"].cpu(), responses["conditioned_responses"].cpu()).numpy()
    weights = dataset.scm.weights.numpy()
    true = np.where(dataset.scm.adjacency.numpy(), np.abs(weights), np.nan)
    names = ("cause", factors), ("effect", factors)
    return matrix_figure(
        Matrix(true, "True graph", *names, Look("size of the weight")),
        Matrix(found, "Responses of the variables' latents", *names, Look("response")),
    )


def _by_factor(matrix: np.ndarray, title: str, factors: list[str], latents: list[str], look: Look) -> Matrix:
    """A matrix (D, K) with the factors along its rows: their names are read without turning the head."""
    return Matrix(matrix.T, title, ("factor", factors), ("latent", latents), look)


def _numbered(matrix: np.ndarray) -> list[str]:
    return [str(i) for i in range(len(matrix))]
