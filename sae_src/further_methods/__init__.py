"""Methods to compare with, each with its own loss: one file a method (docs/methods.md)."""
