"""Any encoder, and its decoder if there is one, in the place of a model of this project."""

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.distributions import Distribution, Independent, Normal

from omnilearn.errors import UserError
from omnilearn.layers import Size
from omnilearn.model import Model
from sae_src.methods import Autoencoder, Latent

Given = Callable[[Tensor], Any]
"""A function, or a model of torch, of a batch; it may return tensors, distributions or arrays of numpy."""


class GivenModel(Autoencoder):
    """An encoder and a decoder from elsewhere; they are evaluated, not trained.

    Args:
        encode: from observations (B, *din), float32, to codes (B, D) or a distribution of them.
        decode: from codes (B, D) to observations; None where there is no decoder.
        din: size of an observation.

    Attributes:
        has_decoder: whether there is a decoder.
    """

    def __init__(self, encode: Given, decode: Given | None = None, *, din: Size) -> None:
        Model.__init__(self)  # what an autoencoder of this project is made of is not there
        self._encode, self._decode = [encode], [decode]  # in lists, or modules would be registered twice
        self.has_decoder = decode is not None
        # Their modules, so that they are put into evaluation mode and say on which device they are.
        self.parts = nn.ModuleList({id(part): part for part in map(_module_of, (encode, decode)) if part}.values())
        place = next(self.parts.parameters(), torch.empty(0))
        self.place = nn.Parameter(torch.empty(0, device=place.device), requires_grad=False)
        self.din = self.dout = din

    @torch.no_grad()
    def find_latent_dim(self, observations: Tensor) -> None:
        """Learn the number of codes from a few observations."""
        codes = self.encode(observations)
        self.latent_dim = (codes.loc if isinstance(codes, Normal) else codes).shape[1]

    def encode(self, observations: Tensor | np.ndarray) -> Latent:
        """Observations (B, *din) to codes (B, D), or to a normal distribution of them.

        Raises `UserError` where the encoder returns anything else.
        """
        found = self._encode[0](self.as_input(observations))
        if isinstance(found, Independent):
            found = found.base_dist
        if isinstance(found, Normal):
            return Normal(found.loc.flatten(1), found.scale.flatten(1), validate_args=False)
        codes = self._as_tensor(found, "encode")
        if codes.dim() < 2 or len(codes) != len(observations):
            shape = tuple(codes.shape)
            raise UserError(f"encode: {len(observations)} observations gave {shape}: expected a row of codes for each")
        return codes.flatten(1)

    def decode(self, latent: Latent | np.ndarray) -> Tensor:
        """Codes (B, D) to observations (B, *din); of distributions, the mean."""
        decode = self._decode[0]
        assert decode is not None
        return self._as_tensor(decode(latent.loc if isinstance(latent, Normal) else self.as_input(latent)), "decode")

    def as_input(self, values: Tensor | np.ndarray) -> Tensor:
        """Values as float32 where the modules are."""
        return torch.as_tensor(values).to(self.place.device, torch.float32)

    def _as_tensor(self, found: Any, name: str) -> Tensor:
        if isinstance(found, Distribution):
            found = found.mean
        if not isinstance(found, Tensor | np.ndarray):
            kind = type(found).__name__
            raise UserError(f"{name}: expected a tensor, a distribution or an array, it returned a {kind}")
        return torch.as_tensor(found).to(self.place.device, torch.float32)


def _module_of(function: Given | None) -> nn.Module | None:
    """The module that a function is, or is a method of."""
    owner = function if isinstance(function, nn.Module) else getattr(function, "__self__", None)
    return owner if isinstance(owner, nn.Module) else None
