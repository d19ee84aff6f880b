"""How far samples of a model are from its data: FID, and the Fréchet distances of two other networks."""
