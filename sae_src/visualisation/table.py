"""The figures: a line for the module of each, where all else about it stands (`sae_src.visualisation.paper_figure`)."""

from collections.abc import Mapping
from importlib import import_module

from sae_src.visualisation.paper_figure import PaperFigure

_MODULES = (
    "sae_src.visualisation.reconstructions",
    "sae_src.visualisation.hybrids",
    "sae_src.visualisation.group_hybrids",
    "sae_src.visualisation.prior",
    "sae_src.visualisation.interpolations",
    "sae_src.visualisation.traversals",
    "sae_src.visualisation.codes",
    "sae_src.visualisation.response_map",
)


def all_figures() -> Mapping[str, PaperFigure]:
    """Every figure by its name, in the order of the table; the modules are imported when this is first called."""
    figures = [import_module(module).FIGURE for module in _MODULES]
    assert all(isinstance(figure, PaperFigure) for figure in figures)
    return {figure.name: figure for figure in figures}
