"""New samples of a model in rows, for the figures that show them."""

from typing import TYPE_CHECKING

from torch import Tensor

from sae_src.hybrid import Hybrid
from sae_src.visualisation.paper import Style
from sae_src.visualisation.subject import Subject
from sae_src.visualisation.tiles import Row, tile_figure

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_COLUMNS = 8


def sample_figure(samples: Tensor, style: Style) -> "Figure":
    """Decoded samples (N, *dout) in rows."""
    return tile_figure([Row(some) for some in samples.split(_COLUMNS)], style)


def missing_latents(subject: Subject) -> str:
    """What keeps a model from making hybrids, in words; empty where nothing does."""
    if not isinstance(subject.model, Hybrid):
        return "the method is not hybrid"
    return "" if subject.model.has_latents else "the model remembers no latents to recombine"


def hybrid_figure(subject: Subject, style: Style, *, by_segment: bool) -> "Figure":
    """Decoded hybrids, of single latents or of segments."""
    assert isinstance(subject.model, Hybrid)
    latents = subject.model.sample_hybrid(subject.amounts.samples, by_segment=by_segment)
    return sample_figure(subject.outputs(latents), style)
