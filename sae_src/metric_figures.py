"""Figures of metrics and latent responses, drawn without any global state of matplotlib."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from omnilearn.data import Dataset
from sae_src.metric_suite import Outcome

DIVERGING, SEQUENTIAL = "RdBu_r", "viridis"


def draw_figures(outcome: Outcome, dataset: Dataset) -> dict[str, Figure]:
    """The figure of every matrix among the results of the metrics, by name."""
    factors = [str(name).replace("_", " ") for name in dataset.factor_names]
    figures: dict[str, Figure] = {}
    responses = outcome.results.get("LatentResponses", {})
    if "covariance" in responses:
        figures["cov"] = matrix(responses["covariance"], "Covariance of the latents", "latent", "latent", signed=True)
    if "response_mat" in responses:
        found = _array(responses["response_mat"])
        figures["responses"] = matrix(found, "Latent responses", "latent intervened on", "latent that responds")
        figures["interactions"] = matrix(found @ found.T, "Interactions", "latent", "latent")
    if "factor_responses" in responses:
        means = _array(responses["factor_responses"]).mean(axis=1)  # over the groups: K, D, D
        figures["factor-responses"] = matrices(means, factors, "Responses to interventions on each factor")
    if "conditioned_responses" in responses:
        title = "Responses of each latent while one factor changes"
        figures["conditioned-responses"] = matrix(
            responses["conditioned_responses"], title, "factor", "latent", factors
        )
    for metric, key, name, title in (
        ("DCI", "importance_matrix", "dci", "Importance of each latent for each factor"),
        ("IRS", "IRS_matrix", "irs", "Interventional robustness"),
        ("SAP", "SAP_matrix", "sap", "Accuracy of each factor from one latent"),
    ):
        values = outcome.results.get(metric, {}).get(key)
        if values is not None and _array(values).size:
            figures[name] = matrix(_array(values).T, title, "factor", "latent", factors)
    adjacency = getattr(dataset, "adjacency", None)
    if adjacency is not None and "response_mat" in responses:
        figures["graph"] = graphs(_array(adjacency), _array(responses["response_mat"]))
    return figures


def matrix(
    values: Any, title: str, rows: str, columns: str, row_names: Sequence[str] = (), *, signed: bool = False
) -> Figure:
    """One matrix (R, C) as coloured squares with a colour bar; `signed` centres the colours at 0."""
    values = _array(values)
    height, width = values.shape
    figure = Figure(figsize=(max(4.5, 0.34 * width + 2.8), max(3.2, 0.34 * height + 1.6)), layout="constrained")
    axes = figure.subplots()
    image = _show(axes, values, signed)
    _label(axes, values.shape, rows, columns, row_names)
    axes.set_title(title)
    figure.colorbar(image, ax=axes, shrink=0.9)
    return figure


def matrices(values: np.ndarray, names: Sequence[str], title: str) -> Figure:
    """Matrices (K, R, C) side by side with one colour scale, each with its name."""
    columns = min(3, len(values))
    rows = -(-len(values) // columns)
    figure = Figure(figsize=(3.3 * columns + 0.8, 3.2 * rows + 0.5), layout="constrained")
    panels = figure.subplots(rows, columns, squeeze=False).ravel()
    largest = float(np.nanmax(values, initial=0.0))
    for axes in panels[len(values) :]:
        axes.axis("off")
    for index, (axes, panel) in enumerate(zip(panels, values, strict=False)):
        image = axes.imshow(panel, cmap=SEQUENTIAL, vmin=0, vmax=largest or 1.0, aspect="equal")
        axes.set_title(names[index] if index < len(names) else f"factor {index}", fontsize=10)
        _label(axes, panel.shape, "intervened on" if index % columns == 0 else "", "responds")
    figure.suptitle(title)
    figure.colorbar(image, ax=panels.tolist(), shrink=0.8)
    return figure


def graphs(true: np.ndarray, found: np.ndarray) -> Figure:
    """The weights of a causal graph (K, K), from cause to effect, beside the responses of the latents (D, D)."""
    figure = Figure(figsize=(10, 4.4), layout="constrained")
    left, right = figure.subplots(1, 2)
    for axes, values, title, rows, columns, signed in (
        (left, true, "Causal graph", "cause", "effect", True),
        (right, found, "Latent responses", "latent intervened on", "latent that responds", False),
    ):
        figure.colorbar(_show(axes, values, signed), ax=axes, shrink=0.85)
        _label(axes, values.shape, rows, columns)
        axes.set_title(title)
    return figure


def _show(axes: Any, values: np.ndarray, signed: bool) -> Any:
    if signed:
        reach = float(np.nanmax(np.abs(values), initial=0.0)) or 1.0
        return axes.imshow(values, cmap=DIVERGING, vmin=-reach, vmax=reach, aspect="equal")
    return axes.imshow(values, cmap=SEQUENTIAL, vmin=min(0.0, float(np.nanmin(values, initial=0.0))), aspect="equal")


def _label(axes: Any, shape: tuple[int, ...], rows: str, columns: str, row_names: Sequence[str] = ()) -> None:
    height, width = shape
    step = 1 if width <= 16 else 4
    axes.set_xticks(range(0, width, step))
    if len(row_names) == height:
        axes.set_yticks(range(height), row_names)
    else:
        axes.set_yticks(range(0, height, 1 if height <= 16 else 4))
    axes.set_xlabel(columns)
    axes.set_ylabel(rows)
    axes.tick_params(labelsize=8)


def _array(values: Any) -> np.ndarray:
    return np.asarray(values, dtype=np.float64)
