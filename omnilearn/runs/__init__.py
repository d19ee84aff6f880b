"""Runs on disk: their folders, their checkpoints, and what made them."""
