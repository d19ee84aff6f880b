"""Sets of images that are read from files, one module a set."""
