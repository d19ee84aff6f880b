"""Layers that know the sizes of their inputs and outputs, and so can be stacked from a config."""

from omnilearn.layers.activations import Nonlinearity, nonlinearity
from omnilearn.layers.base import Layer, Size, as_size, flat_size
from omnilearn.layers.conv import ConvLayer, CoordConvLayer
from omnilearn.layers.dense import MLP, DenseLayer
from omnilearn.layers.gaussian_output import GaussianOutput
from omnilearn.layers.multilayer import MultiLayer
from omnilearn.layers.norms import Norm, norm_layer

__all__ = [
    "MLP",
    "ConvLayer",
    "CoordConvLayer",
    "DenseLayer",
    "GaussianOutput",
    "Layer",
    "MultiLayer",
    "Nonlinearity",
    "Norm",
    "Size",
    "as_size",
    "flat_size",
    "nonlinearity",
    "norm_layer",
]
