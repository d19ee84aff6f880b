"""The figure `group-hybrids`: samples whose latents come from different observations, segment by segment."""

from functools import partial

from sae_src.visualisation.paper_figure import PaperFigure
from sae_src.visualisation.samples import hybrid_figure, missing_latents
from sae_src.visualisation.subject import Subject


def _missing(subject: Subject) -> str:
    lengths = getattr(subject.model.decoder, "group_dims", None)
    if lengths is None:
        return missing_latents(subject) or "the decoder takes no segments"
    return missing_latents(subject)


FIGURE = PaperFigure(
    "group-hybrids", "Hybrid samples of segments", partial(hybrid_figure, by_segment=True), missing=_missing
)
