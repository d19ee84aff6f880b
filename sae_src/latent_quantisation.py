"""Quantised latents (QLAE, Hsu et al., "Disentanglement via latent quantization", NeurIPS 2023).

Each latent has a book, a trainable list of scalars, and takes the nearest of its values. The decoder gets
`straight_through`, so that the encoder learns from the reconstruction and the books do not; the books learn from
`quantisation_loss`, and `commitment_loss` draws the encoder towards them. The paper weighs both losses by 0.01, beside
a reconstruction loss that is a mean over pixels.
"""

from collections.abc import Sequence

from torch import Tensor
from torch.nn.utils.rnn import pad_sequence


def quantise(latents: Tensor, books: Sequence[Tensor]) -> tuple[Tensor, Tensor]:
    """The nearest value of each latent's book, the first of equally near ones: values (B, D) and indices (B, D).

    Gradients reach the books alone.

    Args:
        latents: any numbers (B, D).
        books: the values (V_d,) of each latent; books may differ in length.

    Raises `ValueError` unless there is one book for each latent.
    """
    if len(books) != latents.shape[1]:
        raise ValueError(f"there are {len(books)} books of values for {latents.shape[1]} latents")
    table = pad_sequence(list(books), batch_first=True, padding_value=float("inf"))
    indices = (latents.detach().unsqueeze(2) - table.detach()).abs().argmin(dim=2)
    return table.gather(1, indices.T).T, indices


def straight_through(latents: Tensor, quantised: Tensor) -> Tensor:
    """The quantised values (B, D), with the gradients of the latents (B, D)."""
    return latents + (quantised - latents).detach()


def quantisation_loss(latents: Tensor, quantised: Tensor) -> Tensor:
    """Squared distance of the values in the books from the latents, mean over batch and latents; for the books."""
    return (quantised - latents.detach()).square().mean()


def commitment_loss(latents: Tensor, quantised: Tensor) -> Tensor:
    """The same distance as `quantisation_loss`, for the encoder."""
    return (latents - quantised.detach()).square().mean()
