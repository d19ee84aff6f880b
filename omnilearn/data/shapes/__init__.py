"""The generator of images in the style of 3D-Shapes."""

from omnilearn.data.shapes.dataset import Shapes

__all__ = ["Shapes"]
