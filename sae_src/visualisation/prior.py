"""The figure `prior`: samples from the prior, of methods that have one."""

from typing import TYPE_CHECKING

from sae_src.visualisation.paper import Style
from sae_src.visualisation.paper_figure import PaperFigure
from sae_src.visualisation.samples import sample_figure
from sae_src.visualisation.subject import Subject

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def draw(subject: Subject, style: Style) -> "Figure":
    """Draw decoded draws of the prior."""
    return sample_figure(subject.outputs(subject.model.sample_prior(subject.amounts.samples)), style)


def _missing(subject: Subject) -> str:
    return "the method has no prior" if subject.model.prior is None else ""


FIGURE = PaperFigure("prior", "Samples from the prior", draw, missing=_missing)
