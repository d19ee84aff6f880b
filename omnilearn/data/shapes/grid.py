"""The factors of 3D-Shapes (Burgess & Kim, 2018), and of the generated images in its style."""

import numpy as np

from omnilearn.data.factors import FactorGrid

HUES = tuple(i / 10 for i in range(10))
SCALES: tuple[float, ...] = tuple(np.linspace(0.75, 1.25, 8).tolist())
SHAPES = ("cube", "cylinder", "sphere", "capsule")
ORIENTATIONS: tuple[float, ...] = tuple(np.linspace(-30, 30, 15).tolist())
GRID = FactorGrid(
    names=("floor_hue", "wall_hue", "object_hue", "scale", "shape", "orientation"),
    values=(HUES, HUES, HUES, SCALES, SHAPES, ORIENTATIONS),
)
