"""What a run shows in TensorBoard: how it is written, who draws it, how it is cut back."""
