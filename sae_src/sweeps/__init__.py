"""Sweeps: many runs from one file, each found again by what it is."""
