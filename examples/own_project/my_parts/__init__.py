"""The parts of this project: importing this module registers them all."""

from my_parts import gated_layer, sparse_autoencoder, spirals
from sae_src.eval_metrics.table import metric_in

metric_in("my_parts.spread")

__all__ = ["gated_layer", "sparse_autoencoder", "spirals"]
