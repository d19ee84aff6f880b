"""Figures of a trained run for papers: one file a figure."""
