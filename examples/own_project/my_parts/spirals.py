"""A data set."""

import math

import numpy as np
import torch

from omnilearn.config import component
from omnilearn.data.factor_table import factor_table
from omnilearn.data.splits import train_and_test
from omnilearn.data.vectors import VectorDataset


@component("spirals")
class Spirals(VectorDataset):
    """Points in three dimensions on spirals: the factors are the spiral and the place on it, on a grid.

    Args:
        arms: number of spirals.
        steps: points on each of them.
    """

    config = "my-config"

    def __init__(self, arms: int = 4, steps: int = 100) -> None:
        arm, step = (place.ravel() for place in np.meshgrid(np.arange(arms), np.arange(steps), indexing="ij"))
        angle = 2 * math.pi * (arm / arms + step / steps)
        points = np.stack([np.cos(angle) * step / steps, np.sin(angle) * step / steps, step / steps], 1)
        super().__init__(
            torch.from_numpy(points).float(),
            *train_and_test(len(points)),
            factors=factor_table({"arm": arm, "step": step}),
        )
