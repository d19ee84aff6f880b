"""Evaluating a model: one pass over a subset of the data, further measures, and the results on disk."""
