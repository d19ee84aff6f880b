"""What `fig` runs, beside the scripts that the published system has at the top."""
