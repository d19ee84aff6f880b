"""What TensorBoard and figures show of a model."""
