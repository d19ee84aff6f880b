"""Latent responses to interventions on factors: response matrices, maps, scores, causal graphs."""
