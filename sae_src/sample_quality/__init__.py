"""How far samples of a model are from its data: FID, and the Fréchet distance of the factor net."""
