"""Training: the step loop, and what happens beside the steps."""
