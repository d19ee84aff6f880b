"""Any encoder, and its decoder if there is one, in the place of a model of this project."""

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.distributions import Distribution, Independent, Normal

from omnilearn.data.own.one_array import without_mask
from omnilearn.errors import UserError
from omnilearn.layers import Size
from omnilearn.model import Model
from sae_src.methods import Autoencoder, Latent, mean_of

Given = Callable[[Tensor], Any]
"""A function, or a model of torch, of a batch; it may return tensors, distributions or arrays of numpy."""


class GivenModel(Autoencoder):
    """An encoder and a decoder from elsewhere; they are evaluated, not trained.

    Args:
        encode: from observations (B, *din), in the precision of its parameters, else float32, to codes (B, D) or a
            distribution of them.
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
        self.latent_dim = 0  # not known yet

    @torch.no_grad()
    def find_latent_dim(self, observations: Tensor) -> None:
        """Learn the number of codes from a few observations; `UserError` where there are none."""
        self.latent_dim = mean_of(self.encode(observations)).shape[1]
        if self.latent_dim == 0:
            raise UserError(f"encode: {len(observations)} observations gave no codes")

    def encode(self, observations: Tensor | np.ndarray) -> Latent:
        """Observations (B, *din) to codes (B, D), or to a normal distribution of them.

        Raises `UserError` where the encoder returns anything else, or more or fewer codes than before.
        """
        found = self._encode[0](self._placed(observations).to(_precision_of(self._encode[0])))
        if isinstance(found, Independent):
            found = found.base_dist
        if isinstance(found, Normal):
            loc, scale = (self._rows(values, len(observations)) for values in (found.loc, found.scale))
            return Normal(loc, scale, validate_args=False)
        return self._rows(self._as_tensor(found, "encode"), len(observations))

    def decode(self, latent: Latent | np.ndarray) -> Tensor:
        """Codes (B, D) to observations (B, *din); of distributions, the mean.

        Raises `UserError` where the decoder returns anything else.
        """
        decode = self._decode[0]
        assert decode is not None
        codes = latent.loc if isinstance(latent, Normal) else self._placed(latent)
        found = self._as_tensor(decode(codes.to(_precision_of(decode))), "decode")
        size = (len(codes), *((self.dout,) if isinstance(self.dout, int) else self.dout))
        if found.shape != size:
            raise UserError(f"decode: {len(codes)} codes gave {tuple(found.shape)}: expected observations {size}")
        return found

    def _placed(self, values: Tensor | np.ndarray) -> Tensor:
        """Values as float32 where the modules are."""
        return torch.as_tensor(values).to(self.place.device, torch.float32)

    def _rows(self, codes: Tensor, count: int) -> Tensor:
        if codes.dim() < 2 or len(codes) != count:
            raise UserError(f"encode: {count} observations gave {tuple(codes.shape)}: expected a row of codes for each")
        codes = codes.flatten(1)
        if self.latent_dim not in (0, codes.shape[1]):
            raise UserError(f"encode: {self.latent_dim} codes for some observations, {codes.shape[1]} for others")
        return codes

    def _as_tensor(self, found: Any, name: str) -> Tensor:
        kind = type(found).__name__
        if isinstance(found, Distribution):
            try:
                found = found.mean
            except NotImplementedError:
                raise UserError(f"{name}: it returned a {kind}, which has no known mean: return the mean") from None
        if not isinstance(found, Tensor | np.ndarray):
            raise UserError(f"{name}: expected a tensor, a distribution or an array, it returned a {kind}")
        is_real = found.dtype.kind in "biuf" if isinstance(found, np.ndarray) else not found.is_complex()
        if not is_real:
            raise UserError(f"{name}: expected real numbers, it returned {found.dtype}")
        if isinstance(found, np.ndarray):
            with np.errstate(over="ignore"):  # codes that are not finite are told
                found = torch.from_numpy(np.array(without_mask(found, name), dtype=np.float32))
        return (found if found.layout == torch.strided else found.to_dense()).to(self.place.device, torch.float32)


def _module_of(function: Given | None) -> nn.Module | None:
    """The module that a function is, or is a method of."""
    owner = function if isinstance(function, nn.Module) else getattr(function, "__self__", None)
    return owner if isinstance(owner, nn.Module) else None


def _precision_of(function: Given | None) -> torch.dtype:
    """That of the first parameter of the module that a function is, or is a method of; float32 without any."""
    module = _module_of(function)
    floats = (each.dtype for each in module.parameters() if each.is_floating_point()) if module else iter(())
    return next(floats, torch.float32)
