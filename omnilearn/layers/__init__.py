"""Layers that know the sizes of their inputs and outputs, and so can be stacked from a config."""

from omnilearn.layers.activations import Nonlinearity, nonlinearity
from omnilearn.layers.base import Layer, Size, as_size, flat_size
from omnilearn.layers.conv import ConvLayer, CoordConvLayer
from omnilearn.layers.dense import MLP, DenseLayer
from omnilearn.layers.multilayer import MultiLayer
from omnilearn.layers.normal import Normal
from omnilearn.layers.norms import Norm, norm_layer

__all__ = [
    "MLP",
    "ConvLayer",
    "CoordConvLayer",
    "DenseLayer",
    "Layer",
    "MultiLayer",
    "Nonlinearity",
    "Norm",
    "Normal",
    "Size",
    "as_size",
    "flat_size",
    "nonlinearity",
    "norm_layer",
]
