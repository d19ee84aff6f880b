"""The quantised-latent autoencoder (QLAE; Hsu et al., "Disentanglement via latent quantization", NeurIPS 2023)."""

from collections.abc import Sequence
from typing import Any, Literal

import numpy as np
import torch
from torch import Tensor, nn

from omnilearn.config.registry import Builder, component
from omnilearn.layers import Layer, Size, flat_size
from omnilearn.layers.criteria import Criterion
from omnilearn.optim.weight_schedules import Weight
from sae_src.latent_quantisation import commitment_loss, quantisation_loss, quantise, straight_through
from sae_src.methods import Autoencoder
from sae_src.priors import Prior


class BookPrior(Prior):
    """Each latent uniform over the values of its book.

    Args:
        books: the values (D, V) of each latent.
        lengths: how many of them each book has.
    """

    def __init__(self, books: Tensor, lengths: Sequence[int]) -> None:
        self.books, self.lengths = books, lengths

    def sample(self, count: int, latent_dim: int, device: torch.device | None = None) -> Tensor:
        """Latents of shape (count, latent_dim)."""
        books = self.books.detach()
        lengths = torch.tensor(self.lengths, device=books.device)
        indices = (torch.rand(count, latent_dim, device=books.device) * lengths).long().minimum(lengths - 1)
        return books.gather(1, indices.T).T


@component("qlae")
class QuantisedAutoencoder(Autoencoder):
    """The QLAE: each latent takes one of a few values, which are learned.

    loss = reconstruction + reg_wt * `reg_loss`, where the last is the sum of the quantisation loss, from which the
    books learn, and the commitment loss, from which the encoder learns. Both are means over batch and latents, times
    the number of values of an observation: so they weigh as in the paper, where the reconstruction is a mean over these
    values. Gradients of the reconstruction go through the quantisation as if it were not there.

    Args:
        encoder, decoder, criterion, din, dout, latent_dim: as in `Autoencoder`; the encoder gives plain vectors.
        reg_wt: weight of both losses.
        book_size: number of values of each latent, or one number for each; they start evenly spaced in [-1/2, 1/2].
        books: whether each latent has a book of its own, which is trained (`own`), or all have the same, which is not
            (`global`).
    """

    evaluates_singly = True

    def __init__(
        self,
        encoder: Builder[Layer],
        decoder: Builder[Layer],
        criterion: Criterion,
        *,
        din: Size,
        dout: Size | None = None,
        latent_dim: int,
        reg_wt: Weight = 0.01,
        book_size: int | Sequence[int] = 10,
        books: Literal["own", "global"] = "own",
    ) -> None:
        super().__init__(encoder, decoder, criterion, din=din, dout=dout, latent_dim=latent_dim, reg_wt=reg_wt)
        self.book_sizes = [book_size] * self.latent_dim if isinstance(book_size, int) else list(book_size)
        if len(self.book_sizes) != self.latent_dim:
            raise ValueError(f"book_size: {len(self.book_sizes)} numbers of values for {self.latent_dim} latents")
        if min(self.book_sizes) < 1:
            raise ValueError(f"book_size must be at least 1, got {min(self.book_sizes)}")
        values = torch.zeros(self.latent_dim, max(self.book_sizes))  # what a shorter book does not have stays 0
        for row, size in zip(values, self.book_sizes, strict=True):
            row[:size] = torch.linspace(-0.5, 0.5, size) if size > 1 else 0.0
        self.books = nn.Parameter(values, requires_grad=books == "own")
        self.prior = BookPrior(self.books, self.book_sizes)

    def encode(self, observations: Tensor | np.ndarray) -> Tensor:
        """Observations (B, *din) to quantised latents (B, D), with the gradients of those before the quantisation."""
        latents = self.encode_unquantised(observations)
        return straight_through(latents, self.quantise(latents))

    def encode_unquantised(self, observations: Tensor | np.ndarray) -> Tensor:
        """Observations (B, *din) to latents (B, D), any numbers."""
        latents = self.encoder(self.as_input(observations, self.din, "encode"))
        if not isinstance(latents, Tensor):
            raise ValueError("quantised latents need an encoder without the modifier `normal`")
        return latents.to(torch.promote_types(latents.dtype, torch.float32))

    def quantise(self, latents: Tensor) -> Tensor:
        """Latents (B, D) to the nearest values (B, D) in the books."""
        rows = self.books.unbind(0)
        return quantise(latents, [row[:size] for row, size in zip(rows, self.book_sizes, strict=True)])[0]

    def losses(self, observations: Tensor) -> dict[str, Any]:
        """As `Autoencoder`; the `latent` is quantised."""
        continuous = self.encode_unquantised(observations)
        quantised = self.quantise(continuous)
        latent = straight_through(continuous, quantised)
        reconstruction = self.decode(latent)
        rec_loss = self.criterion(reconstruction, observations) / len(observations)
        both = quantisation_loss(continuous, quantised) + commitment_loss(continuous, quantised)
        reg_loss = flat_size(self.dout) * both
        return {
            "loss": rec_loss + self.weight * reg_loss,
            "original": observations,
            "latent": latent,
            "reconstruction": reconstruction,
            "rec_loss": rec_loss,
            "reg_loss": reg_loss,
        }
