"""The figure `hybrids`: samples whose latents come from different observations, one by one."""

from functools import partial

from sae_src.visualisation.paper_figure import PaperFigure
from sae_src.visualisation.samples import hybrid_figure, missing_latents

FIGURE = PaperFigure("hybrids", "Hybrid samples", partial(hybrid_figure, by_segment=False), missing=missing_latents)
