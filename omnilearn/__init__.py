"""Training infrastructure for representation learning: configs, datasets, layers, the step loop, runs, evaluation."""
